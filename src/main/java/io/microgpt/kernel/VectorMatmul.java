package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matrix products in the way of GotoBLAS (Goto and van de Geijn, 2008): both sides are copied into panels that the innermost loop
 * reads from end to end, {@code b} as [k][{@value #NR_VECTORS} vectors], {@code a} as [k][{@value #MR} rows], in blocks that stay
 * in the caches. Panels that are not full are padded with zeros, and what comes of the padding is dropped. Whatever the
 * blocks, an element takes its products in ascending {@code k}: the sum so far waits in {@code c}.
 */
final class VectorMatmul {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();

    /** Rows and columns of the tile in registers: 12 sums, 2 vectors of b and one of a are 15 of AVX2's 16 registers. */
    private static final int MR = 6;

    private static final int NR_VECTORS = 2;
    private static final int NR = NR_VECTORS * WIDTH;
    /** Length of a block: a panel of b (KC x NR floats, 16 KB) stays in the first-level cache. */
    private static final int KC = 256;
    /** Rows of a block: a block of a (MC x KC floats, 192 KB) stays in the second-level cache. */
    private static final int MC = 32 * MR;
    /** Columns of a block where b is packed on the way. */
    private static final int NC = 64 * NR;

    /** Where a tile starts from when nothing waits in c: loading it is cheaper than a branch that C2 must merge. */
    private static final float[] ZEROS = new float[NR];

    private static final class Scratch {
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
                pack(depth, columns, b, bOffset + p * bRow + j * bColumn, bRow, bColumn, scratch.b);
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
        int padded = padded(b.columns);
        for (int j = 0; j < n; j += NC) {
            int columns = Math.min(NC, n - j);
            for (int p = 0; p == 0 || p < k; p += KC) {
                int depth = Math.min(KC, k - p);
                int laid = Math.min(KC, b.rows - p);
                int bi = p * padded + j * laid;
                int ai = aOffset + p * aColumn;
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

    private static int padded(int columns) {
        return (columns + NR - 1) / NR * NR;
    }

    /** Block after block of KC rows; in a block, panel after panel of NR columns; in a panel, row after row. */
    static void pack(int k, int n, float[] b, int bOffset, int bRow, int bColumn, PackedMatrix packed) {
        int padded = padded(n);
        packed.shape(VectorKernels.class, k, n, (long) k * padded);
        float[] out = packed.values;
        int full = bColumn == 1 ? n / NR * NR : 0;
        for (int p = 0; p < k; p += KC) {
            int depth = Math.min(KC, k - p);
            int at = p * padded;
            int bi = bOffset + p * bRow;
            for (int j = 0; j < full; j += NR) {
                copyPanel(depth, b, bi + j, bRow, out, at + j * depth);
            }
            for (int j = full; j < n; j += NR) {
                int columns = Math.min(NR, n - j);
                if (bRow == 1) {
                    transpose(depth, columns, b, bi + j * bColumn, bColumn, out, at + j * depth, NR);
                } else {
                    gather(depth, columns, b, bi + j * bColumn, bRow, bColumn, out, at + j * depth, NR);
                }
            }
        }
    }

    private static void copyPanel(int depth, float[] b, int bi, int bRow, float[] out, int at) {
        for (int p = 0; p < depth; p++) {
            FloatVector.fromArray(SPECIES, b, bi + p * bRow).intoArray(out, at + p * NR);
            FloatVector.fromArray(SPECIES, b, bi + p * bRow + WIDTH).intoArray(out, at + p * NR + WIDTH);
        }
    }

    /** {@code out[p][j] = source[p * row + j * column]}, with zeros for {@code j} from {@code n} to {@code width}. */
    private static void gather(
            int depth, int n, float[] source, int offset, int row, int column, float[] out, int at, int width) {
        for (int j = 0; j < n; j++) {
            int from = offset + j * column;
            for (int p = 0; p < depth; p++) {
                out[at + p * width + j] = source[from + p * row];
            }
        }
        for (int j = n; j < width; j++) {
            for (int p = 0; p < depth; p++) {
                out[at + p * width + j] = 0.0f;
            }
        }
    }

    /** The same with adjacent rows. Inlined where the width is a constant, so that its loops have constant steps. */
    private static void transpose(
            int depth, int n, float[] source, int offset, int column, float[] out, int at, int width) {
        gather(depth, n, source, offset, 1, column, out, at, width);
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
            int panels = (rows + MR - 1) / MR;
            float[] packed = scratch.a(panels * MR * k);
            for (int i = 0; i < rows; i += MR) {
                packRows(k, Math.min(MR, rows - i), a, aOffset + (i0 + i) * aRow, aRow, aColumn, packed, i * k);
            }
            for (int j = 0; j < n; j += NR) {
                int bi = bOffset + j * laid;
                for (int i = 0; i < rows; i += MR) {
                    int ci = cOffset + (i0 + i) * cRow + j;
                    if (rows - i >= MR && n - j >= NR) {
                        if (accumulate) {
                            tile(k, packed, i * k, b, bi, c, ci, cRow, c, ci, cRow);
                        } else {
                            tile(k, packed, i * k, b, bi, ZEROS, 0, 0, c, ci, cRow);
                        }
                    } else {
                        edge(
                                k,
                                packed,
                                i * k,
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

    /** {@code out[p][r] = a[r][p]} for the rows of one panel of a. */
    private static void packRows(int k, int rows, float[] a, int ai, int aRow, int aColumn, float[] out, int at) {
        if (rows == MR && aColumn == 1) {
            packTransposed(k, a, ai, aRow, out, at);
        } else if (rows == MR && aRow == 1) {
            packAdjacent(k, a, ai, aColumn, out, at);
        } else {
            gather(k, rows, a, ai, aColumn, aRow, out, at, MR);
        }
    }

    private static void packTransposed(int k, float[] a, int ai, int aRow, float[] out, int at) {
        int a1 = ai + aRow;
        int a2 = a1 + aRow;
        int a3 = a2 + aRow;
        int a4 = a3 + aRow;
        int a5 = a4 + aRow;
        int to = at;
        for (int p = 0; p < k; p++) {
            out[to] = a[ai + p];
            out[to + 1] = a[a1 + p];
            out[to + 2] = a[a2 + p];
            out[to + 3] = a[a3 + p];
            out[to + 4] = a[a4 + p];
            out[to + 5] = a[a5 + p];
            to += MR;
        }
    }

    private static void packAdjacent(int k, float[] a, int ai, int aColumn, float[] out, int at) {
        for (int p = 0; p < k; p++) {
            int from = ai + p * aColumn;
            int to = at + p * MR;
            out[to] = a[from];
            out[to + 1] = a[from + 1];
            out[to + 2] = a[from + 2];
            out[to + 3] = a[from + 3];
            out[to + 4] = a[from + 4];
            out[to + 5] = a[from + 5];
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
        }
        if (accumulate) {
            tile(k, a, ai, b, bi, tile, 0, NR, tile, 0, NR);
        } else {
            tile(k, a, ai, b, bi, ZEROS, 0, 0, tile, 0, NR);
        }
        for (int i = 0; i < rows; i++) {
            System.arraycopy(tile, i * NR, c, ci + i * cRow, columns);
        }
    }

    /**
     * The innermost loop. Its shape is what C2 compiles without a spilled register on JDK 17 and 25: only the index of b counts
     * the loop, so that the bounds checks of a, whose step is no multiple of b's, stay inside; without them C2 moves all loads
     * of a round to its front and runs out of registers (half the speed).
     */
    private static void tile(
            int k, float[] a, int a0, float[] b, int b0, float[] from, int f0, int fRow, float[] c, int c0, int cRow) {
        int f1 = f0 + fRow;
        int f2 = f1 + fRow;
        int f3 = f2 + fRow;
        int f4 = f3 + fRow;
        int f5 = f4 + fRow;
        FloatVector s00 = FloatVector.fromArray(SPECIES, from, f0);
        FloatVector s01 = FloatVector.fromArray(SPECIES, from, f0 + WIDTH);
        FloatVector s10 = FloatVector.fromArray(SPECIES, from, f1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, from, f1 + WIDTH);
        FloatVector s20 = FloatVector.fromArray(SPECIES, from, f2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, from, f2 + WIDTH);
        FloatVector s30 = FloatVector.fromArray(SPECIES, from, f3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, from, f3 + WIDTH);
        FloatVector s40 = FloatVector.fromArray(SPECIES, from, f4);
        FloatVector s41 = FloatVector.fromArray(SPECIES, from, f4 + WIDTH);
        FloatVector s50 = FloatVector.fromArray(SPECIES, from, f5);
        FloatVector s51 = FloatVector.fromArray(SPECIES, from, f5 + WIDTH);
        int ap = a0;
        int end = b0 + k * NR;
        for (int bp = b0; bp < end; bp += NR) {
            FloatVector y0 = FloatVector.fromArray(SPECIES, b, bp);
            FloatVector y1 = FloatVector.fromArray(SPECIES, b, bp + WIDTH);
            FloatVector x = FloatVector.broadcast(SPECIES, a[ap]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            x = FloatVector.broadcast(SPECIES, a[ap + 1]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            x = FloatVector.broadcast(SPECIES, a[ap + 2]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            x = FloatVector.broadcast(SPECIES, a[ap + 3]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            x = FloatVector.broadcast(SPECIES, a[ap + 4]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            x = FloatVector.broadcast(SPECIES, a[ap + 5]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            ap += MR;
        }
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        int c4 = c3 + cRow;
        int c5 = c4 + cRow;
        s00.intoArray(c, c0);
        s01.intoArray(c, c0 + WIDTH);
        s10.intoArray(c, c1);
        s11.intoArray(c, c1 + WIDTH);
        s20.intoArray(c, c2);
        s21.intoArray(c, c2 + WIDTH);
        s30.intoArray(c, c3);
        s31.intoArray(c, c3 + WIDTH);
        s40.intoArray(c, c4);
        s41.intoArray(c, c4 + WIDTH);
        s50.intoArray(c, c5);
        s51.intoArray(c, c5 + WIDTH);
    }
}
