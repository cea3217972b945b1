package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matrix products in register tiles: 4 rows by 2 vectors (8 chains of fused multiply-adds hide the latency of one), then 1 row,
 * then 1 vector. The columns that do not fill a vector go through a zero-padded copy of that strip of {@code b}. Whatever
 * the tile, an element takes its products in ascending {@code k}.
 */
final class VectorMatmul {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = 4;

    /** The padded strip of b and the one of c. */
    private static final ThreadLocal<float[][]> STRIPS = ThreadLocal.withInitial(() -> new float[2][0]);

    private VectorMatmul() {}

    static void matmul(
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            int bRow,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate) {
        int j = 0;
        for (; j + 2 * WIDTH <= n; j += 2 * WIDTH) {
            int i = 0;
            for (; i + ROWS <= m; i += ROWS) {
                int ai = aOffset + i * aRow;
                tile4x2(k, a, ai, aRow, aColumn, b, bOffset + j, bRow, c, cOffset + i * cRow + j, cRow, accumulate);
            }
            for (; i < m; i++) {
                int ai = aOffset + i * aRow;
                tile1x2(k, a, ai, aColumn, b, bOffset + j, bRow, c, cOffset + i * cRow + j, accumulate);
            }
        }
        if (j + WIDTH <= n) {
            strip(m, k, a, aOffset, aRow, aColumn, b, bOffset + j, bRow, c, cOffset + j, cRow, accumulate);
            j += WIDTH;
        }
        if (j < n) {
            padded(m, n - j, k, a, aOffset, aRow, aColumn, b, bOffset + j, bRow, c, cOffset + j, cRow, accumulate);
        }
    }

    /** All rows of one strip of columns, one vector wide. */
    private static void strip(
            int m,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            int bRow,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate) {
        int i = 0;
        for (; i + ROWS <= m; i += ROWS) {
            int ai = aOffset + i * aRow;
            tile4x1(k, a, ai, aRow, aColumn, b, bOffset, bRow, c, cOffset + i * cRow, cRow, accumulate);
        }
        for (; i < m; i++) {
            tile1x1(k, a, aOffset + i * aRow, aColumn, b, bOffset, bRow, c, cOffset + i * cRow, accumulate);
        }
    }

    /** The last {@code n < WIDTH} columns, through zero-padded copies. */
    private static void padded(
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            int bRow,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate) {
        float[][] strips = STRIPS.get();
        float[] bs = strips[0] = cleared(strips[0], k * WIDTH);
        float[] cs = strips[1] = cleared(strips[1], m * WIDTH);
        for (int p = 0; p < k; p++) {
            System.arraycopy(b, bOffset + p * bRow, bs, p * WIDTH, n);
        }
        if (accumulate) {
            for (int i = 0; i < m; i++) {
                System.arraycopy(c, cOffset + i * cRow, cs, i * WIDTH, n);
            }
        }
        strip(m, k, a, aOffset, aRow, aColumn, bs, 0, WIDTH, cs, 0, WIDTH, accumulate);
        for (int i = 0; i < m; i++) {
            System.arraycopy(cs, i * WIDTH, c, cOffset + i * cRow, n);
        }
    }

    private static float[] cleared(float[] array, int size) {
        if (array.length < size) {
            return new float[size];
        }
        java.util.Arrays.fill(array, 0, size, 0.0f);
        return array;
    }

