package io.microgpt.kernel;

import java.util.Arrays;

/** The reference of products that pass over zeros: plain loops. */
final class ScalarSparse implements SparseKernels {
    private static final int ROWS = Panels.ROWS;

    @Override
    public double mostActive() {
        return MOST_ACTIVE;
    }

    @Override
    public void find(float[] x, int rows, int columns, Nonzeros nonzeros) {
        nonzeros.shape(rows, columns);
        for (int row = 0; row < Panels.count(rows) * ROWS; row += Byte.SIZE) {
            for (int i = 0; i < columns; i++) {
                int eight = 0;
                for (int r = 0; r < Byte.SIZE; r++) {
                    eight |= x[Panels.index(row + r, columns) + i * ROWS] <= 0.0f ? 0 : 1 << r;
                }
                nonzeros.bits()[nonzeros.index(row) + i] = (byte) eight;
            }
        }
    }

    @Override
    public void multiply(
            Nonzeros nonzeros,
            float[] x,
            float[] w,
            int wOffset,
            int wColumn,
            int wOut,
            int n,
            float[] c,
            boolean accumulate) {
        for (int row = 0; row < nonzeros.rows(); row++) {
            int xi = Panels.index(row, nonzeros.columns());
            int ci = Panels.index(row, n);
            for (int o = 0; o < n; o++) {
                float sum = accumulate ? c[ci + o * ROWS] : 0.0f;
                for (int i = 0; i < nonzeros.columns(); i++) {
                    if (nonzeros.has(row, i)) {
                        sum = Math.fma(x[xi + i * ROWS], w[wOffset + i * wColumn + o * wOut], sum);
                    }
                }
                c[ci + o * ROWS] = sum;
            }
        }
    }

    @Override
    public void gradients(
            Nonzeros nonzeros,
            LeafTree leaves,
            float[] x,
            float[] dx,
            float[] h,
            float[] dy,
            int n,
            float[] c,
            int c1,
            int c2,
            boolean accumulate) {
        leaves.requireAll();
        gradient(nonzeros, leaves, dx, h, n, c, c1, n, 1, accumulate);
        gradient(nonzeros, leaves, x, dy, n, c, c2, 1, nonzeros.columns(), accumulate);
    }

    private static void gradient(
            Nonzeros nonzeros,
            LeafTree leaves,
            float[] x,
            float[] d,
            int n,
            float[] c,
            int offset,
            int cColumn,
            int cOut,
            boolean accumulate) {
        int m = nonzeros.columns();
        float[][] sums = new float[leaves.depth()][m * n];
        for (int i = 0; i < m * n && accumulate; i++) {
            sums[0][i] = c[offset + i / n * cColumn + i % n * cOut];
        }
        int top = -1;
        for (int op = 0; op < leaves.length(); op++) {
            int leaf = leaves.operation(op);
            if (leaf == LeafTree.ADD) {
                for (int i = 0; i < m * n; i++) {
                    sums[top - 1][i] += sums[top][i];
                }
                top--;
                continue;
            }
            float[] sum = sums[++top];
            if (!accumulate) {
                Arrays.fill(sum, 0.0f);
            }
            for (int row = leaves.start(leaf); row < leaves.start(leaf + 1); row++) {
                int xi = Panels.index(row, m);
                int di = Panels.index(row, n);
                for (int i = 0; i < m; i++) {
                    for (int o = 0; o < n && nonzeros.has(row, i); o++) {
                        sum[i * n + o] = Math.fma(x[xi + i * ROWS], d[di + o * ROWS], sum[i * n + o]);
                    }
                }
            }
        }
        for (int i = 0; i < m * n; i++) {
            c[offset + i / n * cColumn + i % n * cOut] = sums[0][i];
        }
    }
}
