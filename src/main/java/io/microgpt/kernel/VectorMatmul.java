package io.microgpt.kernel;

import static io.microgpt.kernel.VectorTile.SPAN;

/**
 * Products of a few rows, as decoding has them, with a packed matrix, in blocks that stay in the caches (Goto and van de Geijn, 2008). Of
 * panels that are not full, what comes of the rest is dropped. Whatever the blocks, an element takes its products in ascending {@code k}: the
 * sum so far waits in {@code c}.
 */
final class VectorMatmul {
    private static final int TILE = Panels.TILE;
    private static final int ROWS = Panels.ROWS;
    /** Steps of a block: of a panel these are 16 KB, half of the first-level cache. */
    private static final int KC = 256;
    /** Rows of a block, whose copy (192 KB) stays in the second-level cache. */
    private static final int MC = 32 * TILE;

    private static final class Scratch {
        float[] a = {};
        final float[] tile = new float[TILE * SPAN * ROWS];
        final float[] row = new float[VectorRow.COLUMNS];
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorMatmul() {}

    /** Block after block of KC steps; in a block, panel after panel of {@value Panels#ROWS} columns; in a panel, step after step. */
    static void pack(int n, int k, float[] matrix, int offset, PackedMatrix packed) {
        int padded = Kernels.padded(n);
        packed.shape(VectorKernels.class, n, k, (long) k * padded);
        for (int p = 0; p < k; p += KC) {
            int depth = Math.min(KC, k - p);
            for (int j = 0; j < n; j += ROWS) {
                int from = offset + j * k + p;
                VectorChunks.panel(
                        Math.min(ROWS, n - j), depth, matrix, from, k, packed.values, p * padded + j * depth);
            }
        }
    }

    static void matmul(
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
        b.require(VectorKernels.class, n, k);
        Scratch scratch = SCRATCH.get();
        int padded = Kernels.padded(n);
        for (int p = 0; p == 0 || p < k; p += KC) {
            int depth = Math.min(KC, k - p);
            boolean add = accumulate || p > 0;
            if (m <= VectorRow.MOST) {
                for (int i = 0; i < m; i++) {
                    int ai = aOffset + i * aRow + p;
                    VectorRow.multiply(n, depth, a, ai, b.values, p * padded, c, cOffset + i * cRow, add, scratch.row);
                }
            } else {
                for (int i = 0; i < m; i += MC) {
                    int rows = Math.min(MC, m - i);
                    scratch.a =
                            VectorChunks.grown(scratch.a, (rows + TILE - 1) / TILE * VectorChunks.tile(depth) + ROWS);
                    VectorChunks.rows(rows, depth, a, aOffset + i * aRow + p, aRow, scratch.a);
                    block(rows, n, depth, b.values, p * padded, c, cOffset + i * cRow, cRow, add, scratch);
                }
            }
        }
    }

    /** Some rows against one block of b. */
    private static void block(
            int m,
            int n,
            int k,
            float[] b,
            int bOffset,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate,
            Scratch scratch) {
        int tile = VectorChunks.tile(k);
        for (int j = 0; j < n; j += SPAN * ROWS) {
            int bi = bOffset + j * k;
            int bNext = SPAN == 2 && j + ROWS < n ? k * ROWS : 0;
            for (int i = 0; i < m; i += TILE) {
                int ai = i / TILE * tile;
                int ci = cOffset + i * cRow + j;
                if (m - i >= TILE && n - j >= SPAN * ROWS) {
                    tile(k, scratch.a, ai, b, bi, bNext, c, ci, cRow, accumulate);
                    continue;
                }
                int rows = Math.min(TILE, m - i);
                int columns = Math.min(SPAN * ROWS, n - j);
                for (int r = 0; accumulate && r < rows; r++) {
                    System.arraycopy(c, ci + r * cRow, scratch.tile, r * SPAN * ROWS, columns);
                }
                tile(k, scratch.a, ai, b, bi, bNext, scratch.tile, 0, SPAN * ROWS, accumulate);
                for (int r = 0; r < rows; r++) {
                    System.arraycopy(scratch.tile, r * SPAN * ROWS, c, ci + r * cRow, columns);
                }
            }
        }
    }

    private static void tile(
            int k, float[] a, int ai, float[] b, int bi, int bNext, float[] c, int ci, int cRow, boolean accumulate) {
        float[] from = accumulate ? c : VectorTile.ZEROS;
        int fi = accumulate ? ci : 0;
        int fRow = accumulate ? cRow : 0;
        int fNext = accumulate ? ROWS : 0;
        VectorTile.multiply(k, a, ai, b, bi, bNext, from, fi, fRow, fNext, c, ci, cRow, ROWS);
    }
}
