package io.microgpt.kernel;

/** The reference: plain loops that say what every implementation must compute, to the bit. */
final class ScalarKernels implements Kernels {
    @Override
    public String name() {
        return "scalar";
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
        for (int i = 0; i < m; i++) {
            int ci = cOffset + i * cRow;
            if (!accumulate) {
                java.util.Arrays.fill(c, ci, ci + n, 0.0f);
            }
            // k outside, columns inside: each element still takes its products in ascending k.
            for (int p = 0; p < k; p++) {
                float x = a[aOffset + i * aRow + p * aColumn];
                int bp = bOffset + p * bRow;
                for (int j = 0; j < n; j++) {
                    c[ci + j] = Math.fma(x, b[bp + j], c[ci + j]);
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

    @Override
    public float dot(float[] x, int xOffset, float[] y, int yOffset, int n) {
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
    public void scale(float[] x, int offset, int n, float factor) {
        for (int i = 0; i < n; i++) {
            x[offset + i] *= factor;
        }
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
    public void rmsBackward(
            float[] y, int yOffset, float r, float[] dy, int dyOffset, float[] dx, int dxOffset, int n) {
        float mean = dot(dy, dyOffset, y, yOffset, n) / n;
        for (int i = 0; i < n; i++) {
            float t = Math.fma(-mean, y[yOffset + i], dy[dyOffset + i]);
            dx[dxOffset + i] = Math.fma(r, t, dx[dxOffset + i]);
        }
    }

    @Override
    public void softmaxBackward(float[] p, int pOffset, float[] dp, int dpOffset, int n, float factor) {
        float d = dot(p, pOffset, dp, dpOffset, n);
        for (int i = 0; i < n; i++) {
            dp[dpOffset + i] = p[pOffset + i] * (dp[dpOffset + i] - d) * factor;
        }
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
    public void adam(float[] w, float[] m, float[] v, float[] g, int offset, int n, AdamStep step) {
        float b1 = step.beta1();
        float c1 = step.oneMinusBeta1();
        float b2 = step.beta2();
        float c2 = step.oneMinusBeta2();
        for (int i = offset; i < offset + n; i++) {
            m[i] = Math.fma(b1, m[i], c1 * g[i]);
            v[i] = Math.fma(b2, v[i], c2 * g[i] * g[i]);
            float denominator = (float) Math.sqrt(v[i] * step.vScale()) + step.epsilon();
            float next = w[i] - step.rate() * m[i] / denominator;
            w[i] = next - step.decay() * next;
        }
    }
}
