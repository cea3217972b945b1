package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of a row or two with a matrix, as in decoding one sequence: every element of b is used once or twice, so
 * the copies and the padded rows of {@link VectorMatmul} would cost several times the arithmetic.
 */
final class VectorRow {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int NR = VectorPanels.NR;

    /** Most rows that go one by one: three and more are cheaper in tiles. */
    static final int MOST = 2;

    private VectorRow() {}

    /**
     * {@code c[n] = a[k] . b[k,n]}, or {@code c += a . b}, for one block of packed panels.
     *
     * @param distance of neighbouring panels
     * @param tile scratch for the last panel, of which not all columns may be wanted
     */
    static void multiply(
            int n,
            int k,
            float[] a,
            int ai,
            int aColumn,
            float[] b,
            int bOffset,
            int distance,
            float[] c,
            int cOffset,
            boolean accumulate,
            float[] tile) {
        if (!accumulate) {
            java.util.Arrays.fill(c, cOffset, cOffset + n, 0.0f);
        }
        int j = 0;
        for (; j + 2 * NR <= n; j += 2 * NR) {
            fourVectors(k, a, ai, aColumn, b, bOffset + j / NR * distance, distance, c, cOffset + j);
        }
        for (; j < n; j += NR) {
            int wanted = Math.min(NR, n - j);
            int bi = bOffset + j / NR * distance;
            System.arraycopy(c, cOffset + j, tile, 0, wanted);
            twoVectors(k, a, ai, aColumn, b, bi, tile, 0);
            System.arraycopy(tile, 0, c, cOffset + j, wanted);
        }
    }

    /** Two vectors at {@code b0} and two {@code distance} further on: four sums hide the latency of one. */
    private static void fourVectors(
            int k, float[] a, int ai, int aColumn, float[] b, int b0, int distance, float[] c, int c0) {
        FloatVector s0 = FloatVector.fromArray(SPECIES, c, c0);
        FloatVector s1 = FloatVector.fromArray(SPECIES, c, c0 + WIDTH);
        FloatVector s2 = FloatVector.fromArray(SPECIES, c, c0 + NR);
        FloatVector s3 = FloatVector.fromArray(SPECIES, c, c0 + NR + WIDTH);
        int ap = ai;
        int bp = b0;
        for (int p = 0; p < k; p++) {
            FloatVector x = FloatVector.broadcast(SPECIES, a[ap]);
            s0 = x.fma(FloatVector.fromArray(SPECIES, b, bp), s0);
            s1 = x.fma(FloatVector.fromArray(SPECIES, b, bp + WIDTH), s1);
            s2 = x.fma(FloatVector.fromArray(SPECIES, b, bp + distance), s2);
            s3 = x.fma(FloatVector.fromArray(SPECIES, b, bp + distance + WIDTH), s3);
            ap += aColumn;
            bp += NR;
        }
        s0.intoArray(c, c0);
        s1.intoArray(c, c0 + WIDTH);
        s2.intoArray(c, c0 + NR);
        s3.intoArray(c, c0 + NR + WIDTH);
    }

    private static void twoVectors(int k, float[] a, int ai, int aColumn, float[] b, int b0, float[] c, int c0) {
        FloatVector s0 = FloatVector.fromArray(SPECIES, c, c0);
        FloatVector s1 = FloatVector.fromArray(SPECIES, c, c0 + WIDTH);
        int ap = ai;
        int bp = b0;
        for (int p = 0; p < k; p++) {
            FloatVector x = FloatVector.broadcast(SPECIES, a[ap]);
            s0 = x.fma(FloatVector.fromArray(SPECIES, b, bp), s0);
            s1 = x.fma(FloatVector.fromArray(SPECIES, b, bp + WIDTH), s1);
            ap += aColumn;
            bp += NR;
        }
        s0.intoArray(c, c0);
        s1.intoArray(c, c0 + WIDTH);
    }
}
