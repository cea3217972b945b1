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
    private static final int ROWS = Panels.ROWS;

    /** Most rows that go one by one: three and more are cheaper in tiles. */
    static final int MOST = 2;
    /** Columns that are summed together: four vectors hide the latency of one. */
    static final int COLUMNS = 4 * WIDTH;

    private VectorRow() {}

    /**
     * {@code c[n] = a[k] . b[k,n]}, or {@code c += a . b}, for one block of packed panels.
     *
     * @param scratch for the last columns, of which not all may be wanted
     */
    static void multiply(
            int n,
            int k,
            float[] a,
            int ai,
            float[] b,
            int bOffset,
            float[] c,
            int cOffset,
            boolean accumulate,
            float[] scratch) {
        if (!accumulate) {
            java.util.Arrays.fill(c, cOffset, cOffset + n, 0.0f);
        }
        for (int j = 0; j < n; j += COLUMNS) {
            int b0 = panel(j, n, k, bOffset);
            int b1 = panel(j + WIDTH, n, k, bOffset);
            int b2 = panel(j + 2 * WIDTH, n, k, bOffset);
            int b3 = panel(j + 3 * WIDTH, n, k, bOffset);
            if (n - j >= COLUMNS) {
                fourVectors(k, a, ai, b, b0, b1, b2, b3, c, cOffset + j);
            } else {
                System.arraycopy(c, cOffset + j, scratch, 0, n - j);
                fourVectors(k, a, ai, b, b0, b1, b2, b3, scratch, 0);
                System.arraycopy(scratch, 0, c, cOffset + j, n - j);
            }
        }
    }

    /** {@return where column {@code j} begins in the packed panels}; the first does for those behind the last. */
    private static int panel(int j, int n, int k, int bOffset) {
        return j < Kernels.padded(n) ? bOffset + j / ROWS * ROWS * k + j % ROWS : bOffset;
    }

    private static void fourVectors(
            int k, float[] a, int ai, float[] b, int b0, int b1, int b2, int b3, float[] c, int c0) {
        FloatVector s0 = FloatVector.fromArray(SPECIES, c, c0);
        FloatVector s1 = FloatVector.fromArray(SPECIES, c, c0 + WIDTH);
        FloatVector s2 = FloatVector.fromArray(SPECIES, c, c0 + 2 * WIDTH);
        FloatVector s3 = FloatVector.fromArray(SPECIES, c, c0 + 3 * WIDTH);
        for (int p = 0; p < k; p++) {
            FloatVector x = FloatVector.broadcast(SPECIES, a[ai + p]);
            s0 = x.fma(FloatVector.fromArray(SPECIES, b, b0 + p * ROWS), s0);
            s1 = x.fma(FloatVector.fromArray(SPECIES, b, b1 + p * ROWS), s1);
            s2 = x.fma(FloatVector.fromArray(SPECIES, b, b2 + p * ROWS), s2);
            s3 = x.fma(FloatVector.fromArray(SPECIES, b, b3 + p * ROWS), s3);
        }
        s0.intoArray(c, c0);
        s1.intoArray(c, c0 + WIDTH);
        s2.intoArray(c, c0 + 2 * WIDTH);
        s3.intoArray(c, c0 + 3 * WIDTH);
    }
}
