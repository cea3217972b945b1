package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What looks at a whole row: sums, exponentials, softmax, normalisation. A reduction walks blocks of {@link Kernels#LANES}
 * elements, one accumulator a vector of the block; the accumulators go through an array of that many floats, so that any
 * register width folds the same tree. A row's rest of less than a block is loaded with its neighbours and blended away where
 * the caller's width allows it, and done in scalar code otherwise.
 */
final class VectorRows {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int LANES = Kernels.LANES;
    private static final FloatVector IOTA = iota();
    private static final ThreadLocal<float[]> SCRATCH = ThreadLocal.withInitial(() -> new float[LANES]);

    private VectorRows() {}

    private static FloatVector iota() {
        float[] numbers = new float[WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            numbers[i] = i;
        }
        return FloatVector.fromArray(SPECIES, numbers, 0);
    }

    /** {@return which lanes lie before {@code n}} */
    private static VectorMask<Float> before(int n) {
        return IOTA.compare(VectorOperators.LT, (float) n);
    }

    private static float[] lanes() {
        return SCRATCH.get();
    }

    static float sum(float[] x, int offset, int n) {
        float[] acc = lanes();
        int full = n - n % LANES;
        for (int l = 0; l < LANES; l += WIDTH) {
            FloatVector s = FloatVector.zero(SPECIES);
            for (int i = offset + l; i < offset + full; i += LANES) {
                s = s.add(FloatVector.fromArray(SPECIES, x, i));
            }
            s.intoArray(acc, l);
        }
        for (int i = full; i < n; i++) {
            acc[i - full] += x[offset + i];
        }
        return Lanes.fold(acc);
    }

    private static float dot(float[] x, int xOffset, float[] y, int yOffset, int n, float[] acc) {
        int full = n - n % LANES;
        for (int l = 0; l < LANES; l += WIDTH) {
            FloatVector s = FloatVector.zero(SPECIES);
            for (int i = l; i < full; i += LANES) {
                s = FloatVector.fromArray(SPECIES, x, xOffset + i)
                        .fma(FloatVector.fromArray(SPECIES, y, yOffset + i), s);
            }
            s.intoArray(acc, l);
        }
        for (int i = full; i < n; i++) {
            acc[i - full] = Math.fma(x[xOffset + i], y[yOffset + i], acc[i - full]);
        }
        return Lanes.fold(acc);
    }

    static float max(float[] x, int offset, int n) {
        FloatVector top = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int i = offset;
        int end = offset + n;
        for (; i + WIDTH <= end; i += WIDTH) {
            top = top.max(FloatVector.fromArray(SPECIES, x, i));
        }
        float max = top.reduceLanes(VectorOperators.MAX);
        for (; i < end; i++) {
            max = Math.max(max, x[i]);
        }
        return max;
    }

    static float expSum(float[] x, int offset, int n, float shift) {
        float[] acc = lanes();
        int full = n - n % LANES;
        expLanes(x, offset, full, shift, acc);
        for (int i = full; i < n; i++) {
            float e = Exp.exp(x[offset + i] - shift);
            x[offset + i] = e;
            acc[i - full] += e;
        }
        return Lanes.fold(acc);
    }

    /**
     * {@link Exp#exp}, operation for operation, in place, with the sums of the lanes. In one method: C2 does not inline one that it has
     * compiled to much code already, and would allocate every vector that goes in and out.
     */
    private static void expLanes(float[] x, int offset, int n, float shift, float[] acc) {
        for (int l = 0; l < LANES; l += WIDTH) {
            FloatVector s = FloatVector.zero(SPECIES);
            for (int i = offset + l; i < offset + n; i += LANES) {
                FloatVector v = FloatVector.fromArray(SPECIES, x, i).sub(shift);
                FloatVector t =
                        v.fma(FloatVector.broadcast(SPECIES, Exp.LOG2_E), FloatVector.broadcast(SPECIES, Exp.ROUND));
                FloatVector k = t.sub(Exp.ROUND);
                FloatVector r = k.fma(FloatVector.broadcast(SPECIES, Exp.MINUS_LN2_HIGH), v);
                r = k.fma(FloatVector.broadcast(SPECIES, Exp.MINUS_LN2_LOW), r);
                FloatVector p = FloatVector.broadcast(SPECIES, Exp.P0).fma(r, FloatVector.broadcast(SPECIES, Exp.P1));
                p = p.fma(r, FloatVector.broadcast(SPECIES, Exp.P2));
                p = p.fma(r, FloatVector.broadcast(SPECIES, Exp.P3));
                p = p.fma(r, FloatVector.broadcast(SPECIES, Exp.P4));
                p = p.fma(r, FloatVector.broadcast(SPECIES, Exp.P5));
                p = p.mul(r).fma(r, r).add(1.0f);
                IntVector power = t.viewAsIntegralLanes().reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
                FloatVector e =
                        p.viewAsIntegralLanes().reinterpretAsInts().add(power).reinterpretAsFloats();
                VectorMask<Float> low = v.compare(VectorOperators.LT, Exp.LOWEST);
                VectorMask<Float> high =
                        v.compare(VectorOperators.LE, Exp.HIGHEST).not();
                e = e.blend(0.0f, low).blend(v.mul(Float.POSITIVE_INFINITY), high);
                e.intoArray(x, i);
                s = s.add(e);
            }
            s.intoArray(acc, l);
        }
    }

    /** Softmax of {@code scale * x}, in place, of {@code n} elements of each row; up to whole vectors, what follows becomes anything. */
    static void softmax(float[] x, int rowDistance, int rows, int n, float scale) {
        float[] acc = lanes();
        int padded = (n + WIDTH - 1) / WIDTH * WIDTH;
        for (int start = 0; start < rows * rowDistance; start += rowDistance) {
            float max = scaledMax(x, start, n, padded, scale);
            expLanes(x, start, padded, max, acc);
            multiply(x, start, n, 1.0f / Lanes.fold(acc));
        }
    }

    /** Scales a row; elements between its length and {@code padded} become minus infinity, whose exponential adds nothing. */
    private static float scaledMax(float[] x, int start, int length, int padded, float scale) {
        FloatVector top = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i + WIDTH <= length; i += WIDTH) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, start + i).mul(scale);
            v.intoArray(x, start + i);
            top = top.max(v);
        }
        for (; i < padded; i += WIDTH) {
            FloatVector v = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY)
                    .blend(FloatVector.fromArray(SPECIES, x, start + i).mul(scale), before(length - i));
            v.intoArray(x, start + i);
            top = top.max(v);
        }
        return top.reduceLanes(VectorOperators.MAX);
    }

    private static void multiply(float[] x, int offset, int n, float factor) {
        int i = offset;
        int end = offset + n;
        for (; i + WIDTH <= end; i += WIDTH) {
            FloatVector.fromArray(SPECIES, x, i).mul(factor).intoArray(x, i);
        }
        for (; i < end; i++) {
            x[i] *= factor;
        }
    }

    static void normalise(float[] x, float[] y, float[] r, int rows, int n) {
        float[] acc = lanes();
        for (int row = 0; row < rows; row++) {
            int start = row * n;
            float factor = ScalarKernels.inverseRms(dot(x, start, x, start, n, acc), n);
            r[row] = factor;
            int i = start;
            int end = start + n;
            for (; i + WIDTH <= end; i += WIDTH) {
                FloatVector.fromArray(SPECIES, x, i).mul(factor).intoArray(y, i);
            }
            for (; i < end; i++) {
                y[i] = x[i] * factor;
            }
        }
    }
}
