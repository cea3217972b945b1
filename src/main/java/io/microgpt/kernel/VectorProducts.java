package io.microgpt.kernel;

import static io.microgpt.kernel.VectorTile.SPAN;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products with weights and gradients of weights, in blocks that stay in the caches (Goto and van de Geijn, 2008). Activations are read where
 * they lie on the right side; weights, and both sides of a gradient, are copied. Whatever the blocks, an element takes its products in ascending
 * order: the sum so far waits in {@code c}.
 */
final class VectorProducts {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = Panels.ROWS;
    private static final int TILE = Panels.TILE;
    /** Steps of a block: of a panel these are 16 KB, half of the first-level cache. */
    private static final int STEPS = 256;
    /** Floats of the left side of a block, a third more with its padding: 256 KB, half of the second-level cache. */
    private static final int BLOCK = 1 << 16;

    private static final class Scratch {
        float[] a = {}; // chunks
        float[] b = {}; // (strips of ROWS columns, rows, ROWS)
        float[] sums = {}; // (depth, SPAN, rows of a block, ROWS)
        final LeafTree rows = new LeafTree(new int[1]); // of one leaf
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorProducts() {}

    static void multiply(
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
            int cStride,
            int rows,
            boolean accumulate) {
        Scratch scratch = SCRATCH.get();
        int most = BLOCK / STEPS / VectorTile.A_ROWS * TILE;
        int depths = Math.max(1, (k + STEPS - 1) / STEPS);
        int blocks = (m + most - 1) / most;
        for (int n = 0; n < depths * blocks; n++) {
            // In the order in which a lies in memory: of a large one, no page is left and come back to.
            int p = (aColumn == 1 ? n % depths : n / blocks) * STEPS;
            int i = (aColumn == 1 ? n / depths : n % blocks) * most;
            int steps = Math.min(STEPS, k - p);
            int some = Math.min(most, m - i);
            int ai = aOffset + i * aRow + p * aColumn;
            scratch.a = VectorChunks.grown(scratch.a, (some + TILE - 1) / TILE * VectorChunks.tile(steps) + ROWS);
            if (aColumn == 1) {
                VectorChunks.rows(some, steps, a, ai, aRow, scratch.a);
            } else {
                VectorChunks.columns(some, steps, a, ai, aColumn, scratch.a);
            }
            int bi = bOffset + p * ROWS;
            int ci = cOffset + i * ROWS;
            boolean add = accumulate || p > 0;
            block(some, steps, scratch.a, b, bi, Panels.stride(k), c, ci, cStride, Panels.count(rows), add);
        }
    }

    private static void block(
            int m,
            int k,
            float[] a,
            float[] b,
            int bOffset,
            int bStride,
            float[] c,
            int cOffset,
            int cStride,
            int panels,
            boolean accumulate) {
        int tile = VectorChunks.tile(k);
        float[] from = accumulate ? c : VectorTile.ZEROS;
        int fRow = accumulate ? ROWS : 0;
        for (int panel = 0; panel < panels; panel += SPAN) {
            boolean two = SPAN == 2 && panel + 1 < panels;
            int bi = bOffset + panel * bStride;
            int bNext = two ? bStride : 0;
            int cNext = two ? cStride : 0;
            for (int i = 0; i < m; i += TILE) {
                int ai = i / TILE * tile;
                int ci = cOffset + panel * cStride + i * ROWS;
                int fi = accumulate ? ci : 0;
                int fNext = accumulate ? cNext : 0;
                VectorTile.multiply(k, a, ai, b, bi, bNext, from, fi, fRow, fNext, c, ci, ROWS, cNext);
            }
        }
    }

    static void weightGradient(
            int m,
            int n,
            float[] a,
            int aOffset,
            int aStride,
            float[] b,
            int bOffset,
            int from,
            int to,
            float[] c,
            int cOffset,
            boolean accumulate) {
        LeafTree rows = SCRATCH.get().rows;
        rows.clear();
        rows.leaf(from);
        rows.end(to);
        gradient(m, n, a, aOffset, aStride, b, bOffset, rows, c, cOffset, accumulate);
    }

