package io.microgpt.kernel;

import static io.microgpt.kernel.VectorTile.ZEROS;

/**
 * Attention over documents of several panels, by the tiles of all products. A head's queries, keys and values are copied so that the
 * document begins with a panel; then they are what {@link VectorTile} reads on either side, but for keys and values in the products that give
 * scores, whose rows become chunks. Going backward, {@value #BLOCK} panels of rows at a time, so that the weights of a long document are never
 * all there; and what the mask hides from a whole panel is skipped.
 */
final class VectorAttention {
    private static final int ROWS = Panels.ROWS;
    private static final int TILE = Panels.TILE;
    private static final int CHUNK = VectorChunks.CHUNK;
    /** Panels of rows that go backward together: enough steps for a tile, scores that stay in the cache. */
    private static final int BLOCK = 4;
    /** Floats of sixteen positions by sixteen: what is transposed at a time, and the most that scratch is written beyond what is asked. */
    private static final int SQUARE = ROWS * ROWS;

    /** For one head of one document of T positions, D channels. */
    private static final class Scratch {
        float[] q = {}; // panels of (D, ROWS), likewise the others
        float[] k = {};
        float[] v = {};
        float[] out = {};
        float[] dOut = {};
        float[] dK = {};
        float[] dV = {};
        float[] kRows = {}; // chunks (T, D)
        float[] vRows = {};
        float[] p = {}; // (BLOCK, T, ROWS), [panel of t][s][t]
        float[] ds = {};
        float[] across = {}; // (T / ROWS, BLOCK * ROWS, ROWS), [panel of s][t][s]

        void ensure(int length, int size) {
            int floats = Panels.count(length) * Panels.stride(size) + SQUARE;
            if (q.length < floats) {
                q = new float[floats];
                k = new float[floats];
                v = new float[floats];
                out = new float[floats];
                dOut = new float[floats];
                dK = new float[floats];
                dV = new float[floats];
            }
            int chunks = (Kernels.padded(length) + TILE) / TILE * VectorChunks.tile(size);
            if (kRows.length < chunks) {
                kRows = new float[chunks];
                vRows = new float[chunks];
            }
            int scores = BLOCK * Kernels.padded(length) * ROWS + SQUARE;
            if (p.length < scores) {
                p = new float[scores];
                ds = new float[scores];
                across = new float[scores];
            }
        }
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorAttention() {}

    static void forward(
            float[] qkv,
            int e,
            int head,
            int size,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] out) {
        Scratch w = SCRATCH.get();
        w.ensure(length, size);
        take(qkv, e, head, size, start, length, w);
        int stride = Panels.stride(size);
        int panels = Panels.count(length);
        VectorChunks.panelRows(panels, size, w.k, 0, stride, w.kRows);
        for (int panel = 0; panel < panels; panel++) {
            int seen = seen(panel, length);
            float[] p = weights == null ? w.p : weights;
            int at = weights == null ? 0 : weightsOffset + panel * Kernels.padded(length) * ROWS;
            scores(seen, size, w.kRows, w.q, panel * stride, p, at);
            VectorColumns.causalSoftmax(p, at, seen, panel * ROWS + 1, scale);
            if (keys != null) {
                VectorColumns.dropout(p, at, w.ds, 0, seen, keys, panel * ROWS, rate);
                p = w.ds;
                at = 0;
            }
            product(size, 0, seen, w.v, stride, p, at, w.out, panel * stride, false);
        }
        VectorChunks.unalign(w.out, stride, out, Panels.stride(e), head * size, size, start, length);
    }

    private static void take(float[] qkv, int e, int head, int size, int start, int length, Scratch w) {
        int from = Panels.stride(3 * e);
        int to = Panels.stride(size);
        VectorChunks.align(qkv, from, head * size, size, start, length, w.q, to);
        VectorChunks.align(qkv, from, e + head * size, size, start, length, w.k, to);
        VectorChunks.align(qkv, from, 2 * e + head * size, size, start, length, w.v, to);
    }

    /** {@return positions that the rows of a panel see, together} */
    private static int seen(int panel, int length) {
        return Math.min(length, (panel + 1) * ROWS);
    }

    /** {@code c[s][t] = sum over d of rows[s][d] * q[d][t]} of one panel of t. */
    private static void scores(int seen, int size, float[] rows, float[] q, int qi, float[] c, int ci) {
        int tile = VectorChunks.tile(size);
        for (int s = 0; s < seen; s += TILE) {
            int at = ci + s * ROWS;
            VectorTile.multiply(0, size, rows, s / TILE * tile, CHUNK, q, qi, 0, ZEROS, 0, 0, 0, c, at, ROWS, 0);
        }
    }