    private static void tile4x2(
            int k,
            float[] a,
            int a0,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            int bRow,
            float[] c,
            int c0,
            int cRow,
            boolean accumulate) {
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        FloatVector s00 = start(c, c0, accumulate);
        FloatVector s01 = start(c, c0 + WIDTH, accumulate);
        FloatVector s10 = start(c, c1, accumulate);
        FloatVector s11 = start(c, c1 + WIDTH, accumulate);
        FloatVector s20 = start(c, c2, accumulate);
        FloatVector s21 = start(c, c2 + WIDTH, accumulate);
        FloatVector s30 = start(c, c3, accumulate);
        FloatVector s31 = start(c, c3 + WIDTH, accumulate);
        int ap = a0;
        int bp = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = FloatVector.fromArray(SPECIES, b, bp);
            FloatVector b1 = FloatVector.fromArray(SPECIES, b, bp + WIDTH);
            FloatVector x = FloatVector.broadcast(SPECIES, a[ap]);
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(SPECIES, a[ap + aRow]);
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = FloatVector.broadcast(SPECIES, a[ap + 2 * aRow]);
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = FloatVector.broadcast(SPECIES, a[ap + 3 * aRow]);
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            ap += aColumn;
            bp += bRow;
        }
        s00.intoArray(c, c0);
        s01.intoArray(c, c0 + WIDTH);
        s10.intoArray(c, c1);
        s11.intoArray(c, c1 + WIDTH);
        s20.intoArray(c, c2);
        s21.intoArray(c, c2 + WIDTH);
        s30.intoArray(c, c3);
        s31.intoArray(c, c3 + WIDTH);
    }

    private static void tile1x2(
            int k, float[] a, int ap, int aColumn, float[] b, int bp, int bRow, float[] c, int c0, boolean accumulate) {
        FloatVector s0 = start(c, c0, accumulate);
        FloatVector s1 = start(c, c0 + WIDTH, accumulate);
        for (int p = 0; p < k; p++) {
            FloatVector x = FloatVector.broadcast(SPECIES, a[ap + p * aColumn]);
            s0 = x.fma(FloatVector.fromArray(SPECIES, b, bp + p * bRow), s0);
            s1 = x.fma(FloatVector.fromArray(SPECIES, b, bp + p * bRow + WIDTH), s1);
        }
        s0.intoArray(c, c0);
        s1.intoArray(c, c0 + WIDTH);
    }

    private static void tile4x1(
            int k,
            float[] a,
            int a0,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            int bRow,
            float[] c,
            int c0,
            int cRow,
            boolean accumulate) {
        FloatVector s0 = start(c, c0, accumulate);
        FloatVector s1 = start(c, c0 + cRow, accumulate);
        FloatVector s2 = start(c, c0 + 2 * cRow, accumulate);
        FloatVector s3 = start(c, c0 + 3 * cRow, accumulate);
        int ap = a0;
        for (int p = 0; p < k; p++) {
            FloatVector y = FloatVector.fromArray(SPECIES, b, bOffset + p * bRow);
            s0 = FloatVector.broadcast(SPECIES, a[ap]).fma(y, s0);
            s1 = FloatVector.broadcast(SPECIES, a[ap + aRow]).fma(y, s1);
            s2 = FloatVector.broadcast(SPECIES, a[ap + 2 * aRow]).fma(y, s2);
            s3 = FloatVector.broadcast(SPECIES, a[ap + 3 * aRow]).fma(y, s3);
            ap += aColumn;
        }
        s0.intoArray(c, c0);
        s1.intoArray(c, c0 + cRow);
        s2.intoArray(c, c0 + 2 * cRow);
        s3.intoArray(c, c0 + 3 * cRow);
    }

    private static void tile1x1(
            int k, float[] a, int ap, int aColumn, float[] b, int bp, int bRow, float[] c, int c0, boolean accumulate) {
        FloatVector s = start(c, c0, accumulate);
        for (int p = 0; p < k; p++) {
            s = FloatVector.broadcast(SPECIES, a[ap + p * aColumn])
                    .fma(FloatVector.fromArray(SPECIES, b, bp + p * bRow), s);
        }
        s.intoArray(c, c0);
    }

    private static FloatVector start(float[] c, int offset, boolean accumulate) {
        return accumulate ? FloatVector.fromArray(SPECIES, c, offset) : FloatVector.zero(SPECIES);
    }
}