    static void weightGradient(
            int m, int n, float[] a, int aOffset, int aStride, float[] b, LeafTree leaves, float[] c, int cOffset) {
        leaves.requireAll();
        gradient(m, n, a, aOffset, aStride, b, 0, leaves, c, cOffset, false);
    }

    private static void gradient(
            int m,
            int n,
            float[] a,
            int aOffset,
            int aStride,
            float[] b,
            int bOffset,
            LeafTree leaves,
            float[] c,
            int cOffset,
            boolean accumulate) {
        int bStride = Panels.stride(n);
        if (n <= m) {
            byStrips(m, n, a, aOffset, aStride, b, bOffset, bStride, leaves, c, cOffset, accumulate, false);
        } else {
            byStrips(n, m, b, bOffset, bStride, a, aOffset, aStride, leaves, c, cOffset, accumulate, true);
        }
    }

    /**
     * A strip of {@code c} at a time: what waits for its sibling in the tree waits in the cache, where whole matrices would go through memory
     * once a leaf and once more an addition.
     *
     * @param across whether the strips are rows of {@code c}, not columns: its longer side goes to the left, for to copy what goes to the right,
     *     element by element, takes three times as long
     */
    private static void byStrips(
            int m,
            int n,
            float[] a,
            int aOffset,
            int aStride,
            float[] b,
            int bOffset,
            int bStride,
            LeafTree leaves,
            float[] c,
            int cOffset,
            boolean accumulate,
            boolean across) {
        Scratch scratch = SCRATCH.get();
        int first = leaves.start(0) / ROWS * ROWS;
        int strip = right(n, first, leaves.start(0) + leaves.rows(), b, bOffset, bStride, scratch);
        int strips = Panels.count(n);
        int block = Math.max(1, BLOCK / (leaves.rows() + 1) / VectorTile.A_ROWS) * TILE;
        int waiting = Math.min(block, (m + TILE - 1) / TILE * TILE) * ROWS;
        scratch.sums = VectorChunks.grown(scratch.sums, leaves.depth() * SPAN * waiting);
        for (int i = 0; i < m; i += block) {
            int rows = Math.min(block, m - i);
            pack(rows, leaves, a, aOffset + i * ROWS, aStride, scratch);
            for (int j = 0; j < strips; j += SPAN) {
                int next = SPAN == 2 && j + 1 < strips ? strip : 0;
                int ci = cOffset + (across ? j * ROWS * m + i : i * n + j * ROWS);
                for (int h = 0; accumulate && h < SPAN && j + h < strips; h++) {
                    int columns = Math.min(ROWS, n - (j + h) * ROWS);
                    if (across) {
                        VectorStrips.across(rows, columns, c, ci + h * ROWS * m, m, scratch.sums, h * waiting, ROWS);
                    } else {
                        take(rows, n, c, ci + h * ROWS, columns, scratch.sums, h * waiting);
                    }
                }
                tree(rows, leaves, scratch, j * strip - first * ROWS, next, waiting, accumulate);
                for (int h = 0; h < SPAN && j + h < strips; h++) {
                    int columns = Math.min(ROWS, n - (j + h) * ROWS);
                    if (across) {
                        VectorStrips.giveAcross(
                                rows, columns, scratch.sums, h * waiting, ROWS, c, ci + h * ROWS * m, m);
                    } else {
                        give(rows, n, scratch.sums, h * waiting, c, ci + h * ROWS, columns);
                    }
                }
            }
        }
    }

    /** The right side, sixteen columns after sixteen, row after row from {@code first} on. {@return floats of a strip} */
    private static int right(int n, int first, int to, float[] b, int bOffset, int bStride, Scratch scratch) {
        int panels = Panels.count(to - first);
        int strip = panels * ROWS * ROWS;
        scratch.b = VectorChunks.grown(scratch.b, Math.multiplyExact(Panels.count(n), strip));
        for (int panel = 0; panel < panels; panel++) {
            int bi = bOffset + (first / ROWS + panel) * bStride;
            for (int j = 0; j < Panels.count(n); j++) {
                int to16 = j * strip + panel * ROWS * ROWS;
                VectorChunks.transpose(b, bi + j * ROWS * ROWS, scratch.b, to16, ROWS, ROWS);
            }
        }
        return strip;
    }

