package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link DropoutHash}, operation for operation, a vector of columns at a time. */
final class VectorDropout {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final IntVector COLUMNS = columns();

    private VectorDropout() {}

    private static IntVector columns() {
        int[] columns = new int[WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            columns[i] = i * DropoutHash.COLUMN;
        }
        return IntVector.fromArray(VectorSpecies.of(int.class, SPECIES.vectorShape()), columns, 0);
    }

    static void dropout(float[] x, int xOffset, float[] y, int yOffset, int n, long key, float rate) {
        float bound = DropoutHash.bound(rate);
        float scale = DropoutHash.scale(rate);
        int high = (int) (key >>> 32);
        IntVector first = COLUMNS.add((int) key);
        int i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            IntVector h = first.add(i * DropoutHash.COLUMN);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT1));
            h = h.mul(DropoutHash.MULTIPLIER1).add(high);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT2));
            h = h.mul(DropoutHash.MULTIPLIER2).lanewise(VectorOperators.LSHR, DropoutHash.MANTISSA_SHIFT);
            FloatVector number = h.lanewise(VectorOperators.OR, DropoutHash.ONE).reinterpretAsFloats();
            FloatVector.fromArray(SPECIES, x, xOffset + i)
                    .mul(scale)
                    .blend(0.0f, number.compare(VectorOperators.LT, bound))
                    .intoArray(y, yOffset + i);
        }
        for (; i < n; i++) {
            y[yOffset + i] = DropoutHash.number(key, i) < bound ? 0.0f : x[xOffset + i] * scale;
        }
    }
}
