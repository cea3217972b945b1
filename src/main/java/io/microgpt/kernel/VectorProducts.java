package io.microgpt.kernel;

import static io.microgpt.kernel.VectorTile.SPAN;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products with weights and gradients of weights, in blocks that stay in the caches (Goto and van de Geijn, 2008). Activations are read where
 * they lie; only weights, and for a gradient one of the two sides, are copied. Whatever the blocks, an element takes its products in ascending
 * order: the sum so far waits in {@code c}.
 */
final class VectorProducts {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = Panels.ROWS;
    private static final int TILE = Panels.TILE;
    /** Steps of a block: of a panel these are 16 KB, half of the first-level cache. */
    private static final int STEPS = 256;
    /** Floats of the left side of a block: 256 KB, half of the second-level cache. */
    private static final int BLOCK = 1 << 16;

    private static final class Scratch {
        float[] a = {};
        float[] b = {}; // (strips of ROWS columns, rows, ROWS)
        float[] sums = {}; // (depth, SPAN, rows of a block, ROWS)
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
            int rows,
            boolean accumulate) {
        Scratch scratch = SCRATCH.get();
        int block = BLOCK / STEPS / TILE * TILE;
        for (int p = 0; p == 0 || p < k; p += STEPS) {
            int steps = Math.min(STEPS, k - p);
            for (int i = 0; i < m; i += block) {
                int some = Math.min(block, m - i);
                int ai = aOffset + i * aRow + p * aColumn;
                scratch.a = VectorChunks.grown(scratch.a, (some + TILE - 1) / TILE * VectorChunks.tile(steps));
                if (aColumn == 1) {
                    VectorChunks.rows(some, steps, a, ai, aRow, scratch.a);
                } else {
                    VectorChunks.columns(some, steps, a, ai, aColumn, scratch.a);
                }
                int bi = bOffset + p * ROWS;
                int ci = cOffset + i * ROWS;
                int panels = Panels.count(rows);
                block(
                        some,
                        steps,
                        scratch.a,
                        b,
                        bi,
                        Panels.stride(k),
                        c,
                        ci,
                        Panels.stride(m),
                        panels,
                        accumulate || p > 0);
            }
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
                VectorTile.multiply(
                        0,
                        k,
                        a,
                        ai,
                        VectorChunks.CHUNK,
                        b,
                        bi,
                        bNext,
                        from,
                        fi,
                        fRow,
                        accumulate ? cNext : 0,
                        c,
                        ci,
                        ROWS,
                        cNext);
            }
        }
    }

    static void weightGradient(
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
        gradient(m, n, a, aOffset, b, bOffset, from, to, null, c, cOffset, accumulate);
    }

    static void weightGradient(int m, int n, float[] a, float[] b, LeafTree leaves, float[] c, int cOffset) {
        leaves.requireAll();
        int from = leaves.start(0);
        gradient(m, n, a, 0, b, 0, from, from + leaves.rows(), leaves, c, cOffset, false);
    }

    /**
     * A strip of {@code c} at a time: what waits for its sibling in the tree waits in the cache, where whole matrices would go through memory
     * once a leaf and once more an addition.
     *
     * @param leaves null for a sum of all rows, one after another
     */
    private static void gradient(
            int m,
            int n,
            float[] a,
            int aOffset,
            float[] b,
            int bOffset,
            int from,
            int to,
            LeafTree leaves,
            float[] c,
            int cOffset,
            boolean accumulate) {
        Scratch scratch = SCRATCH.get();
        int first = from / ROWS;
        int panels = Panels.count(to) - first;
        int strip = panels * ROWS * ROWS;
        int strips = Panels.count(n);
        scratch.b = VectorChunks.grown(scratch.b, strips * strip);
        for (int panel = 0; panel < panels; panel++) {
            int bi = bOffset + (first + panel) * Panels.stride(n);
            for (int j = 0; j < strips; j++) {
                VectorChunks.transpose(b, bi + j * ROWS * ROWS, scratch.b, j * strip + panel * ROWS * ROWS, ROWS);
            }
        }
        int block = Math.max(1, BLOCK / (panels * ROWS + 1) / TILE) * TILE;
        int waiting = Math.min(block, (m + TILE - 1) / TILE * TILE) * ROWS;
        scratch.sums = VectorChunks.grown(scratch.sums, (leaves == null ? 1 : leaves.depth()) * SPAN * waiting);
        int ai = aOffset + first * Panels.stride(m);
        for (int i = 0; i < m; i += block) {
            int rows = Math.min(block, m - i);
            for (int j = 0; j < strips; j += SPAN) {
                int next = SPAN == 2 && j + 1 < strips ? strip : 0;
                int ci = cOffset + i * n + j * ROWS;
                int columns = Math.min(SPAN * ROWS, n - j * ROWS);
                int at = ai + i * ROWS;
                if (leaves != null) {
                    tree(rows, m, leaves, first * ROWS, a, at, scratch, j * strip, next, waiting);
                } else {
                    if (accumulate) {
                        take(rows, n, c, ci, columns, scratch.sums, waiting);
                    }
                    int r = from - first * ROWS;
                    sum(rows, m, r, to - from, a, at, scratch, j * strip, next, 0, waiting, accumulate);
                }
                give(rows, n, scratch.sums, waiting, c, ci, columns);
            }
        }
    }

    /** Runs the program of the tree for one strip. */
    private static void tree(
            int rows,
            int m,
            LeafTree leaves,
            int firstRow,
            float[] a,
            int ai,
            Scratch scratch,
            int strip,
            int next,
            int waiting) {
        int top = -1;
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
                int row = leaves.start(leaf) - firstRow;
                int count = leaves.start(leaf + 1) - leaves.start(leaf);
                sum(rows, m, row, count, a, ai, scratch, strip, next, top * SPAN * waiting, waiting, false);
            }
        }
    }

    private static void add(float[] sums, int to, int from, int n) {
        for (int i = 0; i < n; i += WIDTH) {
            FloatVector.fromArray(SPECIES, sums, to + i)
                    .add(FloatVector.fromArray(SPECIES, sums, from + i))
                    .intoArray(sums, to + i);
        }
    }

    /** The sum over {@code count} rows from {@code row} on. */
    private static void sum(
            int rows,
            int m,
            int row,
            int count,
            float[] a,
            int ai,
            Scratch scratch,
            int strip,
            int next,
            int sums,
            int waiting,
            boolean accumulate) {
        int stride = Panels.stride(m);
        int chunk = ai + row / ROWS * stride;
        int bi = strip + row * ROWS;
        float[] from = accumulate ? scratch.sums : VectorTile.ZEROS;
        for (int i = 0; i < rows; i += TILE) {
            int ci = sums + i * ROWS;
            VectorTile.multiply(
                    row % ROWS,
                    count,
                    a,
                    chunk + i * ROWS,
                    stride,
                    scratch.b,
                    bi,
                    next,
                    from,
                    accumulate ? ci : 0,
                    accumulate ? ROWS : 0,
                    accumulate ? waiting : 0,
                    scratch.sums,
                    ci,
                    ROWS,
                    waiting);
        }
    }

    private static void take(int rows, int n, float[] c, int ci, int columns, float[] sums, int waiting) {
        for (int i = 0; i < rows; i++) {
            System.arraycopy(c, ci + i * n, sums, i * ROWS, Math.min(ROWS, columns));
            if (columns > ROWS) {
                System.arraycopy(c, ci + i * n + ROWS, sums, waiting + i * ROWS, columns - ROWS);
            }
        }
    }

    private static void give(int rows, int n, float[] sums, int waiting, float[] c, int ci, int columns) {
        for (int i = 0; i < rows; i++) {
            System.arraycopy(sums, i * ROWS, c, ci + i * n, Math.min(ROWS, columns));
            if (columns > ROWS) {
                System.arraycopy(sums, waiting + i * ROWS, c, ci + i * n + ROWS, columns - ROWS);
            }
        }
    }
}
