package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention over documents of one panel, where the calls and copies of {@link VectorAttention} cost more than the arithmetic: all that one
 * head needs lies in a few small arrays in the first-level cache. What is in their padding is never looked at.
 */
final class VectorShortAttention {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = Panels.ROWS;
    /** Rows of a tile; the loops over k are as long for all tiles of a document, or the branch predictor would lose. */
    private static final int TILE = 4;

    private static final class Scratch {
        float[] q = {}; // (E / H, ROWS), likewise the others
        float[] k = {};
        float[] v = {};
        float[] out = {};
        final float[] p = new float[ROWS * ROWS]; // [s][t]
        final float[] ds = new float[ROWS * ROWS]; // [s][t]
        final float[] across = new float[ROWS * ROWS]; // [t][s]

        void ensure(int size) {
            int floats = Kernels.padded(size) * ROWS + ROWS * ROWS;
            if (q.length < floats) {
                q = new float[floats];
                k = new float[floats];
                v = new float[floats];
                out = new float[floats];
            }
        }
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorShortAttention() {}

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
        w.ensure(size);
        int stride = Panels.stride(3 * e);
        int channel = head * size;
        VectorChunks.align(qkv, stride, channel, size, start, length, w.q, 0);
        VectorChunks.align(qkv, stride, e + channel, size, start, length, w.k, 0);
        VectorChunks.align(qkv, stride, 2 * e + channel, size, start, length, w.v, 0);
        product(length, length, size, w.k, 1, ROWS, w.q, w.p);
        VectorColumns.causalSoftmax(w.p, 0, length, 1, scale);
        if (weights != null) {
            System.arraycopy(w.p, 0, weights, weightsOffset, length * ROWS);
        }
        if (keys != null) {
            VectorColumns.dropout(w.p, 0, w.p, 0, length, keys, 0, rate);
        }
        product(size, length, length, w.v, ROWS, 1, w.p, w.out);
        VectorChunks.unalign(w.out, 0, out, Panels.stride(e), channel, size, start, length);
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
        w.ensure(size);
        int stride = Panels.stride(3 * e);
        int channel = head * size;
        VectorChunks.align(dOut, Panels.stride(e), channel, size, start, length, w.q, 0);
        VectorChunks.align(qkv, stride, 2 * e + channel, size, start, length, w.v, 0);
        System.arraycopy(weights, weightsOffset, w.p, 0, length * ROWS);
        product(length, length, size, w.v, 1, ROWS, w.q, w.ds);
        if (keys != null) {
            VectorColumns.dropout(w.ds, 0, w.ds, 0, length, keys, 0, rate);
        }
        VectorColumns.causalSoftmaxBackward(w.p, 0, w.ds, 0, length, 1, scale);
        if (keys != null) {
            VectorColumns.dropout(w.p, 0, w.p, 0, length, keys, 0, rate);
        }
        VectorChunks.transpose(w.p, 0, w.across, 0, ROWS);
        product(size, length, length, w.q, ROWS, 1, w.across, w.out);
        VectorChunks.unalign(w.out, 0, dQkv, stride, 2 * e + channel, size, start, length);

        VectorChunks.align(qkv, stride, channel, size, start, length, w.q, 0);
        VectorChunks.align(qkv, stride, e + channel, size, start, length, w.k, 0);
        product(size, length, length, w.k, ROWS, 1, w.ds, w.out);
        VectorChunks.unalign(w.out, 0, dQkv, stride, channel, size, start, length);
        VectorChunks.transpose(w.ds, 0, w.across, 0, ROWS);
        product(size, length, length, w.q, ROWS, 1, w.across, w.out);
        VectorChunks.unalign(w.out, 0, dQkv, stride, e + channel, size, start, length);
    }

    /**
     * {@code c[m,n] = a[m,k] . b[k,n]}, with {@value Panels#ROWS} between neighbouring rows of b and c: rows up to a multiple of {@value #TILE},
     * columns of a vector.
     */
    private static void product(int m, int n, int k, float[] a, int aRow, int aColumn, float[] b, float[] c) {
        for (int i = 0; i < m; i += TILE) {
            for (int j = 0; j < n; j += WIDTH) {
                FloatVector s0 = FloatVector.zero(SPECIES);
                FloatVector s1 = s0;
                FloatVector s2 = s0;
                FloatVector s3 = s0;
                int ap = i * aRow;
                int bp = j;
                for (int p = 0; p < k; p++) {
                    FloatVector y = FloatVector.fromArray(SPECIES, b, bp);
                    s0 = FloatVector.broadcast(SPECIES, a[ap]).fma(y, s0);
                    s1 = FloatVector.broadcast(SPECIES, a[ap + aRow]).fma(y, s1);
                    s2 = FloatVector.broadcast(SPECIES, a[ap + 2 * aRow]).fma(y, s2);
                    s3 = FloatVector.broadcast(SPECIES, a[ap + 3 * aRow]).fma(y, s3);
                    ap += aColumn;
                    bp += ROWS;
                }
                int ci = i * ROWS + j;
                s0.intoArray(c, ci);
                s1.intoArray(c, ci + ROWS);
                s2.intoArray(c, ci + 2 * ROWS);
                s3.intoArray(c, ci + 3 * ROWS);
            }
        }
    }
}
