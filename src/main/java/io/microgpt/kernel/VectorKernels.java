package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The same arithmetic by the Vector API: the only importer of {@code jdk.incubator.vector}, with {@link VectorMatmul}. Tails
 * that do not fill a register are done in scalar code of the same order, because masked loads are not compiled to
 * instructions on AVX2 by JDK 17.
 */
final class VectorKernels implements Kernels {
    static final VectorSpecies<Float> SPECIES = species();
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SPECIES.vectorShape());
    private static final int WIDTH = SPECIES.length();

    private final ThreadLocal<float[]> lanes = ThreadLocal.withInitial(() -> new float[LANES]);
    private final Kernels scalar = new ScalarKernels();

    /** The preferred shape, but no wider than the virtual lanes. */
    private static VectorSpecies<Float> species() {
        VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
        return preferred.length() > LANES ? FloatVector.SPECIES_512 : preferred;
    }

    @Override
    public String name() {
        return "vector (" + SPECIES.vectorBitSize() + " bits)";
    }

    @Override
    public void matmul(
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
        VectorMatmul.matmul(m, n, k, a, aOffset, aRow, aColumn, b, bOffset, bRow, c, cOffset, cRow, accumulate);
    }

    // A reduction walks blocks of LANES elements; inside a block, vector by vector. The accumulators of one block
    // stand in an array of LANES floats, so that any register width folds the same tree.

    @Override
    public float sum(float[] x, int offset, int n) {
        float[] acc = clearedLanes();
        int full = n - n % LANES;
        for (int l = 0; l < LANES; l += WIDTH) {
            FloatVector s = FloatVector.zero(SPECIES);
            for (int i = l; i < full; i += LANES) {
                s = s.add(FloatVector.fromArray(SPECIES, x, offset + i));
            }
            s.intoArray(acc, l);
        }
        for (int i = full; i < n; i++) {
            acc[i - full] += x[offset + i];
        }
        return Lanes.fold(acc);
    }

    @Override
    public float dot(float[] x, int xOffset, float[] y, int yOffset, int n) {
        float[] acc = clearedLanes();
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

    @Override
    public float max(float[] x, int offset, int n) {
        float max = Float.NEGATIVE_INFINITY;
        int i = 0;
        if (n >= WIDTH) {
            FloatVector m = FloatVector.fromArray(SPECIES, x, offset);
            for (i = WIDTH; i + WIDTH <= n; i += WIDTH) {
                m = m.max(FloatVector.fromArray(SPECIES, x, offset + i));
            }
            float[] acc = lanes.get();
            m.intoArray(acc, 0);
            for (int j = 0; j < WIDTH; j++) {
                max = Math.max(max, acc[j]);
            }
        }
        for (; i < n; i++) {
            max = Math.max(max, x[offset + i]);
        }
        return max;
    }

    @Override
    public float expSum(float[] x, int offset, int n, float shift) {
        float[] acc = clearedLanes();
        int full = n - n % LANES;
        for (int l = 0; l < LANES; l += WIDTH) {
            FloatVector s = FloatVector.zero(SPECIES);
            for (int i = l; i < full; i += LANES) {
                FloatVector e =
                        exp(FloatVector.fromArray(SPECIES, x, offset + i).sub(shift));
                e.intoArray(x, offset + i);
                s = s.add(e);
            }
            s.intoArray(acc, l);
        }
        for (int i = full; i < n; i++) {
            float e = Exp.exp(x[offset + i] - shift);
            x[offset + i] = e;
            acc[i - full] += e;
        }
        return Lanes.fold(acc);
    }

    /** {@link Exp#exp}, operation for operation. */
    private static FloatVector exp(FloatVector x) {
        FloatVector t = x.fma(FloatVector.broadcast(SPECIES, Exp.LOG2_E), FloatVector.broadcast(SPECIES, Exp.ROUND));
        FloatVector n = t.sub(Exp.ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, Exp.MINUS_LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(SPECIES, Exp.MINUS_LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(SPECIES, Exp.P0).fma(r, FloatVector.broadcast(SPECIES, Exp.P1));
        p = p.fma(r, FloatVector.broadcast(SPECIES, Exp.P2));
        p = p.fma(r, FloatVector.broadcast(SPECIES, Exp.P3));
        p = p.fma(r, FloatVector.broadcast(SPECIES, Exp.P4));
        p = p.fma(r, FloatVector.broadcast(SPECIES, Exp.P5));
        p = p.mul(r).fma(r, r).add(1.0f);
        IntVector power = t.viewAsIntegralLanes().reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        IntVector bits = p.viewAsIntegralLanes().reinterpretAsInts().add(power);
        FloatVector e = bits.reinterpretAsFloats();
        VectorMask<Float> low = x.compare(VectorOperators.LT, Exp.LOWEST);
        VectorMask<Float> high = x.compare(VectorOperators.LE, Exp.HIGHEST).not();
        return e.blend(0.0f, low).blend(x.mul(Float.POSITIVE_INFINITY), high);
    }

    @Override
    public void scale(float[] x, int offset, int n, float factor) {
        int i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            FloatVector.fromArray(SPECIES, x, offset + i).mul(factor).intoArray(x, offset + i);
        }
        scalar.scale(x, offset + i, n - i, factor);
    }

    @Override
    public void add(float[] y, int yOffset, float[] x, int xOffset, int n) {
        int i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            FloatVector.fromArray(SPECIES, y, yOffset + i)
                    .add(FloatVector.fromArray(SPECIES, x, xOffset + i))
                    .intoArray(y, yOffset + i);
        }
        scalar.add(y, yOffset + i, x, xOffset + i, n - i);
    }

    @Override
    public void relu(float[] x, int offset, int n) {
        int i = 0;
        FloatVector zero = FloatVector.zero(SPECIES);
        for (; i + WIDTH <= n; i += WIDTH) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, offset + i);
            zero.blend(v, v.compare(VectorOperators.GT, 0.0f)).intoArray(x, offset + i);
        }
        scalar.relu(x, offset + i, n - i);
    }

    @Override
    public void reluBackward(float[] y, int yOffset, float[] dy, int dyOffset, int n) {
        int i = 0;
        FloatVector zero = FloatVector.zero(SPECIES);
        for (; i + WIDTH <= n; i += WIDTH) {
            VectorMask<Float> on =
                    FloatVector.fromArray(SPECIES, y, yOffset + i).compare(VectorOperators.GT, 0.0f);
            zero.blend(FloatVector.fromArray(SPECIES, dy, dyOffset + i), on).intoArray(dy, dyOffset + i);
        }
        scalar.reluBackward(y, yOffset + i, dy, dyOffset + i, n - i);
    }

    @Override
    public void rmsBackward(
            float[] y, int yOffset, float r, float[] dy, int dyOffset, float[] dx, int dxOffset, int n) {
        float mean = dot(dy, dyOffset, y, yOffset, n) / n;
        FloatVector minusMean = FloatVector.broadcast(SPECIES, -mean);
        FloatVector factor = FloatVector.broadcast(SPECIES, r);
        int i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            FloatVector t = minusMean.fma(
                    FloatVector.fromArray(SPECIES, y, yOffset + i), FloatVector.fromArray(SPECIES, dy, dyOffset + i));
            factor.fma(t, FloatVector.fromArray(SPECIES, dx, dxOffset + i)).intoArray(dx, dxOffset + i);
        }
        for (; i < n; i++) {
            float t = Math.fma(-mean, y[yOffset + i], dy[dyOffset + i]);
            dx[dxOffset + i] = Math.fma(r, t, dx[dxOffset + i]);
        }
    }

    @Override
    public void softmaxBackward(float[] p, int pOffset, float[] dp, int dpOffset, int n, float factor) {
        float d = dot(p, pOffset, dp, dpOffset, n);
        int i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            FloatVector.fromArray(SPECIES, p, pOffset + i)
                    .mul(FloatVector.fromArray(SPECIES, dp, dpOffset + i).sub(d))
                    .mul(factor)
                    .intoArray(dp, dpOffset + i);
        }
        for (; i < n; i++) {
            dp[dpOffset + i] = p[pOffset + i] * (dp[dpOffset + i] - d) * factor;
        }
    }

    @Override
    public double sumOfSquares(float[] x, int offset, int n) {
        return scalar.sumOfSquares(x, offset, n);
    }

    @Override
    public void adam(float[] w, float[] m, float[] v, float[] g, int offset, int n, AdamStep step) {
        FloatVector b1 = FloatVector.broadcast(SPECIES, step.beta1());
        FloatVector b2 = FloatVector.broadcast(SPECIES, step.beta2());
        int i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            int o = offset + i;
            FloatVector gi = FloatVector.fromArray(SPECIES, g, o);
            FloatVector mi = b1.fma(FloatVector.fromArray(SPECIES, m, o), gi.mul(step.oneMinusBeta1()));
            FloatVector vi = b2.fma(
                    FloatVector.fromArray(SPECIES, v, o),
                    gi.mul(step.oneMinusBeta2()).mul(gi));
            mi.intoArray(m, o);
            vi.intoArray(v, o);
            FloatVector denominator = vi.mul(step.vScale()).sqrt().add(step.epsilon());
            FloatVector next =
                    FloatVector.fromArray(SPECIES, w, o).sub(mi.mul(step.rate()).div(denominator));
            next.sub(next.mul(step.decay())).intoArray(w, o);
        }
        scalar.adam(w, m, v, g, offset + i, n - i, step);
    }

    private float[] clearedLanes() {
        float[] acc = lanes.get();
        java.util.Arrays.fill(acc, 0.0f);
        return acc;
    }
}
