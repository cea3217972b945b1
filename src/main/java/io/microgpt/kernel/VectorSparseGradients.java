package io.microgpt.kernel;

import static io.microgpt.kernel.VectorStrips.ALIGNED;
import static io.microgpt.kernel.VectorStrips.WIDE;
import static io.microgpt.kernel.VectorStrips.width;

/** Gradients of the matrices around relu: of each column its list of rows, of each of these a row of the other side. */
final class VectorSparseGradients {
    private static final int ROWS = Panels.ROWS;
    private static final int BLOCK = NonzeroLists.BLOCK;
    /** Columns whose sums wait together, 64 KB in a strip. */
    private static final int COLUMNS = 256;

    private static final class Scratch {
        final NonzeroLists lists = new NonzeroLists();
        float[] b = {}; // (rows of all leaves, columns of a strip), from ALIGNED on
        float[] xValues = {}; // of x, as they are listed
        float[] dxValues = {};
        float[] sums = {}; // (depth of the tree, COLUMNS, columns of a strip)
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorSparseGradients() {}

    static void gradients(
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
        Scratch scratch = SCRATCH.get();
        int columns = nonzeros.columns();
        scratch.lists.byColumn(nonzeros, leaves);
        values(leaves, x, dx, columns, scratch);
        scratch.sums = VectorChunks.grown(scratch.sums, leaves.depth() * COLUMNS * WIDE);
        for (int o = 0; o < n; o += width(n - o)) {
            int width = width(n - o);
            int some = Math.min(width, n - o);
            strip(h, n, o, width, leaves, scratch);
            for (int i = 0; i < columns; i += COLUMNS) {
                int count = Math.min(COLUMNS, columns - i);
                int ci = c1 + i * n + o;
                if (accumulate) {
                    take(count, some, c, ci, n, scratch.sums, width);
                }
                tree(scratch.dxValues, i, count, leaves, scratch, width, accumulate);
                give(count, some, scratch.sums, width, c, ci, n);
            }
            strip(dy, n, o, width, leaves, scratch);
            for (int i = 0; i < columns; i += COLUMNS) {
                int count = Math.min(COLUMNS, columns - i);
                int ci = c2 + o * columns + i;
                if (accumulate) {
                    VectorStrips.across(count, some, c, ci, columns, scratch.sums, 0, width);
                }
                tree(scratch.xValues, i, count, leaves, scratch, width, accumulate);
                VectorStrips.giveAcross(count, some, scratch.sums, 0, width, c, ci, columns);
            }
        }
    }

    /** Some channels of the rows of all leaves, row after row from the first of a panel on. */
    private static void strip(float[] d, int n, int channel, int width, LeafTree leaves, Scratch scratch) {
        int first = leaves.start(0) / ROWS;
        int last = Panels.count(leaves.start(0) + leaves.rows());
        scratch.b = VectorStrips.room(scratch.b, (last - first) * ROWS * WIDE + ROWS);
        for (int panel = first; panel < last; panel++) {
            int from = panel * Panels.stride(n) + channel * ROWS;
            int to = ALIGNED + (panel - first) * ROWS * width;
            for (int i = 0; i < Math.min(width, n - channel); i += ROWS) {
                VectorChunks.transpose(d, from + i * ROWS, scratch.b, to + i, width, ROWS);
            }
        }
    }

    /** Runs the program of the tree for some columns and one strip. */
    private static void tree(
            float[] values, int i, int count, LeafTree leaves, Scratch scratch, int width, boolean accumulate) {
        int top = -1;
        int block = 0;
        for (int op = 0; op < leaves.length(); op++) {
            int leaf = leaves.operation(op);
            if (leaf == LeafTree.ADD) {
                VectorProducts.add(scratch.sums, (top - 1) * COLUMNS * WIDE, top * COLUMNS * WIDE, count * width);
                top--;
                continue;
            }
            int sums = ++top * COLUMNS * WIDE;
            int end = leaves.start(leaf + 1);
            boolean begun = accumulate;
            if (end == leaves.start(leaf) && !begun) {
                java.util.Arrays.fill(scratch.sums, sums, sums + count * width, 0.0f);
            }
            for (int row = leaves.start(leaf); row < end; row += BLOCK) {
                int panel = row / ROWS;
                int bi = ALIGNED + (panel - leaves.start(0) / ROWS) * ROWS * width;
                sum(values, scratch, block++, i, count, bi, width, sums, begun);
                begun = true;
            }
        }
    }

    /** One block of rows, for some columns. */
    private static void sum(
            float[] values,
            Scratch scratch,
            int block,
            int i,
            int count,
            int bi,
            int width,
            int sums,
            boolean accumulate) {
        NonzeroLists lists = scratch.lists;
        float[] from = accumulate ? scratch.sums : VectorStrips.ZEROS;
        for (int k = 0; k < count; k++) {
            int start = lists.columnStart(block, i + k);
            int end = lists.columnEnd(block, i + k);
            int ci = sums + k * width;
            int fi = accumulate ? ci : 0;
            VectorStrips.add(width, lists.list(), start, end, values, scratch.b, bi, from, fi, scratch.sums, ci);
        }
    }

    private static void values(LeafTree leaves, float[] x, float[] dx, int columns, Scratch scratch) {
        NonzeroLists lists = scratch.lists;
        scratch.xValues = VectorChunks.grown(scratch.xValues, lists.size());
        scratch.dxValues = VectorChunks.grown(scratch.dxValues, lists.size());
        int stride = Panels.stride(columns);
        int block = 0;
        for (int leaf = 0; leaf < leaves.leaves(); leaf++) {
            for (int row = leaves.start(leaf); row < leaves.start(leaf + 1); row += BLOCK) {
                int xi = row / ROWS * stride;
                for (int i = 0; i < columns; i++) {
                    int start = lists.columnStart(block, i);
                    int end = lists.columnEnd(block, i);
                    gather(lists.list(), start, end, x, dx, xi + i * ROWS, stride, scratch.xValues, scratch.dxValues);
                }
                block++;
            }
        }
    }

    /** Of two matrices {@code values[j] = x[list[j]]} for a part of a list of rows, whose panels are {@code stride} apart. */
    private static void gather(
            byte[] list,
            int start,
            int end,
            float[] x,
            float[] dx,
            int from,
            int stride,
            float[] xValues,
            float[] dxValues) {
        for (int j = start; j < end; j++) {
            int at = from + (list[j] & 15) + (list[j] >> 4) * stride;
            xValues[j] = x[at];
            dxValues[j] = dx[at];
        }
    }

    private static void take(int count, int n, float[] c, int ci, int cRow, float[] sums, int width) {
        for (int k = 0; k < count; k++) {
            System.arraycopy(c, ci + k * cRow, sums, k * width, n);
        }
    }

    private static void give(int count, int n, float[] sums, int width, float[] c, int ci, int cRow) {
        for (int k = 0; k < count; k++) {
            System.arraycopy(sums, k * width, c, ci + k * cRow, n);
        }
    }
}
