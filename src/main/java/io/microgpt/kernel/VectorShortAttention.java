package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention over documents of one panel, where the calls and copies of {@link VectorAttention} cost more than the arithmetic: all that a
 * document needs lies in a few small arrays in the first-level cache. What is in their padding is never looked at.
 */
final class VectorShortAttention {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = Panels.ROWS;
    /** Rows of a tile; the loops over k are as long for all tiles of a document, or the branch predictor would lose. */
    private static final int TILE = 4;

    private static final class Scratch {
        float[] qkv = {}; // (3E, ROWS)
        float[] dQkv = {}; // (3E, ROWS)
        float[] out = {}; // (E, ROWS), or its gradient
        final float[] p = new float[ROWS * ROWS]; // [s][t]
        final float[] ds = new float[ROWS * ROWS]; // [s][t]
        final float[] across = new float[ROWS * ROWS]; // [t][s]

        void ensure(int e) {
            int floats = (3 * e + ROWS) * ROWS;
            if (qkv.length < floats) {
                qkv = new float[floats];
                dQkv = new float[floats];
                out = new float[(e + ROWS) * ROWS];
            }
        }
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorShortAttention() {}

    static void forward(
            float[] qkv,
            int e,
            int heads,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] out) {
        Scratch w = SCRATCH.get();
        w.ensure(e);
        int size = e / heads;
        VectorChunks.align(qkv, Panels.stride(3 * e), 0, 3 * e, start, length, w.qkv, 0);
        for (int head = 0; head < heads; head++) {
            int q = head * size * ROWS;
            int k = q + e * ROWS;
            int v = k + e * ROWS;
            product(length, length, size, w.qkv, k, 1, ROWS, w.qkv, q, w.p, 0);
            VectorColumns.causalSoftmax(w.p, 0, length, 1, length, scale);
            if (weights != null) {
                System.arraycopy(w.p, 0, weights, weightsOffset + head * ROWS * ROWS, length * ROWS);
            }
            if (keys != null) {
                VectorColumns.dropout(w.p, 0, w.p, 0, length, keys, head * length, rate);
            }
            product(size, length, length, w.qkv, v, ROWS, 1, w.p, 0, w.out, q);
        }
        VectorChunks.unalign(w.out, 0, out, Panels.stride(e), 0, e, start, length);
    }

    static void backward(
            float[] qkv,
            int e,
            int heads,
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
        w.ensure(e);
        int size = e / heads;
        VectorChunks.align(dOut, Panels.stride(e), 0, e, start, length, w.out, 0);
        VectorChunks.align(qkv, Panels.stride(3 * e), 0, 3 * e, start, length, w.qkv, 0);
        for (int head = 0; head < heads; head++) {
            int q = head * size * ROWS;
            int k = q + e * ROWS;
            int v = k + e * ROWS;
            System.arraycopy(weights, weightsOffset + head * ROWS * ROWS, w.p, 0, length * ROWS);
            product(length, length, size, w.qkv, v, 1, ROWS, w.out, q, w.ds, 0);
            if (keys != null) {
                VectorColumns.dropout(w.ds, 0, w.ds, 0, length, keys, head * length, rate);
            }
            VectorColumns.causalSoftmaxBackward(w.p, 0, w.ds, 0, length, 1, length, scale);
            if (keys != null) {
                VectorColumns.dropout(w.p, 0, w.p, 0, length, keys, head * length, rate);
            }
            product(size, length, length, w.qkv, k, ROWS, 1, w.ds, 0, w.dQkv, q);
            VectorChunks.transpose(w.ds, 0, w.across, 0, ROWS, length);
            product(size, length, length, w.qkv, q, ROWS, 1, w.across, 0, w.dQkv, k);
            VectorChunks.transpose(w.p, 0, w.across, 0, ROWS, length);
            product(size, length, length, w.out, q, ROWS, 1, w.across, 0, w.dQkv, v);
        }
        VectorChunks.unalign(w.dQkv, 0, dQkv, Panels.stride(3 * e), 0, 3 * e, start, length);
    }

    /**
     * {@code c[m,n] = a[m,k] . b[k,n]}, with {@value Panels#ROWS} between neighbouring rows of b and c: of a, rows up to a multiple of
     * {@value #TILE} are read, of c, whole vectors of columns are written.
     */
    private static void product(
            int m, int n, int k, float[] a, int a0, int aRow, int aColumn, float[] b, int b0, float[] c, int c0) {
        for (int i = 0; i < m; i += TILE) {
            for (int j = 0; j < n; j += WIDTH) {
                FloatVector s0 = FloatVector.zero(SPECIES);
                FloatVector s1 = s0;
                FloatVector s2 = s0;
                FloatVector s3 = s0;
                int ap = a0 + i * aRow;
                int bp = b0 + j;
                for (int p = 0; p < k; p++) {
                    FloatVector y = FloatVector.fromArray(SPECIES, b, bp);
                    s0 = FloatVector.broadcast(SPECIES, a[ap]).fma(y, s0);
                    s1 = FloatVector.broadcast(SPECIES, a[ap + aRow]).fma(y, s1);
                    s2 = FloatVector.broadcast(SPECIES, a[ap + 2 * aRow]).fma(y, s2);
                    s3 = FloatVector.broadcast(SPECIES, a[ap + 3 * aRow]).fma(y, s3);
                    ap += aColumn;
                    bp += ROWS;
                }
                int ci = c0 + i * ROWS + j;
                s0.intoArray(c, ci);
                if (m - i > 1) {
                    s1.intoArray(c, ci + ROWS);
                }
                if (m - i > 2) {
                    s2.intoArray(c, ci + 2 * ROWS);
                }
                if (m - i > 3) {
                    s3.intoArray(c, ci + 3 * ROWS);
                }
            }
        }
    }
}
