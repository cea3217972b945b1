package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What looks at whole rows of {@link Panels}: a vector holds one channel of neighbouring rows, so that every row has its own lane and a
 * reduction needs no folding across. Its virtual lanes are vectors of their own. Each loop stands in a short method, with arrays for what goes in
 * and out: C2 does not inline one that it has compiled to much code already, and would allocate the vectors.
 */
final class VectorColumns {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SPECIES.vectorShape());
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = Panels.ROWS;
    private static final int LANES = Kernels.LANES;
    private static final FloatVector IOTA = iota();

    private static final class Scratch {
        final float[] lanes = new float[LANES * WIDTH];
        final float[] top = new float[ROWS];
        final float[] sums = new float[ROWS];
        final int[] low = new int[ROWS];
        final int[] high = new int[ROWS];
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorColumns() {}

    private static FloatVector iota() {
        float[] numbers = new float[WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            numbers[i] = i;
        }
        return FloatVector.fromArray(SPECIES, numbers, 0);
    }

    static void normalise(float[] x, float[] y, float[] r, int rows, int n) {
        Scratch scratch = SCRATCH.get();
        for (int panel = 0; panel < Panels.count(rows); panel++) {
            int at = panel * Panels.stride(n);
            int row = panel * ROWS;
            dots(x, at, x, at, n, ROWS, scratch.lanes, r, row);
            for (int i = row; i < row + ROWS; i++) {
                r[i] = ScalarKernels.inverseRms(r[i], n);
            }
            multiply(x, at, n, r, row, y);
        }
    }

    static void normaliseBackward(float[] y, float[] r, float[] dy, float[] dx, int rows, int n) {
        Scratch scratch = SCRATCH.get();
        for (int panel = 0; panel < Panels.count(rows); panel++) {
            int at = panel * Panels.stride(n);
            dots(dy, at, y, at, n, ROWS, scratch.lanes, scratch.sums, 0);
            for (int i = 0; i < ROWS; i++) {
                scratch.sums[i] = -(scratch.sums[i] / n);
            }
            addScaled(y, dy, dx, at, n, scratch.sums, r, panel * ROWS);
        }
    }

    private static void multiply(float[] x, int at, int n, float[] factors, int row, float[] y) {
        for (int h = 0; h < ROWS; h += WIDTH) {
            FloatVector factor = FloatVector.fromArray(SPECIES, factors, row + h);
            for (int i = 0; i < n; i++) {
                FloatVector.fromArray(SPECIES, x, at + h + i * ROWS).mul(factor).intoArray(y, at + h + i * ROWS);
            }
        }
    }

    private static void addScaled(
            float[] y, float[] dy, float[] dx, int at, int n, float[] minusMeans, float[] r, int row) {
        for (int h = 0; h < ROWS; h += WIDTH) {
            FloatVector minusMean = FloatVector.fromArray(SPECIES, minusMeans, h);
            FloatVector factor = FloatVector.fromArray(SPECIES, r, row + h);
            for (int i = 0; i < n; i++) {
                int p = at + h + i * ROWS;
                FloatVector t =
                        minusMean.fma(FloatVector.fromArray(SPECIES, y, p), FloatVector.fromArray(SPECIES, dy, p));
                factor.fma(t, FloatVector.fromArray(SPECIES, dx, p)).intoArray(dx, p);
            }
        }
    }

    /** The sums of products of each of a panel's rows, from {@code out[o]} on. */
    private static void dots(float[] x, int xi, float[] y, int yi, int n, int rows, float[] lanes, float[] out, int o) {
        for (int h = 0; h < rows; h += WIDTH) {
            for (int l = 0; l < LANES; l += 4) {
                fourDots(x, xi + h + l * ROWS, y, yi + h + l * ROWS, n / LANES, lanes, l * WIDTH);
            }
            int full = n - n % LANES;
            for (int i = full; i < n; i++) {
                int l = (i - full) * WIDTH;
                FloatVector.fromArray(SPECIES, x, xi + h + i * ROWS)
                        .fma(
                                FloatVector.fromArray(SPECIES, y, yi + h + i * ROWS),
                                FloatVector.fromArray(SPECIES, lanes, l))
                        .intoArray(lanes, l);
            }
            fold(lanes, out, o + h);
        }
    }

    /** Four virtual lanes at a time hide the latency of one. */
    private static void fourDots(float[] x, int xi, float[] y, int yi, int blocks, float[] lanes, int l) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int i = 0; i < blocks; i++) {
            int p = xi + i * LANES * ROWS;
            int q = yi + i * LANES * ROWS;
            s0 = FloatVector.fromArray(SPECIES, x, p).fma(FloatVector.fromArray(SPECIES, y, q), s0);
            s1 = FloatVector.fromArray(SPECIES, x, p + ROWS).fma(FloatVector.fromArray(SPECIES, y, q + ROWS), s1);
            s2 = FloatVector.fromArray(SPECIES, x, p + 2 * ROWS)
                    .fma(FloatVector.fromArray(SPECIES, y, q + 2 * ROWS), s2);
            s3 = FloatVector.fromArray(SPECIES, x, p + 3 * ROWS)
                    .fma(FloatVector.fromArray(SPECIES, y, q + 3 * ROWS), s3);
        }
        s0.intoArray(lanes, l);
        s1.intoArray(lanes, l + WIDTH);
        s2.intoArray(lanes, l + 2 * WIDTH);
        s3.intoArray(lanes, l + 3 * WIDTH);
    }

    /** The sums of each of a panel's rows, from {@code out[o]} on. */
    private static void sums(float[] x, int xi, int n, int rows, float[] lanes, float[] out, int o) {
        for (int h = 0; h < rows; h += WIDTH) {
            for (int l = 0; l < LANES; l += 4) {
                fourSums(x, xi + h + l * ROWS, n / LANES, lanes, l * WIDTH);
            }
            int full = n - n % LANES;
            for (int i = full; i < n; i++) {
                int l = (i - full) * WIDTH;
                FloatVector.fromArray(SPECIES, lanes, l)
                        .add(FloatVector.fromArray(SPECIES, x, xi + h + i * ROWS))
                        .intoArray(lanes, l);
            }
            fold(lanes, out, o + h);
        }
    }

    private static void fourSums(float[] x, int xi, int blocks, float[] lanes, int l) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int i = 0; i < blocks; i++) {
            int p = xi + i * LANES * ROWS;
            s0 = s0.add(FloatVector.fromArray(SPECIES, x, p));
            s1 = s1.add(FloatVector.fromArray(SPECIES, x, p + ROWS));
            s2 = s2.add(FloatVector.fromArray(SPECIES, x, p + 2 * ROWS));
            s3 = s3.add(FloatVector.fromArray(SPECIES, x, p + 3 * ROWS));
        }
        s0.intoArray(lanes, l);
        s1.intoArray(lanes, l + WIDTH);
        s2.intoArray(lanes, l + 2 * WIDTH);
        s3.intoArray(lanes, l + 3 * WIDTH);
    }

    /** {@link Lanes#fold} of as many rows as a vector has. */
    private static void fold(float[] lanes, float[] out, int o) {
        FloatVector x0 = sum(lanes, 0, 8).add(sum(lanes, 4, 12));
        FloatVector x2 = sum(lanes, 2, 10).add(sum(lanes, 6, 14));
        x0 = x0.add(x2);
        FloatVector x1 = sum(lanes, 1, 9).add(sum(lanes, 5, 13));
        FloatVector x3 = sum(lanes, 3, 11).add(sum(lanes, 7, 15));
        x0.add(x1.add(x3)).intoArray(out, o);
    }

    private static FloatVector sum(float[] lanes, int l, int k) {
        return FloatVector.fromArray(SPECIES, lanes, l * WIDTH).add(FloatVector.fromArray(SPECIES, lanes, k * WIDTH));
    }

    static void sum(float[] x, int rows, int n, float[] sums) {
        float[] lanes = SCRATCH.get().lanes;
        for (int panel = 0; panel < Panels.count(rows); panel++) {
            sums(x, panel * Panels.stride(n), n, ROWS, lanes, sums, panel * ROWS);
        }
    }

    static void softmax(float[] x, int rows, int n, float[] largest, float[] sums) {
        Scratch scratch = SCRATCH.get();
        for (int panel = 0; panel < Panels.count(rows); panel++) {
            int at = panel * Panels.stride(n);
            for (int h = 0; h < ROWS; h += WIDTH) {
                largest(x, at + h, n, largest, panel * ROWS + h);
                exp(x, at + h, n, largest, panel * ROWS + h);
            }
            sums(x, at, n, ROWS, scratch.lanes, sums, panel * ROWS);
            for (int h = 0; h < ROWS; h += WIDTH) {
                divide(x, at + h, n, sums, panel * ROWS + h);
            }
        }
    }

    /**
     * Softmax of {@code scale * x}, in place, of a panel of rows of which the first sees {@code firstSees} elements and each one more than that
     * before, at most {@code n}; zeros behind.
     *
     * @param rows how many rows there are; what the others become is anything
     */
    static void causalSoftmax(float[] x, int at, int n, int firstSees, int rows, float scale) {
        Scratch scratch = SCRATCH.get();
        for (int h = 0; h < rows; h += WIDTH) {
            scale(x, at + h, n, scale);
            hide(x, at + h, firstSees + h, n, Float.NEGATIVE_INFINITY);
            largest(x, at + h, n, scratch.top, h);
            exp(x, at + h, n, scratch.top, h);
        }
        sums(x, at, n, rows, scratch.lanes, scratch.sums, 0);
        for (int h = 0; h < rows; h += WIDTH) {
            divide(x, at + h, n, scratch.sums, h);
            hide(x, at + h, firstSees + h, n, 0.0f);
        }
    }

    /** Its backward pass, in place: {@code dp = p * (dp - dot(p, dp)) * scale}, then zeros. */
    static void causalSoftmaxBackward(
            float[] p, int pi, float[] dp, int at, int n, int firstSees, int rows, float scale) {
        Scratch scratch = SCRATCH.get();
        for (int h = 0; h < rows; h += WIDTH) {
            hide(dp, at + h, firstSees + h, n, 0.0f);
        }
        dots(p, pi, dp, at, n, rows, scratch.lanes, scratch.sums, 0);
        for (int h = 0; h < rows; h += WIDTH) {
            differences(p, pi + h, dp, at + h, n, scratch.sums, h, scale);
            hide(dp, at + h, firstSees + h, n, 0.0f);
        }
    }

    private static void differences(float[] p, int pi, float[] dp, int at, int n, float[] dots, int o, float scale) {
        FloatVector dot = FloatVector.fromArray(SPECIES, dots, o);
        for (int i = 0; i < n; i++) {
            FloatVector.fromArray(SPECIES, p, pi + i * ROWS)
                    .mul(FloatVector.fromArray(SPECIES, dp, at + i * ROWS).sub(dot))
                    .mul(scale)
                    .intoArray(dp, at + i * ROWS);
        }
    }

    private static void scale(float[] x, int at, int n, float factor) {
        for (int i = 0; i < n; i++) {
            FloatVector.fromArray(SPECIES, x, at + i * ROWS).mul(factor).intoArray(x, at + i * ROWS);
        }
    }

    /** Sets what a row does not see: the first sees {@code firstSees} elements, each one more than that before. */
    private static void hide(float[] x, int at, int firstSees, int n, float value) {
        for (int i = Math.max(0, firstSees); i < n; i++) {
            VectorMask<Float> hidden = IOTA.compare(VectorOperators.LE, (float) (i - firstSees));
            FloatVector.fromArray(SPECIES, x, at + i * ROWS)
                    .blend(value, hidden)
                    .intoArray(x, at + i * ROWS);
        }
    }

    private static void largest(float[] x, int at, int n, float[] out, int o) {
        FloatVector top = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < n; i++) {
            top = top.max(FloatVector.fromArray(SPECIES, x, at + i * ROWS));
        }
        top.intoArray(out, o);
    }

    private static void divide(float[] x, int at, int n, float[] sums, int o) {
        FloatVector factor = FloatVector.broadcast(SPECIES, 1.0f).div(FloatVector.fromArray(SPECIES, sums, o));
        for (int i = 0; i < n; i++) {
            FloatVector.fromArray(SPECIES, x, at + i * ROWS).mul(factor).intoArray(x, at + i * ROWS);
        }
    }

    /** {@link Exp#exp} of {@code x - shift}, operation for operation, in place. */
    private static void exp(float[] x, int at, int n, float[] shifts, int o) {
        FloatVector shift = FloatVector.fromArray(SPECIES, shifts, o);
        for (int i = 0; i < n; i++) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, at + i * ROWS).sub(shift);
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
            VectorMask<Float> high = v.compare(VectorOperators.LE, Exp.HIGHEST).not();
            e.blend(0.0f, low).blend(v.mul(Float.POSITIVE_INFINITY), high).intoArray(x, at + i * ROWS);
        }
    }

    static void dropout(float[] x, float[] y, int rows, int n, long[] keys, float rate) {
        for (int panel = 0; panel < Panels.count(rows); panel++) {
            int at = panel * Panels.stride(n);
            dropout(x, at, y, at, n, keys, panel * ROWS, rate);
        }
    }

    /** {@link DropoutHash} of one panel of rows, whose keys are from {@code keys[first]} on; rows without one become anything. */
    static void dropout(float[] x, int xi, float[] y, int yi, int n, long[] keys, int first, float rate) {
        Scratch scratch = SCRATCH.get();
        for (int row = 0; row < ROWS && first + row < keys.length; row++) {
            scratch.low[row] = (int) keys[first + row];
            scratch.high[row] = (int) (keys[first + row] >>> 32);
        }
        for (int h = 0; h < ROWS; h += WIDTH) {
            drop(x, xi + h, y, yi + h, n, scratch.low, scratch.high, h, rate);
        }
    }

    private static void drop(
            float[] x, int xi, float[] y, int yi, int n, int[] lows, int[] highs, int lane, float rate) {
        FloatVector bounds = FloatVector.broadcast(SPECIES, DropoutHash.bound(rate));
        FloatVector scales = FloatVector.broadcast(SPECIES, DropoutHash.scale(rate));
        FloatVector zero = FloatVector.zero(SPECIES);
        IntVector low = IntVector.fromArray(INTS, lows, lane);
        IntVector high = IntVector.fromArray(INTS, highs, lane);
        for (int i = 0; i < n; i++) {
            IntVector h = low.add(i * DropoutHash.COLUMN);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT1));
            h = h.mul(DropoutHash.MULTIPLIER1).add(high);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, DropoutHash.SHIFT2));
            h = h.mul(DropoutHash.MULTIPLIER2).lanewise(VectorOperators.LSHR, DropoutHash.MANTISSA_SHIFT);
            FloatVector p = h.lanewise(VectorOperators.OR, DropoutHash.ONE).reinterpretAsFloats();
            FloatVector u = FloatVector.fromArray(SPECIES, x, xi + i * ROWS).mul(scales);
            zero.blend(u, p.compare(VectorOperators.GE, bounds)).intoArray(y, yi + i * ROWS);
        }
    }
}