    /**
     * {@code c[d] = sum of a[d][i] * b[i]} over {@code steps} positions from the panel of a at {@code ai} on, or {@code c += } that.
     *
     * @param stride of panels of a
     */
    private static void product(
            int size,
            int ai,
            int steps,
            float[] a,
            int stride,
            float[] b,
            int bi,
            float[] c,
            int ci,
            boolean accumulate) {
        float[] from = accumulate ? c : ZEROS;
        int row = accumulate ? ROWS : 0;
        for (int d = 0; d < size; d += TILE) {
            int at = ci + d * ROWS;
            int fi = accumulate ? at : 0;
            VectorTile.multiply(0, steps, a, ai + d * ROWS, stride, b, bi, 0, from, fi, row, 0, c, at, ROWS, 0);
        }
    }

    static void backward(
            float[] qkv,
            int e,
            int head,
            int size,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] dOut,
            float[] dQkv) {
        Scratch w = SCRATCH.get();
        w.ensure(length, size);
        take(qkv, e, head, size, start, length, w);
        int stride = Panels.stride(size);
        VectorChunks.align(dOut, Panels.stride(e), head * size, size, start, length, w.dOut, stride);
        int panels = Panels.count(length);
        VectorChunks.panelRows(panels, size, w.v, 0, stride, w.vRows);
        if (weights == null) {
            VectorChunks.panelRows(panels, size, w.k, 0, stride, w.kRows);
        }
        int distance = Kernels.padded(length) * ROWS;
        for (int first = 0; first < panels; first += BLOCK) {
            int end = Math.min(panels, first + BLOCK);
            float[] p = weights == null ? w.p : weights;
            int pi = weights == null ? 0 : weightsOffset + first * distance;
            for (int panel = first; panel < end; panel++) {
                int seen = seen(panel, length);
                int sees = panel * ROWS + 1;
                int at = (panel - first) * distance;
                if (weights == null) {
                    scores(seen, size, w.kRows, w.q, panel * stride, p, at);
                    VectorColumns.causalSoftmax(p, at, seen, sees, scale);
                }
                scores(seen, size, w.vRows, w.dOut, panel * stride, w.ds, at);
                if (keys != null) {
                    VectorColumns.dropout(w.ds, at, w.ds, at, seen, keys, panel * ROWS, rate);
                }
                VectorColumns.causalSoftmaxBackward(p, pi + at, w.ds, at, seen, sees, scale);
                if (keys != null) { // nobody needs the weights as they were any more
                    VectorColumns.dropout(p, pi + at, p, pi + at, seen, keys, panel * ROWS, rate);
                }
                product(size, 0, seen, w.k, stride, w.ds, at, w.out, panel * stride, false);
            }
            across(w.ds, 0, distance, first, end, w.across);
            overRows(size, length, first, end, w.q, stride, w.across, w.dK);
            across(p, pi, distance, first, end, w.across);
            overRows(size, length, first, end, w.dOut, stride, w.across, w.dV);
        }
        int to = Panels.stride(3 * e);
        VectorChunks.unalign(w.out, stride, dQkv, to, head * size, size, start, length);
        VectorChunks.unalign(w.dK, stride, dQkv, to, e + head * size, size, start, length);
        VectorChunks.unalign(w.dV, stride, dQkv, to, 2 * e + head * size, size, start, length);
    }

    /** From {@code [panel of t][s][t]} to {@code [panel of s][t][s]}, of the panels of t from {@code first} on. */
    private static void across(float[] x, int xi, int distance, int first, int end, float[] out) {
        for (int panel = first; panel < end; panel++) {
            for (int s = 0; s <= panel; s++) {
                VectorChunks.transpose(
                        x,
                        xi + (panel - first) * distance + s * SQUARE,
                        out,
                        (s * BLOCK + panel - first) * SQUARE,
                        ROWS);
            }
        }
    }

    /** Adds to each panel of s what the rows of the panels of t from {@code first} on say; those that see it first begin it. */
    private static void overRows(
            int size, int length, int first, int end, float[] a, int stride, float[] across, float[] c) {
        for (int s = 0; s < end; s++) {
            int from = Math.max(first, s);
            int steps = Math.min(length, end * ROWS) - from * ROWS;
            int bi = (s * BLOCK + from - first) * SQUARE;
            product(size, from * stride, steps, a, stride, across, bi, c, s * stride, s < first);
        }
    }
}
