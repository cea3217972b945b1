package io.microgpt.kernel;

import static io.microgpt.kernel.VectorTile.ZEROS;

/**
 * Attention over documents of several panels, by the tiles of all products. For each head, what goes into them from the left becomes chunks,
 * and queries and the gradient of the result are copied so that the document begins with a panel. Going backward, {@value #BLOCK} panels of rows
 * at a time, so that the weights of a long document are never all there; and what the mask hides from a whole panel is skipped.
 */
final class VectorAttention {
    private static final int ROWS = Panels.ROWS;
    private static final int TILE = Panels.TILE;
    /** Panels of rows that go backward together: enough steps for a tile, scores that stay in the cache. */
    private static final int BLOCK = 4;
    /** Floats of sixteen positions by sixteen: what is transposed at a time, and the most that scratch is written beyond what is asked. */
    private static final int SQUARE = ROWS * ROWS;

    /** For one head of one document of T positions, D channels. */
    private static final class Scratch {
        float[] q = {}; // panels of (D, ROWS), likewise the next four
        float[] dOut = {};
        float[] out = {};
        float[] dK = {};
        float[] dV = {};
        float[] kRows = {}; // chunks (T, D)
        float[] vRows = {};
        float[] kSteps = {}; // chunks (D, T)
        float[] steps = {}; // chunks (D, T)
        float[] p = {}; // (BLOCK, T, ROWS), [panel of t][s][t]
        float[] ds = {};
        float[] across = {}; // (T / ROWS, BLOCK * ROWS, ROWS), [panel of s][t][s]

