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

    /**
     * Two vectors at a time hide the latency of multiplication. They also make the method too long to be inlined (325 bytes of code): where
     * C2 did so, in the long methods of attention, it gave up midway and allocated every vector.
     */
    static void dropout(float[] x, int xOffset, float[] y, int yOffset, int n, long key, float rate) {
        float bound = DropoutHash.bound(rate);
        float scale = DropoutHash.scale(rate);
        FloatVector bounds = FloatVector.broadcast(SPECIES, bound);
        FloatVector scales = FloatVector.broadcast(SPECIES, scale);
        FloatVector zero = FloatVector.zero(SPECIES);
        IntVector first = COLUMNS.add((int) key);
        int high = (int) (key >>> 32);
        int i = 0;
        for (; i + 2 * WIDTH <= n; i += 2 * WIDTH) {
            IntVector h = first.add(i * DropoutHash.COLUMN);
            IntVector g = first.add((i + WIDTH) * DropoutHash.COLUMN);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT1));
            g = g.lanewise(VectorOperators.XOR, g.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT1));
            h = h.mul(DropoutHash.MULTIPLIER1).add(high);
            g = g.mul(DropoutHash.MULTIPLIER1).add(high);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT2));
            g = g.lanewise(VectorOperators.XOR, g.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT2));
            h = h.mul(DropoutHash.MULTIPLIER2).lanewise(VectorOperators.LSHR, DropoutHash.MANTISSA_SHIFT);
            g = g.mul(DropoutHash.MULTIPLIER2).lanewise(VectorOperators.LSHR, DropoutHash.MANTISSA_SHIFT);
            FloatVector p = h.lanewise(VectorOperators.OR, DropoutHash.ONE).reinterpretAsFloats();
            FloatVector q = g.lanewise(VectorOperators.OR, DropoutHash.ONE).reinterpretAsFloats();
            FloatVector u = FloatVector.fromArray(SPECIES, x, xOffset + i).mul(scales);
            FloatVector v =
                    FloatVector.fromArray(SPECIES, x, xOffset + i + WIDTH).mul(scales);
            zero.blend(u, p.compare(VectorOperators.GE, bounds)).intoArray(y, yOffset + i);
            zero.blend(v, q.compare(VectorOperators.GE, bounds)).intoArray(y, yOffset + i + WIDTH);
        }
        if (i + WIDTH <= n) {
            IntVector h = first.add(i * DropoutHash.COLUMN);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT1));
            h = h.mul(DropoutHash.MULTIPLIER1).add(high);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT2));
            h = h.mul(DropoutHash.MULTIPLIER2).lanewise(VectorOperators.LSHR, DropoutHash.MANTISSA_SHIFT);
            FloatVector p = h.lanewise(VectorOperators.OR, DropoutHash.ONE).reinterpretAsFloats();
            FloatVector u = FloatVector.fromArray(SPECIES, x, xOffset + i).mul(scales);
            zero.blend(u, p.compare(VectorOperators.GE, bounds)).intoArray(y, yOffset + i);
            i += WIDTH;
        }
        for (; i < n; i++) {
            y[yOffset + i] = DropoutHash.number(key, i) < bound ? 0.0f : x[xOffset + i] * scale;
        }
    }
}
