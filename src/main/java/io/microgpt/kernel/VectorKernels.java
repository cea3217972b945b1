package io.microgpt.kernel;

import java.util.Optional;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The same arithmetic by the Vector API, with the other classes of this package whose names begin with Vector: they alone import
 * {@code jdk.incubator.vector}. Tails
 * that do not fill a register are done in scalar code of the same order, because masked loads are not compiled to
 * instructions on AVX2 by JDK 17.
 */
final class VectorKernels implements Kernels {
    static final VectorSpecies<Float> SPECIES = species();
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SPECIES.vectorShape());
    private static final int WIDTH = SPECIES.length();
    /** A part of a long array that stays in the first-level cache from pass to pass. */
    private static final int L1_FLOATS = 4096;

    private final Kernels scalar = new ScalarKernels();
    private final PanelKernels panels;
    private final SparseKernels sparse;

    VectorKernels() {
        this(new VectorPanelKernels(), new VectorSparse(SparseKernels.MOST_ACTIVE));
    }

    private VectorKernels(PanelKernels panels, SparseKernels sparse) {
        this.panels = panels;
        this.sparse = sparse;
    }

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
    public PanelKernels panels() {
        return panels;
    }

    @Override
    public Optional<Kernels> dividing() {
        // Sparse products are not divided: they are worth it where few units are on.
        return Optional.of(new VectorKernels(new VectorDividedPanels(), new VectorSparse(0.1)));
    }

    @Override
    public SparseKernels sparse() {
        return sparse;
    }

    @Override
    public void pack(int n, int k, float[] matrix, int offset, PackedMatrix packed) {
        VectorMatmul.pack(n, k, matrix, offset, packed);
    }

    @Override
    public void matmul(
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            PackedMatrix b,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate) {
        VectorMatmul.matmul(m, n, k, a, aOffset, aRow, b, c, cOffset, cRow, accumulate);
    }

    @Override
    public float sum(float[] x, int offset, int n) {
        return VectorRows.sum(x, offset, n);
    }

    @Override
    public float max(float[] x, int offset, int n) {
        return VectorRows.max(x, offset, n);
    }

    @Override
    public float expSum(float[] x, int offset, int n, float shift) {
        return VectorRows.expSum(x, offset, n, shift);
    }

    @Override
    public void normalise(float[] x, float[] y, float[] r, int rows, int n) {
        VectorRows.normalise(x, y, r, rows, n);
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
    public void attend(
            float[] q,
            int qOffset,
            int heads,
            int size,
            float scale,
            float[][] pages,
            int layer,
            int positions,
            float[] scores,
            float[] out,
            int outOffset) {
        int e = heads * size;
        int padded = Kernels.padded(positions);
        int keys = CachePage.keys(layer, e);
        int values = CachePage.values(layer, e);
        for (int t = 0; t < positions; t += CachePage.POSITIONS) {
            float[] page = pages[t / CachePage.POSITIONS];
            VectorCachedAttention.scores(q, qOffset, heads, size, page, keys, scores, t, padded);
        }
        // Of the last page all scores are there; of what it has too many nothing is looked at.
        VectorRows.softmax(scores, padded, heads, positions, scale);
        java.util.Arrays.fill(out, outOffset, outOffset + e, 0.0f);
        for (int t = 0; t < positions; t += CachePage.POSITIONS) {
            int slots = Math.min(CachePage.POSITIONS, positions - t);
            float[] page = pages[t / CachePage.POSITIONS];
            VectorCachedAttention.values(heads, size, slots, scores, t, padded, page, values, out, outOffset);
        }
    }

    @Override
    public double sumOfSquares(float[] x, int offset, int n) {
        double[] acc = new double[LANES];
        int full = n - n % LANES;
        for (int from = 0; from < full && from >= 0; from += L1_FLOATS) {
            int end = offset + from + Math.min(full - from, L1_FLOATS);
            for (int l = 0; l < LANES; l += WIDTH) {
                squares(x, offset + from + l, end, acc, l);
            }
        }
        for (int i = full; i < n; i++) {
            double d = x[offset + i];
            acc[i - full] = Math.fma(d, d, acc[i - full]);
        }
        return Lanes.fold(acc);
    }

    /** Of some lanes, each half of them as doubles. (A second float species, of half the length, would spoil C2's type profiles of the first.) */
    private static void squares(float[] x, int start, int end, double[] acc, int l) {
        DoubleVector low = DoubleVector.fromArray(DOUBLES, acc, l);
        DoubleVector high = DoubleVector.fromArray(DOUBLES, acc, l + WIDTH / 2);
        for (int i = start; i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, i);
            DoubleVector d = (DoubleVector) v.convertShape(VectorOperators.F2D, DOUBLES, 0);
            DoubleVector e = (DoubleVector) v.convertShape(VectorOperators.F2D, DOUBLES, 1);
            low = d.fma(d, low);
            high = e.fma(e, high);
        }
        low.intoArray(acc, l);
        high.intoArray(acc, l + WIDTH / 2);
    }

    @Override
    public void adam(float[] w, float[] m, float[] v, float[] gradient, int offset, int n, AdamStep step) {
        FloatVector b1 = FloatVector.broadcast(SPECIES, step.beta1());
        FloatVector b2 = FloatVector.broadcast(SPECIES, step.beta2());
        int i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            int o = offset + i;
            FloatVector gi = FloatVector.fromArray(SPECIES, gradient, o).mul(step.factor());
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
        scalar.adam(w, m, v, gradient, offset + i, n - i, step);
    }
}
