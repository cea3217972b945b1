package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Products that pass over zeros, by the Vector API. */
final class VectorSparse implements SparseKernels {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SPECIES.vectorShape());
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = Panels.ROWS;
    private static final int INFINITY = 0x7f800000;
    private static final IntVector BITS = bits();

    private final double mostActive;

    VectorSparse(double mostActive) {
        this.mostActive = mostActive;
    }

    private static IntVector bits() {
        int[] bits = new int[WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            bits[i] = 1 << i;
        }
        return IntVector.fromArray(INTS, bits, 0);
    }

    @Override
    public double mostActive() {
        return mostActive;
    }

    @Override
    public void find(float[] x, int rows, int columns, Nonzeros nonzeros) {
        nonzeros.shape(rows, columns);
        for (int panel = 0; panel < Panels.count(rows); panel++) {
            int from = panel * Panels.stride(columns);
            int to = nonzeros.index(panel * ROWS);
            positive(x, from, columns, nonzeros.bits(), to, nonzeros.index(panel * ROWS + Byte.SIZE));
        }
    }

    private static void positive(float[] x, int from, int columns, byte[] bits, int low, int high) {
        for (int i = 0; i < columns; i++) {
            int all = 0;
            for (int h = 0; h < ROWS; h += WIDTH) {
                all |= positive(x, from + i * ROWS + h) << h;
            }
            bits[low + i] = (byte) all;
            bits[high + i] = (byte) (all >> Byte.SIZE);
        }
    }

    /** A bit for each element over zero or NaN. (JDK 17 has no instruction for {@code VectorMask.toLong}; signs are made bits and added up.) */
    private static int positive(float[] x, int from) {
        IntVector bits = FloatVector.fromArray(SPECIES, x, from).reinterpretAsInts();
        IntVector over = bits.neg().and(bits.not()); // negative where the bits, and so the number, are over zero
        IntVector nan = bits.and(Integer.MAX_VALUE).neg().add(INFINITY); // negative where they are over infinity's
        return over.or(nan).lanewise(VectorOperators.ASHR, 31).and(BITS).reduceLanes(VectorOperators.ADD);
    }

    @Override
    public void multiply(
            Nonzeros nonzeros,
            float[] x,
            float[] w,
            int wOffset,
            int wColumn,
            int wOut,
            int n,
            float[] c,
            boolean accumulate) {
        VectorSparseProduct.multiply(nonzeros, x, w, wOffset, wColumn, wOut, n, c, accumulate);
    }

    @Override
    public void gradients(
            Nonzeros nonzeros,
            LeafTree leaves,
            float[] x,
            float[] dx,
            float[] h,
            float[] dy,
            int n,
            float[] c,
            int c1,
            int c2,
            boolean accumulate) {
        VectorSparseGradients.gradients(nonzeros, leaves, x, dx, h, dy, n, c, c1, c2, accumulate);
    }
}