        void ensure(int length, int size) {
            int floats = Panels.count(length) * Panels.stride(size) + SQUARE;
            if (q.length < floats) {
                q = new float[floats];
                dOut = new float[floats];
                out = new float[floats];
                dK = new float[floats];
                dV = new float[floats];
            }
            int rows = (length + TILE - 1) / TILE * VectorChunks.tile(size);
            if (kRows.length < rows) {
                kRows = new float[rows];
                vRows = new float[rows];
            }
            int left = (size + TILE - 1) / TILE * VectorChunks.tile(length) + ROWS;
            if (steps.length < left) {
                kSteps = new float[left];
                steps = new float[left];
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
        int from = Panels.stride(3 * e);
        int channel = head * size;
        int stride = Panels.stride(size);
        VectorChunks.align(qkv, from, channel, size, start, length, w.q, stride);
        VectorChunks.panelRows(length, size, qkv, (e + channel) * ROWS, from, start, w.kRows);
        VectorChunks.channels(size, qkv, (2 * e + channel) * ROWS, from, start, start + length, w.steps, 0);
        for (int panel = 0; panel < Panels.count(length); panel++) {
            int seen = seen(panel, length);
            float[] p = weights == null ? w.p : weights;
            int at = weights == null ? 0 : weightsOffset + panel * Kernels.padded(length) * ROWS;
            scores(seen, size, w.kRows, w.q, panel * stride, p, at);
            VectorColumns.causalSoftmax(p, at, seen, panel * ROWS + 1, ROWS, scale);
            if (keys != null) {
                VectorColumns.dropout(p, at, w.ds, 0, seen, keys, head * length + panel * ROWS, rate);
                p = w.ds;
                at = 0;
            }
            product(size, 0, seen, length, w.steps, p, at, w.out, panel * stride, false);
        }
        VectorChunks.unalign(w.out, stride, out, Panels.stride(e), channel, size, start, length);
    }

    /** {@return positions that the rows of a panel see, together} */
    private static int seen(int panel, int length) {
        return Math.min(length, (panel + 1) * ROWS);
    }

    /** {@code c[s][t] = sum over d of rows[s][d] * b[d][t]} of one panel of t. */
    private static void scores(int seen, int size, float[] rows, float[] b, int bi, float[] c, int ci) {
        int tile = VectorChunks.tile(size);
        for (int s = 0; s < seen; s += TILE) {
            VectorTile.multiply(size, rows, s / TILE * tile, b, bi, 0, ZEROS, 0, 0, 0, c, ci + s * ROWS, ROWS, 0);
        }
    }

    /** {@code c[d] = sum of a[d][t] * b[t]} over {@code steps} of {@code length} positions from {@code first} on, or {@code c += } that. */
    private static void product(
            int size,
            int first,
            int steps,
            int length,
            float[] a,
            float[] b,
            int bi,
            float[] c,
            int ci,
            boolean accumulate) {
        float[] from = accumulate ? c : ZEROS;
        int row = accumulate ? ROWS : 0;
        int tile = VectorChunks.tile(length);
        for (int d = 0; d < size; d += TILE) {
            int at = ci + d * ROWS;
            int fi = accumulate ? at : 0;
            int ai = d / TILE * tile + VectorChunks.tile(first);
            VectorTile.multiply(steps, a, ai, b, bi, 0, from, fi, row, 0, c, at, ROWS, 0);
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
        int from = Panels.stride(3 * e);
        int channel = head * size;
        int stride = Panels.stride(size);
        int end = start + length;
        VectorChunks.align(dOut, Panels.stride(e), channel, size, start, length, w.dOut, stride);
        VectorChunks.panelRows(length, size, qkv, (2 * e + channel) * ROWS, from, start, w.vRows);
        VectorChunks.channels(size, qkv, (e + channel) * ROWS, from, start, end, w.kSteps, 0);
        if (weights == null) {
            VectorChunks.align(qkv, from, channel, size, start, length, w.q, stride);
            VectorChunks.panelRows(length, size, qkv, (e + channel) * ROWS, from, start, w.kRows);
        }
        int panels = Panels.count(length);
        int distance = Kernels.padded(length) * ROWS;
        for (int first = 0; first < panels; first += BLOCK) {
            int last = Math.min(panels, first + BLOCK);
            float[] p = weights == null ? w.p : weights;
            int pi = weights == null ? 0 : weightsOffset + first * distance;
            for (int panel = first; panel < last; panel++) {
                int seen = seen(panel, length);
                int sees = panel * ROWS + 1;
                int at = (panel - first) * distance;
                if (weights == null) {
                    scores(seen, size, w.kRows, w.q, panel * stride, p, at);
                    VectorColumns.causalSoftmax(p, at, seen, sees, ROWS, scale);
                }
                scores(seen, size, w.vRows, w.dOut, panel * stride, w.ds, at);
                if (keys != null) {
                    VectorColumns.dropout(w.ds, at, w.ds, at, seen, keys, head * length + panel * ROWS, rate);
                }
                VectorColumns.causalSoftmaxBackward(p, pi + at, w.ds, at, seen, sees, ROWS, scale);
                if (keys != null) { // nobody needs the weights as they were any more
                    VectorColumns.dropout(p, pi + at, p, pi + at, seen, keys, head * length + panel * ROWS, rate);
                }
                product(size, 0, seen, length, w.kSteps, w.ds, at, w.out, panel * stride, false);
            }
            int t = start + first * ROWS;
            int tEnd = Math.min(end, start + last * ROWS);
            across(w.ds, 0, distance, first, last, w.across);
            VectorChunks.channels(size, qkv, channel * ROWS, from, t, tEnd, w.steps, 0);
            overRows(size, tEnd - t, first, last, w.steps, w.across, w.dK);
            across(p, pi, distance, first, last, w.across);
            VectorChunks.channels(size, dOut, channel * ROWS, Panels.stride(e), t, tEnd, w.steps, 0);
            overRows(size, tEnd - t, first, last, w.steps, w.across, w.dV);
        }
        VectorChunks.unalign(w.out, stride, dQkv, from, channel, size, start, length);
        VectorChunks.unalign(w.dK, stride, dQkv, from, e + channel, size, start, length);
        VectorChunks.unalign(w.dV, stride, dQkv, from, 2 * e + channel, size, start, length);
    }

    /** From {@code [panel of t][s][t]} to {@code [panel of s][t][s]}, of the panels of t from {@code first} on. */
    private static void across(float[] x, int xi, int distance, int first, int last, float[] out) {
        for (int panel = first; panel < last; panel++) {
            for (int s = 0; s <= panel; s++) {
                int from = xi + (panel - first) * distance + s * SQUARE;
                VectorChunks.transpose(x, from, out, (s * BLOCK + panel - first) * SQUARE, ROWS, ROWS);
            }
        }
    }

    /** Adds to each panel of s what {@code rows} rows from the panel {@code first} on say; those that see it first begin it. */
    private static void overRows(int size, int rows, int first, int last, float[] a, float[] across, float[] c) {
        int stride = Panels.stride(size);
        for (int s = 0; s < last; s++) {
            int from = Math.max(first, s) - first;
            int bi = (s * BLOCK + from) * SQUARE;
            product(size, from * ROWS, rows - from * ROWS, rows, a, across, bi, c, s * stride, s < first);
        }
    }
}