    /** The left side of some channels, leaf after leaf. */
    private static void pack(int rows, LeafTree leaves, float[] a, int ai, int stride, Scratch scratch) {
        int tiles = (rows + TILE - 1) / TILE;
        int size = 0;
        for (int leaf = 0; leaf < leaves.leaves(); leaf++) {
            size += tiles * VectorChunks.tile(leaves.start(leaf + 1) - leaves.start(leaf));
        }
        scratch.a = VectorChunks.grown(scratch.a, size + ROWS);
        int at = 0;
        for (int leaf = 0; leaf < leaves.leaves(); leaf++) {
            int from = leaves.start(leaf);
            int to = leaves.start(leaf + 1);
            VectorChunks.channels(rows, a, ai, stride, from, to, scratch.a, at);
            at += tiles * VectorChunks.tile(to - from);
        }
    }

    /** Runs the program of the tree for one strip. */
    private static void tree(
            int rows, LeafTree leaves, Scratch scratch, int bi, int bNext, int waiting, boolean accumulate) {
        int top = -1;
        int ai = 0;
        for (int op = 0; op < leaves.length(); op++) {
            int leaf = leaves.operation(op);
            if (leaf == LeafTree.ADD) {
                int at = top * SPAN * waiting;
                add(scratch.sums, at - SPAN * waiting, at, rows * ROWS);
                if (SPAN == 2) {
                    add(scratch.sums, at - waiting, at + waiting, rows * ROWS);
                }
                top--;
            } else {
                top++;
                int row = leaves.start(leaf);
                int count = leaves.start(leaf + 1) - row;
                int ci = top * SPAN * waiting;
                sum(rows, count, scratch, ai, bi + row * ROWS, bNext, ci, waiting, accumulate);
                ai += (rows + TILE - 1) / TILE * VectorChunks.tile(count);
            }
        }
    }

    /** {@code sums[to..] += sums[from..]}, whole vectors. */
    static void add(float[] sums, int to, int from, int n) {
        for (int i = 0; i < n; i += WIDTH) {
            FloatVector.fromArray(SPECIES, sums, to + i)
                    .add(FloatVector.fromArray(SPECIES, sums, from + i))
                    .intoArray(sums, to + i);
        }
    }

    /** The sum over a leaf's rows. */
    private static void sum(
            int rows,
            int count,
            Scratch scratch,
            int a0,
            int bi,
            int bNext,
            int sums,
            int waiting,
            boolean accumulate) {
        int tile = VectorChunks.tile(count);
        float[] from = accumulate ? scratch.sums : VectorTile.ZEROS;
        int fRow = accumulate ? ROWS : 0;
        int fNext = accumulate ? waiting : 0;
        for (int i = 0; i < rows; i += TILE) {
            int ci = sums + i * ROWS;
            int fi = accumulate ? ci : 0;
            int ai = a0 + i / TILE * tile;
            VectorTile.multiply(
                    count, scratch.a, ai, scratch.b, bi, bNext, from, fi, fRow, fNext, scratch.sums, ci, ROWS, waiting);
        }
    }

    private static void take(int rows, int n, float[] c, int ci, int columns, float[] sums, int at) {
        for (int i = 0; i < rows; i++) {
            copy(c, ci + i * n, sums, at + i * ROWS, columns);
        }
    }

    private static void give(int rows, int n, float[] sums, int at, float[] c, int ci, int columns) {
        for (int i = 0; i < rows; i++) {
            copy(sums, at + i * ROWS, c, ci + i * n, columns);
        }
    }

    /** At most a panel's width of floats: for so few, vectors take a fraction of the time of a call of System.arraycopy. */
    private static void copy(float[] from, int at, float[] to, int there, int n) {
        if (n < ROWS) {
            System.arraycopy(from, at, to, there, n);
            return;
        }
        for (int h = 0; h < ROWS; h += WIDTH) {
            FloatVector.fromArray(SPECIES, from, at + h).intoArray(to, there + h);
        }
    }
}
