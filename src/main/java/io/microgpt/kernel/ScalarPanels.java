package io.microgpt.kernel;

import java.util.Arrays;

/** The reference of training's arithmetic: plain loops over panels. */
final class ScalarPanels implements PanelKernels {
    private static final int ROWS = Panels.ROWS;

    @Override
    public void multiply(
            int m,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            float[] c,
            int cOffset,
            int rows,
            boolean accumulate) {
        for (int panel = 0; panel < Panels.count(rows); panel++) {
            int bi = bOffset + panel * Panels.stride(k);
            for (int i = 0; i < m; i++) {
                int ci = cOffset + panel * Panels.stride(m) + i * ROWS;
                if (!accumulate) {
                    Arrays.fill(c, ci, ci + ROWS, 0.0f);
                }
                for (int p = 0; p < k; p++) {
                    addProduct(a[aOffset + i * aRow + p * aColumn], b, bi + p * ROWS, c, ci);
                }
            }
        }
    }

    /** {@code c += x * b}, of one panel's rows. */
    static void addProduct(float x, float[] b, int bi, float[] c, int ci) {
        for (int row = 0; row < ROWS; row++) {
            c[ci + row] = Math.fma(x, b[bi + row], c[ci + row]);
        }
    }

    @Override
    public void weightGradient(
            int m,
            int n,
            float[] a,
            int aOffset,
            float[] b,
            int bOffset,
            int from,
            int to,
            float[] c,
            int cOffset,
            boolean accumulate) {
        if (!accumulate) {
            Arrays.fill(c, cOffset, cOffset + m * n, 0.0f);
        }
        for (int row = from; row < to; row++) {
            int ai = aOffset + Panels.index(row, m);
            int bi = bOffset + Panels.index(row, n);
            for (int i = 0; i < m; i++) {
                float x = a[ai + i * ROWS];
                int ci = cOffset + i * n;
                for (int j = 0; j < n; j++) {
                    c[ci + j] = Math.fma(x, b[bi + j * ROWS], c[ci + j]);
                }
            }
        }
    }

    @Override
    public void weightGradient(int m, int n, float[] a, float[] b, LeafTree leaves, float[] c, int cOffset) {
        leaves.requireAll();
        float[][] sums = new float[leaves.depth()][m * n];
        int top = -1;
        for (int op = 0; op < leaves.length(); op++) {
            int leaf = leaves.operation(op);
            if (leaf == LeafTree.ADD) {
                for (int i = 0; i < m * n; i++) {
                    sums[top - 1][i] += sums[top][i];
                }
                top--;
            } else {
                weightGradient(m, n, a, 0, b, 0, leaves.start(leaf), leaves.start(leaf + 1), sums[++top], 0, false);
            }
        }
        System.arraycopy(sums[0], 0, c, cOffset, m * n);
    }

    @Override
    public void normalise(float[] x, float[] y, float[] r, int rows, int n) {
        for (int row = 0; row < Panels.count(rows) * ROWS; row++) {
            int at = Panels.index(row, n);
            r[row] = ScalarKernels.inverseRms(dot(x, at, x, at, n), n);
            for (int i = at; i < at + n * ROWS; i += ROWS) {
                y[i] = x[i] * r[row];
            }
        }
    }

    private static float dot(float[] x, int xi, float[] y, int yi, int n) {
        float[] lanes = new float[Kernels.LANES];
        for (int i = 0; i < n; i++) {
            int lane = i % Kernels.LANES;
            lanes[lane] = Math.fma(x[xi + i * ROWS], y[yi + i * ROWS], lanes[lane]);
        }
        return Lanes.fold(lanes);
    }

    @Override
    public void normaliseBackward(float[] y, float[] r, float[] dy, float[] dx, int rows, int n) {
        for (int row = 0; row < Panels.count(rows) * ROWS; row++) {
            int at = Panels.index(row, n);
            float minusMean = -(dot(dy, at, y, at, n) / n);
            for (int i = at; i < at + n * ROWS; i += ROWS) {
                dx[i] = Math.fma(r[row], Math.fma(minusMean, y[i], dy[i]), dx[i]);
            }
        }
    }

