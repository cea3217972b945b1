package io.microgpt.kernel;

/**
 * Matrix products in the way of GotoBLAS (Goto and van de Geijn, 2008): both sides are copied into panels that the innermost loop
 * reads from end to end ({@link VectorTile}), in blocks that stay in the caches. Of panels that are not full, what comes of the
 * rest is dropped. Whatever the blocks, an element takes its products in ascending {@code k}: the sum so far waits in {@code c}.
 */
final class VectorMatmul {
    private static final int MR = VectorPanels.MR;
    private static final int AR = VectorPanels.AR;
    private static final int NR = VectorPanels.NR;
    private static final int KC = VectorPanels.KC;
    /** Rows of a block: a block of a (MC x KC, a third more with its padding: 256 KB) stays in the second-level cache. */
    static final int MC = 32 * MR;
    /** Columns of a block where b is packed on the way. */
    static final int NC = 64 * NR;

    /** Where a tile starts from when nothing waits in c: loading it is cheaper than a branch that C2 must merge. */
    static final float[] ZEROS = new float[NR];

    static final class Scratch {
        float[] a = new float[0];
        final float[] tile = new float[MR * NR];
        final PackedMatrix b = new PackedMatrix();

        float[] a(int size) {
            if (a.length < size) {
                a = new float[size];
            }
            return a;
        }
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorMatmul() {}

    static void matmul(
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
        Scratch scratch = SCRATCH.get();
        for (int j = 0; j < n; j += NC) {
            int columns = Math.min(NC, n - j);
            for (int p = 0; p == 0 || p < k; p += KC) {
                int depth = Math.min(KC, k - p);
                VectorPanels.pack(depth, columns, b, bOffset + p * bRow + j * bColumn, bRow, bColumn, scratch.b);
                int ai = aOffset + p * aColumn;
                block(
                        m,
                        columns,
                        depth,
                        a,
                        ai,
                        aRow,
                        aColumn,
                        scratch.b.values,
                        0,
                        depth,
                        c,
                        cOffset + j,
                        cRow,
                        accumulate || p > 0,
                        scratch);
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
            int aColumn,
            PackedMatrix b,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate) {
        b.require(VectorKernels.class, k, n);
        Scratch scratch = SCRATCH.get();
        int padded = VectorPanels.padded(b.columns);
        for (int j = 0; j < n; j += NC) {
            int columns = Math.min(NC, n - j);
            for (int p = 0; p == 0 || p < k; p += KC) {
                int depth = Math.min(KC, k - p);
                int laid = Math.min(KC, b.rows - p);
                int bi = p * padded + j * laid;
                int ai = aOffset + p * aColumn;
                if (m <= VectorRow.MOST) {
                    for (int i = 0; i < m; i++) {
                        int ci = cOffset + i * cRow + j;
                        VectorRow.multiply(
                                columns,
                                depth,
                                a,
                                ai + i * aRow,
                                aColumn,
                                b.values,
                                bi,
                                laid * NR,
                                c,
                                ci,
                                accumulate || p > 0,
                                scratch.tile);
                    }
                    continue;
                }
                block(
                        m,
                        columns,
                        depth,
                        a,
                        ai,
                        aRow,
                        aColumn,
                        b.values,
                        bi,
                        laid,
                        c,
                        cOffset + j,
                        cRow,
                        accumulate || p > 0,
                        scratch);
            }
        }
    }

    /** All rows against one block of b, whose panels of {@code laid} rows stand one after another from {@code bOffset}. */
    private static void block(
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            int laid,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate,
            Scratch scratch) {
        for (int i0 = 0; i0 < m; i0 += MC) {
            int rows = Math.min(MC, m - i0);
            float[] packed = scratch.a((rows + MR - 1) / MR * AR * k);
            VectorPanels.packRows(k, rows, a, aOffset + i0 * aRow, aRow, aColumn, packed, 0);
            for (int j = 0; j < n; j += NR) {
                int bi = bOffset + j * laid;
                for (int i = 0; i < rows; i += MR) {
                    int ai = i / MR * AR * k;
                    int ci = cOffset + (i0 + i) * cRow + j;
                    if (rows - i >= MR && n - j >= NR) {
                        if (accumulate) {
                            VectorTile.multiply(k, packed, ai, b, bi, c, ci, cRow, c, ci, cRow);
                        } else {
                            VectorTile.multiply(k, packed, ai, b, bi, ZEROS, 0, 0, c, ci, cRow);
                        }
                    } else {
                        edge(
                                k,
                                packed,
                                ai,
                                b,
                                bi,
                                c,
                                ci,
                                cRow,
                                accumulate,
                                Math.min(MR, rows - i),
                                Math.min(NR, n - j),
                                scratch.tile);
                    }
                }
            }
        }
    }

    /** A tile of which only {@code rows} by {@code columns} are wanted. */
    private static void edge(
            int k,
            float[] a,
            int ai,
            float[] b,
            int bi,
            float[] c,
            int ci,
            int cRow,
            boolean accumulate,
            int rows,
            int columns,
            float[] tile) {
        if (accumulate) {
            for (int i = 0; i < rows; i++) {
                System.arraycopy(c, ci + i * cRow, tile, i * NR, columns);
            }
            VectorTile.multiply(k, a, ai, b, bi, tile, 0, NR, tile, 0, NR);
        } else {
            VectorTile.multiply(k, a, ai, b, bi, ZEROS, 0, 0, tile, 0, NR);
        }
        for (int i = 0; i < rows; i++) {
            System.arraycopy(tile, i * NR, c, ci + i * cRow, columns);
        }
    }
}
