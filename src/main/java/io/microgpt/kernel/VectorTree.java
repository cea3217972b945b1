package io.microgpt.kernel;

/**
 * Products summed leaf by leaf and added in a tree, a strip of {@code c} at a time: what waits for its sibling waits in the cache,
 * where whole matrices would go through memory once a leaf and once more an addition (3 to 5 % of a step of Shakespeare's shape
 * with eight leaves, and eight gradients in memory for one).
 */
final class VectorTree {
    private static final int MR = VectorPanels.MR;
    private static final int AR = VectorPanels.AR;
    private static final int NR = VectorPanels.NR;
    private static final int KC = VectorPanels.KC;

    private static final class Scratch {
        float[] a = {};
        float[] b = {};
        float[] sums = {}; // (depth, rows of a block, NR)
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorTree() {}

    static void matmul(
            Kernels kernels,
            int m,
            int n,
            LeafTree leaves,
            float[] a,
            int aRow,
            float[] b,
            int bRow,
            float[] c,
            int cOffset,
            int cRow) {
        leaves.requireAll();
        Scratch scratch = SCRATCH.get();
        int k = leaves.rows();
        int block = VectorMatmul.MC;
        int strip = Math.min(block, (m + MR - 1) / MR * MR) * NR;
        scratch.a = grown(scratch.a, block / MR * AR * k);
        scratch.b = grown(scratch.b, Math.min(VectorMatmul.NC, VectorPanels.padded(n)) * k);
        scratch.sums = grown(scratch.sums, leaves.depth() * strip);
        for (int j0 = 0; j0 < n; j0 += VectorMatmul.NC) {
            int columns = Math.min(VectorMatmul.NC, n - j0);
            int padded = VectorPanels.padded(columns);
            for (int leaf = 0; leaf < leaves.leaves(); leaf++) {
                for (int p = leaves.start(leaf); p < leaves.start(leaf + 1); p += KC) {
                    int depth = Math.min(KC, leaves.start(leaf + 1) - p);
                    int at = padded * (p - leaves.start(0));
                    VectorPanels.packColumns(depth, columns, b, p * bRow + j0, bRow, 1, scratch.b, at);
                }
            }
            for (int i0 = 0; i0 < m; i0 += block) {
                int rows = Math.min(block, m - i0);
                packRows(rows, leaves, a, i0, aRow, scratch.a);
                for (int j = 0; j < columns; j += NR) {
                    strip(kernels, rows, j, padded, leaves, scratch, strip);
                    int wanted = Math.min(NR, columns - j);
                    for (int i = 0; i < rows; i++) {
                        int ci = cOffset + (i0 + i) * cRow + j0 + j;
                        System.arraycopy(scratch.sums, i * NR, c, ci, wanted);
                    }
                }
            }
        }
    }

    private static float[] grown(float[] array, int size) {
        return array.length < size ? new float[size] : array;
    }

    private static void packRows(int rows, LeafTree leaves, float[] a, int i0, int aRow, float[] out) {
        int panels = (rows + MR - 1) / MR;
        for (int leaf = 0; leaf < leaves.leaves(); leaf++) {
            for (int p = leaves.start(leaf); p < leaves.start(leaf + 1); p += KC) {
                int depth = Math.min(KC, leaves.start(leaf + 1) - p);
                int at = panels * AR * (p - leaves.start(0));
                VectorPanels.packRows(depth, rows, a, p * aRow + i0, 1, aRow, out, at);
            }
        }
    }

    /** Runs the program for one strip: all rows of the block by NR columns. */
    private static void strip(
            Kernels kernels, int rows, int j, int padded, LeafTree leaves, Scratch scratch, int strip) {
        int top = -1;
        for (int op = 0; op < leaves.length(); op++) {
            int leaf = leaves.operation(op);
            if (leaf == LeafTree.ADD) {
                kernels.add(scratch.sums, (top - 1) * strip, scratch.sums, top * strip, rows * NR);
                top--;
            } else {
                top++;
                product(rows, j, padded, leaves, leaf, scratch, top * strip);
            }
        }
    }

    private static void product(int rows, int j, int padded, LeafTree leaves, int leaf, Scratch scratch, int sums) {
        int panels = (rows + MR - 1) / MR;
        int first = leaves.start(leaf);
        if (first == leaves.start(leaf + 1)) {
            java.util.Arrays.fill(scratch.sums, sums, sums + panels * MR * NR, 0.0f);
        }
        for (int p = first; p < leaves.start(leaf + 1); p += KC) {
            int depth = Math.min(KC, leaves.start(leaf + 1) - p);
            int ai = panels * AR * (p - leaves.start(0));
            int bi = padded * (p - leaves.start(0)) + j * depth;
            for (int i = 0; i < panels; i++) {
                int to = sums + i * MR * NR;
                int from = ai + i * AR * depth;
                if (p == first) {
                    VectorTile.multiply(
                            depth, scratch.a, from, scratch.b, bi, VectorMatmul.ZEROS, 0, 0, scratch.sums, to, NR);
                } else {
                    VectorTile.multiply(
                            depth, scratch.a, from, scratch.b, bi, scratch.sums, to, NR, scratch.sums, to, NR);
                }
            }
        }
    }
}