    @Override
    public void softmax(float[] x, int rows, int n, float[] largest, float[] sums) {
        for (int row = 0; row < Panels.count(rows) * ROWS; row++) {
            int at = Panels.index(row, n);
            largest[row] = max(x, at, n);
            sums[row] = softmax(x, at, n, largest[row]);
        }
    }

    private static float max(float[] x, int at, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[at + i * ROWS]);
        }
        return max;
    }

    /** Softmax in place. {@return the sum of exponentials} */
    private static float softmax(float[] x, int at, int n, float max) {
        float[] lanes = new float[Kernels.LANES];
        for (int i = 0; i < n; i++) {
            float e = Exp.exp(x[at + i * ROWS] - max);
            x[at + i * ROWS] = e;
            lanes[i % Kernels.LANES] += e;
        }
        float sum = Lanes.fold(lanes);
        float factor = 1.0f / sum;
        for (int i = 0; i < n; i++) {
            x[at + i * ROWS] *= factor;
        }
        return sum;
    }

    /**
     * Softmax of {@code scale * x} of the first {@code n} of {@code width} elements of one row, zeros behind them; elements are {@value Panels#ROWS}
     * apart.
     */
    static void causalSoftmax(float[] x, int at, int n, int width, float scale) {
        for (int i = 0; i < n; i++) {
            x[at + i * ROWS] *= scale;
        }
        softmax(x, at, n, max(x, at, n));
        for (int i = n; i < width; i++) {
            x[at + i * ROWS] = 0.0f;
        }
    }

    /** Its backward pass, in place: {@code dp = p * (dp - dot(p, dp)) * scale}, zeros behind. */
    static void causalSoftmaxBackward(float[] p, int pi, float[] dp, int at, int n, int width, float scale) {
        for (int i = n; i < width; i++) {
            dp[at + i * ROWS] = 0.0f;
        }
        float dot = dot(p, pi, dp, at, width); // zeros too: added to a lane of minus zero they make zero
        for (int i = 0; i < n; i++) {
            dp[at + i * ROWS] = p[pi + i * ROWS] * (dp[at + i * ROWS] - dot) * scale;
        }
    }

    @Override
    public void sum(float[] x, int rows, int n, float[] sums) {
        for (int row = 0; row < Panels.count(rows) * ROWS; row++) {
            int at = Panels.index(row, n);
            float[] lanes = new float[Kernels.LANES];
            for (int i = 0; i < n; i++) {
                lanes[i % Kernels.LANES] += x[at + i * ROWS];
            }
            sums[row] = Lanes.fold(lanes);
        }
    }

    @Override
    public void dropout(float[] x, float[] y, int rows, int n, long[] keys, float rate) {
        for (int row = 0; row < rows; row++) {
            int at = Panels.index(row, n);
            dropout(x, at, y, at, n, keys[row], rate);
        }
    }

    /** Of one row, whose elements are {@value Panels#ROWS} apart. */
    static void dropout(float[] x, int xi, float[] y, int yi, int n, long key, float rate) {
        float bound = DropoutHash.bound(rate);
        float scale = DropoutHash.scale(rate);
        for (int i = 0; i < n; i++) {
            y[yi + i * ROWS] = DropoutHash.number(key, i) < bound ? 0.0f : x[xi + i * ROWS] * scale;
        }
    }

    @Override
    public void toRows(float[] x, int rows, int n, float[] y) {
        for (int row = 0; row < rows; row++) {
            int at = Panels.index(row, n);
            for (int i = 0; i < n; i++) {
                y[row * n + i] = x[at + i * ROWS];
            }
        }
    }

    @Override
    public void attention(
            float[] qkv,
            int e,
            int heads,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] out) {
        for (int head = 0; head < heads; head++) {
            int at = weightsOffset + head * PanelKernels.attentionWeights(length);
            ScalarAttention.forward(qkv, e, head, e / heads, start, length, scale, keys, rate, weights, at, out);
        }
    }

    @Override
    public void attentionBackward(
            float[] qkv,
            int e,
            int heads,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] dOut,
            float[] dQkv) {
        for (int head = 0; head < heads; head++) {
            int at = weightsOffset + head * PanelKernels.attentionWeights(length);
            ScalarAttention.backward(
                    qkv, e, head, e / heads, start, length, scale, keys, rate, weights, at, dOut, dQkv);
        }
    }
}
