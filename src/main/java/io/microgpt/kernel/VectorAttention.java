package io.microgpt.kernel;

import static io.microgpt.kernel.VectorTile.ZEROS;

/**
 * Attention over documents of several panels, by the tiles of all products. For each head, what goes into them from the left becomes chunks,
 * and queries and the gradient of the result are copied so that the document begins with a panel, where it does not. Going backward, {@value #BLOCK} panels of rows
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
        final VectorDocument q = new VectorDocument(); // of D channels, likewise the next five
        final VectorDocument out = new VectorDocument();
        final VectorDocument dOut = new VectorDocument();
        final VectorDocument dQ = new VectorDocument();
        final VectorDocument dK = new VectorDocument();
        final VectorDocument dV = new VectorDocument();
        final float[] last = new float[TILE * ROWS]; // a tile that is not full
        float[] kRows = {}; // chunks (T, D)
        float[] vRows = {};
        float[] kSteps = {}; // chunks (D, T)
        float[] steps = {}; // chunks (D, T)
        float[] p = {}; // (BLOCK, T, ROWS), [panel of t][s][t]
        float[] ds = {};
        float[] across = {}; // (T / ROWS, BLOCK * ROWS, ROWS), [panel of s][t][s]

        void ensure(int length, int size) {
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
        w.q.read(qkv, from, channel, size, start, length);
        w.out.write(out, Panels.stride(e), channel, size, start, length);
        VectorChunks.panelRows(length, size, qkv, (e + channel) * ROWS, from, start, w.kRows);
        VectorChunks.channels(size, qkv, (2 * e + channel) * ROWS, from, start, start + length, w.steps, 0);
        for (int panel = 0; panel < Panels.count(length); panel++) {
            int seen = seen(panel, length);
            float[] p = weights == null ? w.p : weights;
            int at = weights == null ? 0 : weightsOffset + panel * Kernels.padded(length) * ROWS;
            scores(seen, size, w.kRows, w.q, panel, p, at);
            VectorColumns.causalSoftmax(p, at, seen, panel * ROWS + 1, ROWS, scale);
            if (keys != null) {
                VectorColumns.dropout(p, at, w.ds, 0, seen, keys, head * length + panel * ROWS, rate);
                p = w.ds;
                at = 0;
            }
            product(size, 0, seen, length, w.steps, p, at, w.out, panel, false);
        }
        w.out.written();
        w.q.forget();
    }

    /** {@return positions that the rows of a panel see, together} */
    private static int seen(int panel, int length) {
        return Math.min(length, (panel + 1) * ROWS);
    }

    /** {@code c[s][t] = sum over d of rows[s][d] * b[d][t]} of one panel of t. */
    private static void scores(int seen, int size, float[] rows, VectorDocument b, int panel, float[] c, int ci) {
        int bi = b.at(panel);
        int tile = VectorChunks.tile(size);
        for (int s = 0; s < seen; s += TILE) {
            VectorTile.multiply(
                    size, rows, s / TILE * tile, b.values, bi, 0, ZEROS, 0, 0, 0, c, ci + s * ROWS, ROWS, 0);
        }
    }

    /** {@code c[d] = sum of a[d][t] * b[t]} over {@code steps} of {@code length} positions from {@code first} on, or {@code c += } that, of one panel. */
    private static void product(
            int size,
            int first,
            int steps,
            int length,
            float[] a,
            float[] b,
            int bi,
            VectorDocument c,
            int panel,
            boolean accumulate) {
        int ci = c.at(panel);
        float[] from = accumulate ? c.values : ZEROS;
        int row = accumulate ? ROWS : 0;
        int tile = VectorChunks.tile(length);
        int ai = VectorChunks.tile(first);
        int d = 0;
        for (; d + TILE <= size; d += TILE) {
            int at = ci + d * ROWS;
            int fi = accumulate ? at : 0;
            VectorTile.multiply(steps, a, ai, b, bi, 0, from, fi, row, 0, c.values, at, ROWS, 0);
            ai += tile;
        }
        if (d < size) { // behind these there may be another head's
            float[] last = SCRATCH.get().last;
            int floats = (size - d) * ROWS;
            if (accumulate) {
                System.arraycopy(c.values, ci + d * ROWS, last, 0, floats);
            }
            VectorTile.multiply(steps, a, ai, b, bi, 0, accumulate ? last : ZEROS, 0, row, 0, last, 0, ROWS, 0);
            System.arraycopy(last, 0, c.values, ci + d * ROWS, floats);
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
        int end = start + length;
        w.dOut.read(dOut, Panels.stride(e), channel, size, start, length);
        w.dQ.write(dQkv, from, channel, size, start, length);
        w.dK.write(dQkv, from, e + channel, size, start, length);
        w.dV.write(dQkv, from, 2 * e + channel, size, start, length);
        VectorChunks.panelRows(length, size, qkv, (2 * e + channel) * ROWS, from, start, w.vRows);
        VectorChunks.channels(size, qkv, (e + channel) * ROWS, from, start, end, w.kSteps, 0);
        if (weights == null) {
            w.q.read(qkv, from, channel, size, start, length);
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
                    scores(seen, size, w.kRows, w.q, panel, p, at);
                    VectorColumns.causalSoftmax(p, at, seen, sees, ROWS, scale);
                }
                scores(seen, size, w.vRows, w.dOut, panel, w.ds, at);
                if (keys != null) {
                    VectorColumns.dropout(w.ds, at, w.ds, at, seen, keys, head * length + panel * ROWS, rate);
                }
                VectorColumns.causalSoftmaxBackward(p, pi + at, w.ds, at, seen, sees, ROWS, scale);
                if (keys != null) { // nobody needs the weights as they were any more
                    VectorColumns.dropout(p, pi + at, p, pi + at, seen, keys, head * length + panel * ROWS, rate);
                }
                product(size, 0, seen, length, w.kSteps, w.ds, at, w.dQ, panel, false);
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
        w.dQ.written();
        w.dK.written();
        w.dV.written();
        w.q.forget();
        w.dOut.forget();
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
    private static void overRows(int size, int rows, int first, int last, float[] a, float[] across, VectorDocument c) {
        for (int s = 0; s < last; s++) {
            int from = Math.max(first, s) - first;
            int bi = (s * BLOCK + from) * SQUARE;
            product(size, from * ROWS, rows - from * ROWS, rows, a, across, bi, c, s, s < first);
        }
    }
}
