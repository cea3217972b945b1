package io.microgpt.kernel;

/** The reference: plain loops that say what every implementation must compute, to the bit. */
final class ScalarKernels implements Kernels {
    static final double RMS_EPSILON = 1e-5;

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
            int bColumn,
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
                    c[ci + j] = Math.fma(x, b[bp + j * bColumn], c[ci + j]);
                }
            }
        }
    }

    @Override
    public void pack(int k, int n, float[] b, int bOffset, int bRow, int bColumn, PackedMatrix packed) {
        packed.shape(ScalarKernels.class, k, n, (long) k * n);
        for (int p = 0; p < k; p++) {
            for (int j = 0; j < n; j++) {
                packed.values[p * n + j] = b[bOffset + p * bRow + j * bColumn];
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
            int aColumn,
            PackedMatrix b,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate) {
        b.require(ScalarKernels.class, k, n);
        matmul(m, n, k, a, aOffset, aRow, aColumn, b.values, 0, b.columns, 1, c, cOffset, cRow, accumulate);
    }

    @Override
    public void matmulByLeaves(
            int m, int n, LeafTree leaves, float[] a, int aRow, float[] b, int bRow, float[] c, int cOffset, int cRow) {
        leaves.requireAll();
        float[][] sums = new float[leaves.depth()][m * n];
        int top = -1;
        for (int op = 0; op < leaves.length(); op++) {
            int leaf = leaves.operation(op);
            if (leaf == LeafTree.ADD) {
                add(sums[top - 1], 0, sums[top], 0, m * n);
                top--;
            } else {
                int row = leaves.start(leaf);
                int k = leaves.start(leaf + 1) - row;
                matmul(m, n, k, a, row * aRow, 1, aRow, b, row * bRow, bRow, 1, sums[++top], 0, n, false);
            }
        }
        for (int i = 0; i < m; i++) {
            System.arraycopy(sums[0], i * n, c, cOffset + i * cRow, n);
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
    public void dropout(float[] x, int xOffset, float[] y, int yOffset, int n, long key, float rate) {
        float bound = DropoutHash.bound(rate);
        float scale = DropoutHash.scale(rate);
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = DropoutHash.number(key, i) < bound ? 0.0f : x[xOffset + i] * scale;
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

    @Override
    public void normaliseBackward(float[] y, float[] r, float[] dy, float[] dx, int rows, int n) {
        for (int row = 0; row < rows; row++) {
            float minusMean = -(dot(dy, row * n, y, row * n, n) / n);
            for (int i = row * n; i < (row + 1) * n; i++) {
                dx[i] = Math.fma(r[row], Math.fma(minusMean, y[i], dy[i]), dx[i]);
            }
        }
    }

    @Override
    public void softmax(
            float[] x, int offset, int rowDistance, int rows, int n, int growth, int width, float scale, float[] sums) {
        for (int row = 0; row < rows; row++) {
            int start = offset + row * rowDistance;
            int length = n + row * growth;
            scale(x, start, length, scale);
            float max = max(x, start, length);
            float sum = expSum(x, start, length, max);
            scale(x, start, length, 1.0f / sum);
            java.util.Arrays.fill(x, start + length, start + Math.max(length, width), 0.0f);
            if (sums != null) {
                sums[2 * row] = max;
                sums[2 * row + 1] = sum;
            }
        }
    }

    @Override
    public void softmaxBackward(
            float[] p,
            int pOffset,
            float[] dp,
            int offset,
            int rowDistance,
            int rows,
            int n,
            int growth,
            int width,
            float scale) {
        for (int row = 0; row < rows; row++) {
            int start = offset + row * rowDistance;
            int length = n + row * growth;
            int from = pOffset + row * rowDistance;
            float dot = dot(p, from, dp, start, length);
            for (int i = 0; i < length; i++) {
                dp[start + i] = p[from + i] * (dp[start + i] - dot) * scale;
            }
            java.util.Arrays.fill(dp, start + length, start + Math.max(length, width), 0.0f);
        }
    }

    @Override
    public void attention(
            float[] qkv,
            int q,
            int k,
            int v,
            int rowDistance,
            int size,
            int length,
            float scale,
            float[] weights,
            int weightsOffset,
            float[] out,
            int outOffset,
            int outRow) {
        ScalarAttention.forward(
                this, qkv, q, k, v, rowDistance, size, length, scale, weights, weightsOffset, out, outOffset, outRow);
    }

    @Override
    public void attentionBackward(
            float[] qkv,
            int q,
            int k,
            int v,
            int rowDistance,
            int size,
            int length,
            float scale,
            float[] weights,
            int weightsOffset,
            float[] dOut,
            int outOffset,
            int outRow,
            float[] dQkv) {
        ScalarAttention.backward(
                this,
                qkv,
                q,
                k,
                v,
                rowDistance,
                size,
                length,
                scale,
                weights,
                weightsOffset,
                dOut,
                outOffset,
                outRow,
                dQkv);
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
