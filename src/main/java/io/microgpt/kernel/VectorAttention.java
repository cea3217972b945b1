package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention over short documents, where the calls and copies of {@link VectorMatmul} cost more than the arithmetic: all that one head
 * of one document needs lies in a few padded arrays in the first-level cache. What is in the padding is never looked at.
 */
final class VectorAttention {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int LANES = Kernels.LANES;
    /** Rows of a tile; the loops over k are as long for all tiles of a document, or the branch predictor would lose. */
    private static final int ROWS = 4;

    private static final class Scratch {
        int size; // E / H, padded
        float[] a = {}; // (LANES, E / H)
        float[] b = {}; // (LANES, E / H)
        float[] transposed = {}; // (E / H, LANES)
        float[] c = {}; // (LANES, E / H)
        final float[] p = new float[LANES * LANES];
        final float[] ds = new float[LANES * LANES];

        void ensure(int wanted) {
            size = (wanted + WIDTH - 1) / WIDTH * WIDTH;
            if (LANES * size > a.length) {
                a = new float[LANES * size];
                b = new float[LANES * size];
                transposed = new float[size * LANES];
                c = new float[LANES * size];
            }
        }
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorAttention() {}

    static void forward(
            float[] qkv,
            int q,
            int k,
            int v,
            int row,
            int size,
            int length,
            float scale,
            float[] weights,
            int weightsOffset,
            float[] out,
            int o,
            int outRow) {
        Scratch w = SCRATCH.get();
        w.ensure(size);
        copy(qkv, q, row, w.a, 0, w.size, size, length);
        transpose(qkv, k, row, w.transposed, size, length);
        product(length, length, size, w.a, w.size, 1, w.transposed, LANES, w.p, LANES);
        VectorRows.softmax(w.p, 0, LANES, length, 1, 1, LANES, scale, null);
        copy(qkv, v, row, w.b, 0, w.size, size, length);
        product(length, size, length, w.p, LANES, 1, w.b, w.size, w.c, w.size);
        copy(w.c, 0, w.size, out, o, outRow, size, length);
        System.arraycopy(w.p, 0, weights, weightsOffset, length * LANES);
    }

    static void backward(
            float[] qkv,
            int q,
            int k,
            int v,
            int row,
            int size,
            int length,
            float scale,
            float[] weights,
            int weightsOffset,
            float[] dOut,
            int o,
            int outRow,
            float[] dQkv) {
        Scratch w = SCRATCH.get();
        w.ensure(size);
        System.arraycopy(weights, weightsOffset, w.p, 0, length * LANES);
        copy(dOut, o, outRow, w.a, 0, w.size, size, length);
        transpose(qkv, v, row, w.transposed, size, length);
        product(length, length, size, w.a, w.size, 1, w.transposed, LANES, w.ds, LANES);
        VectorRows.softmaxBackward(w.p, 0, w.ds, 0, LANES, length, 1, 1, LANES, scale);

        product(length, size, length, w.p, 1, LANES, w.a, w.size, w.c, w.size);
        copy(w.c, 0, w.size, dQkv, v, row, size, length);
        copy(qkv, k, row, w.b, 0, w.size, size, length);
        product(length, size, length, w.ds, LANES, 1, w.b, w.size, w.c, w.size);
        copy(w.c, 0, w.size, dQkv, q, row, size, length);
        copy(qkv, q, row, w.b, 0, w.size, size, length);
        product(length, size, length, w.ds, 1, LANES, w.b, w.size, w.c, w.size);
        copy(w.c, 0, w.size, dQkv, k, row, size, length);
    }

    private static void copy(
            float[] from, int offset, int row, float[] to, int toOffset, int toRow, int size, int length) {
        for (int t = 0; t < length; t++) {
            for (int i = 0; i < size; i++) {
                to[toOffset + t * toRow + i] = from[offset + t * row + i];
            }
        }
    }

    private static void transpose(float[] from, int offset, int row, float[] to, int size, int length) {
        for (int t = 0; t < length; t++) {
            for (int i = 0; i < size; i++) {
                to[i * LANES + t] = from[offset + t * row + i];
            }
        }
    }

    /** {@code c[m,n] = a[m,k] . b[k,n]} in padded arrays: rows up to a multiple of {@value #ROWS}, columns of a vector. */
    private static void product(
            int m, int n, int k, float[] a, int aRow, int aColumn, float[] b, int bRow, float[] c, int cRow) {
        for (int i = 0; i < m; i += ROWS) {
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
                    bp += bRow;
                }
                int ci = i * cRow + j;
                s0.intoArray(c, ci);
                s1.intoArray(c, ci + cRow);
                s2.intoArray(c, ci + 2 * cRow);
                s3.intoArray(c, ci + 3 * cRow);
            }
        }
    }
}
