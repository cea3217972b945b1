package io.microgpt.kernel;

import static io.microgpt.kernel.VectorStrips.ALIGNED;
import static io.microgpt.kernel.VectorStrips.width;

/** Products of what {@link Nonzeros} has with a matrix: of each row its list of columns, of each of these a row of the matrix. */
final class VectorSparseProduct {
    private static final int ROWS = Panels.ROWS;
    private static final int BLOCK = NonzeroLists.BLOCK;
    /** Rows whose elements stay in the second-level cache while strip after strip is made of them. */
    private static final int GROUP = 64;

    private static final class Scratch {
        final NonzeroLists lists = new NonzeroLists();
        float[] b = {}; // (strips, columns of x, columns of a strip), from ALIGNED on
        float[] values = {}; // of x, as they are listed
        float[] rows = {}; // (GROUP, n) of the result
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private VectorSparseProduct() {}

    static void multiply(
            Nonzeros nonzeros,
            float[] x,
            float[] w,
            int wOffset,
            int wColumn,
            int wOut,
            int n,
            float[] c,
            boolean accumulate) {
        Scratch scratch = SCRATCH.get();
        int columns = nonzeros.columns();
        int distance = strips(columns, w, wOffset, wColumn, wOut, n, scratch);
        for (int row = 0; row < nonzeros.rows(); row += GROUP) {
            int rows = Math.min(GROUP, nonzeros.rows() - row);
            scratch.lists.byRow(nonzeros, row, row + rows);
            values(scratch, x, row, rows, columns);
            if (accumulate) {
                VectorChunks.toRows(c, row, rows, n, scratch.rows, distance);
            }
            for (int o = 0; o < n; o += width(n - o)) {
                for (int first = 0; first < columns; first += BLOCK) {
                    block(scratch, rows, columns, first, o, width(n - o), distance, accumulate || first > 0);
                }
            }
            VectorChunks.fromRows(scratch.rows, rows, n, distance, c, row);
        }
    }

    /** The matrix, strip after strip. {@return the columns of all strips} */
    private static int strips(int columns, float[] w, int wOffset, int wColumn, int wOut, int n, Scratch scratch) {
        int distance = 0;
        while (distance < n) {
            distance += width(n - distance);
        }
        scratch.b = VectorStrips.room(scratch.b, Math.multiplyExact(columns, distance));
        scratch.rows = VectorChunks.grown(scratch.rows, GROUP * distance);
        for (int o = 0; o < n; o += width(n - o)) {
            int width = width(n - o);
            int some = Math.min(width, n - o);
            int bi = ALIGNED + o * columns;
            if (wOut == 1) {
                for (int i = 0; i < columns; i++) {
                    System.arraycopy(w, wOffset + i * wColumn + o, scratch.b, bi + i * width, some);
                }
            } else {
                VectorStrips.across(columns, some, w, wOffset + o * wOut, wOut, scratch.b, bi, width);
            }
        }
        return distance;
    }

    private static void values(Scratch scratch, float[] x, int row, int rows, int columns) {
        NonzeroLists lists = scratch.lists;
        scratch.values = VectorChunks.grown(scratch.values, lists.list().length);
        for (int panel = 0; panel < rows; panel += ROWS) {
            // Block by block, so that a line of the panel is read by all its rows before it leaves the cache.
            for (int first = 0; first < columns; first += BLOCK) {
                int xi = Panels.index(row + panel, columns) + first * ROWS;
                for (int r = 0; r < Math.min(ROWS, rows - panel); r++) {
                    int start = lists.rowStart(panel + r, first / BLOCK);
                    int end = lists.rowEnd(panel + r, first / BLOCK);
                    gather(lists.list(), start, end, x, xi + r, scratch.values);
                }
            }
        }
    }

    /** {@code values[j] = x[list[j]]} for a part of a list of channels. */
    private static void gather(byte[] list, int start, int end, float[] x, int from, float[] values) {
        for (int j = start; j < end; j++) {
            values[j] = x[from + list[j] * ROWS];
        }
    }

    /** Some rows, with one block of their columns. */
    private static void block(
            Scratch scratch, int rows, int columns, int first, int o, int width, int distance, boolean accumulate) {
        NonzeroLists lists = scratch.lists;
        float[] from = accumulate ? scratch.rows : VectorStrips.ZEROS;
        int bi = ALIGNED + o * columns + first * width;
        for (int r = 0; r < rows; r++) {
            int ci = o + r * distance;
            int fi = accumulate ? ci : 0;
            int start = lists.rowStart(r, first / BLOCK);
            int end = lists.rowEnd(r, first / BLOCK);
            VectorStrips.add(
                    width, lists.list(), start, end, scratch.values, scratch.b, bi, from, fi, scratch.rows, ci);
        }
    }
}
