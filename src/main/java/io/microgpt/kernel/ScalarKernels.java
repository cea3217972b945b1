package io.microgpt.kernel;

/** The reference: plain loops that say what every implementation must compute, to the bit. */
final class ScalarKernels implements Kernels {
    static final double RMS_EPSILON = 1e-5;

    private final PanelKernels panels = new ScalarPanels();
    private final SparseKernels sparse = new ScalarSparse();

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public PanelKernels panels() {
        return panels;
    }

    @Override
    public SparseKernels sparse() {
        return sparse;
    }

    @Override
    public void pack(int n, int k, float[] matrix, int offset, PackedMatrix packed) {
        packed.shape(ScalarKernels.class, n, k, (long) n * k);
        for (int p = 0; p < k; p++) {
            for (int j = 0; j < n; j++) {
                packed.values[p * n + j] = matrix[offset + j * k + p];
            }
        }
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
        b.require(ScalarKernels.class, n, k);
        for (int i = 0; i < m; i++) {
            int ci = cOffset + i * cRow;
            if (!accumulate) {
                java.util.Arrays.fill(c, ci, ci + n, 0.0f);
            }
            // k outside, columns inside: each element still takes its products in ascending k.
            for (int p = 0; p < k; p++) {
                float x = a[aOffset + i * aRow + p];
                for (int j = 0; j < n; j++) {
                    c[ci + j] = Math.fma(x, b.values[p * n + j], c[ci + j]);
                }
            }
        }
    }

    @Override
    public float sum(float[] x, int offset, int n) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < n; i++) {
            lanes[i % LANES] += x[offset + i];
        }
        return Lanes.fold(lanes);
    }

    private static float dot(float[] x, int xOffset, float[] y, int yOffset, int n) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < n; i++) {
            lanes[i % LANES] = Math.fma(x[xOffset + i], y[yOffset + i], lanes[i % LANES]);
        }
        return Lanes.fold(lanes);
    }

    @Override
    public float max(float[] x, int offset, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[offset + i]);
        }
        return max;
    }

    @Override
    public float expSum(float[] x, int offset, int n, float shift) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < n; i++) {
            float e = Exp.exp(x[offset + i] - shift);
            x[offset + i] = e;
            lanes[i % LANES] += e;
        }
        return Lanes.fold(lanes);
    }

    @Override
    public void add(float[] y, int yOffset, float[] x, int xOffset, int n) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] += x[xOffset + i];
        }
    }

    @Override
    public void relu(float[] x, int offset, int n) {
        for (int i = 0; i < n; i++) {
            x[offset + i] = x[offset + i] > 0.0f ? x[offset + i] : 0.0f;
        }
    }

    @Override
    public void reluBackward(float[] y, int yOffset, float[] dy, int dyOffset, int n) {
        for (int i = 0; i < n; i++) {
            dy[dyOffset + i] = y[yOffset + i] > 0.0f ? dy[dyOffset + i] : 0.0f;
        }
    }

    @Override
    public void normalise(float[] x, float[] y, float[] r, int rows, int n) {
        for (int row = 0; row < rows; row++) {
            r[row] = inverseRms(dot(x, row * n, x, row * n, n), n);
            for (int i = row * n; i < (row + 1) * n; i++) {
                y[i] = x[i] * r[row];
            }
        }
    }

    static float inverseRms(float sumOfSquares, int n) {
        return (float) (1.0 / Math.sqrt(sumOfSquares / (double) n + RMS_EPSILON));
    }

    /** Softmax of {@code scale * x}, in place. */
    void softmax(float[] x, int offset, int n, float scale) {
        for (int i = offset; i < offset + n; i++) {
            x[i] *= scale;
        }
        float factor = 1.0f / expSum(x, offset, n, max(x, offset, n));
        for (int i = offset; i < offset + n; i++) {
            x[i] *= factor;
        }
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
        ScalarAttention.overCache(
                this, q, qOffset, heads, size, scale, pages, layer, positions, scores, out, outOffset);
    }

    @Override
    public double sumOfSquares(float[] x, int offset, int n) {
        double[] lanes = new double[LANES];
        for (int i = 0; i < n; i++) {
            double d = x[offset + i];
            lanes[i % LANES] = Math.fma(d, d, lanes[i % LANES]);
        }
        return Lanes.fold(lanes);
    }

    @Override
    public void adam(float[] w, float[] m, float[] v, float[] gradient, int offset, int n, AdamStep step) {
        float b1 = step.beta1();
        float c1 = step.oneMinusBeta1();
        float b2 = step.beta2();
        float c2 = step.oneMinusBeta2();
        for (int i = offset; i < offset + n; i++) {
            float g = gradient[i] * step.factor();
            m[i] = Math.fma(b1, m[i], c1 * g);
            v[i] = Math.fma(b2, v[i], c2 * g * g);
            float denominator = (float) Math.sqrt(v[i] * step.vScale()) + step.epsilon();
            float next = w[i] - step.rate() * m[i] / denominator;
            w[i] = next - step.decay() * next;
        }
    }
}
