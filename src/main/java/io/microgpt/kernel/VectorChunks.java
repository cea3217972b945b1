package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Copies into the chunks and panels that {@link VectorTile} reads from end to end, and back. */
final class VectorChunks {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = Panels.ROWS;
    private static final int TILE = Panels.TILE;
    private static final int STEPS = VectorTile.STEPS;
    /** Floats of a chunk. */
    static final int CHUNK = VectorTile.A_ROWS * STEPS;
    /** Whether a vector that is stored into a row of a chunk spills into no more than the next row: rows are stored in ascending order. */
    private static final boolean WHOLE = WIDTH <= 2 * STEPS;

    private VectorChunks() {}

    /** {@return floats of a tile's chunks for {@code k} steps} */
    static int tile(int k) {
        return (k + STEPS - 1) / STEPS * CHUNK;
    }

    static float[] grown(float[] array, int size) {
        return array.length < size ? new float[size] : array;
    }

    /** {@code out[tile][chunk][row][step] = a[row][step]} of {@code m} rows that are {@code distance} apart; of a last tile, no more rows. */
    static void rows(int m, int k, float[] a, int ai, int distance, float[] out) {
        int tile = tile(k);
        for (int i = 0; i < m; i++) {
            int from = ai + i * distance;
            int to = i / TILE * tile + i % TILE * STEPS;
            int whole = WHOLE ? Math.max(0, Math.min(k, a.length - from - WIDTH + STEPS) / STEPS) : 0;
            for (int c = 0; c < whole; c++) {
                FloatVector.fromArray(SPECIES, a, from + c * STEPS).intoArray(out, to + c * CHUNK);
            }
            for (int p = whole * STEPS; p < k; p++) {
                out[to + p / STEPS * CHUNK + p % STEPS] = a[from + p];
            }
        }
    }

    /** The same of a matrix whose steps are {@code distance} apart and whose rows are neighbours. */
    static void columns(int m, int k, float[] a, int ai, int distance, float[] out) {
        int tile = tile(k);
        int steps = k & -STEPS;
        int rows = m - m % TILE;
        for (int p = 0; p < steps; p += STEPS) {
            for (int i = 0; i < rows; i += TILE) {
                fourColumns(a, ai + p * distance + i, distance, out, i / TILE * tile + p / STEPS * CHUNK);
            }
        }
        for (int p = 0; p < k; p++) {
            for (int i = p < steps ? rows : 0; i < m; i++) {
                out[i / TILE * tile + p / STEPS * CHUNK + i % TILE * STEPS + p % STEPS] = a[ai + p * distance + i];
            }
        }
    }

    private static void fourColumns(float[] a, int a0, int distance, float[] out, int to) {
        int a1 = a0 + distance;
        int a2 = a1 + distance;
        int a3 = a2 + distance;
        for (int r = 0; r < TILE; r++) {
            out[to + r * STEPS] = a[a0 + r];
            out[to + r * STEPS + 1] = a[a1 + r];
            out[to + r * STEPS + 2] = a[a2 + r];
            out[to + r * STEPS + 3] = a[a3 + r];
        }
    }

    /**
     * Channels of panels as rows of chunks, whose steps are the rows from {@code from} to before {@code to}: {@code m} channels, those of a last
     * tile included that are none.
     *
     * @param x panels of {@code stride} floats; {@code xi} is where the first channel of row 0 stands
     */
    static void channels(int m, float[] x, int xi, int stride, int from, int to, float[] out, int at) {
        int tile = tile(to - from);
        int row = from;
        for (; WHOLE && from % ROWS == 0 && to - row >= ROWS; row += ROWS) {
            int ai = xi + row / ROWS * stride;
            int ci = at + (row - from) / STEPS * CHUNK;
            for (int i = 0; i < m; i += TILE) {
                for (int c = 0; c < ROWS / STEPS; c++) {
                    chunk(x, ai + i * ROWS + c * STEPS, out, ci + i / TILE * tile + c * CHUNK);
                }
            }
        }
        for (; row < to; row += STEPS) {
            int ci = at + (row - from) / STEPS * CHUNK;
            int lane = row % ROWS;
            int ai = xi + row / ROWS * stride + lane;
            if (WHOLE && lane <= ROWS - STEPS) {
                for (int i = 0; i < m; i += TILE) {
                    chunk(x, ai + i * ROWS, out, ci + i / TILE * tile);
                }
            } else {
                for (int q = 0; q < Math.min(STEPS, to - row); q++) {
                    int bi = xi + (row + q) / ROWS * stride + (row + q) % ROWS;
                    for (int i = 0; i < m; i++) {
                        out[ci + i / TILE * tile + i % TILE * STEPS + q] = x[bi + i * ROWS];
                    }
                }
            }
        }
    }

    private static void chunk(float[] x, int xi, float[] out, int to) {
        FloatVector.fromArray(SPECIES, x, xi).intoArray(out, to);
        FloatVector.fromArray(SPECIES, x, xi + ROWS).intoArray(out, to + STEPS);
        FloatVector.fromArray(SPECIES, x, xi + 2 * ROWS).intoArray(out, to + 2 * STEPS);
        FloatVector.fromArray(SPECIES, x, xi + 3 * ROWS).intoArray(out, to + 3 * STEPS);
        FloatVector.fromArray(SPECIES, x, xi + 4 * ROWS).intoArray(out, to + 4 * STEPS);
        FloatVector.fromArray(SPECIES, x, xi + 5 * ROWS).intoArray(out, to + 5 * STEPS);
    }

    /** Rows of panels from {@code from} on as rows of chunks, whose steps are {@code size} channels. */
    static void panelRows(int rows, int size, float[] x, int xi, int stride, int from, float[] out) {
        int tile = tile(size);
        for (int i = 0; i < rows; i++) {
            int ai = xi + (from + i) / ROWS * stride + (from + i) % ROWS;
            int to = i / TILE * tile + i % TILE * STEPS;
            int whole = size - size % ROWS;
            for (int d = 0; d < whole; d += ROWS) {
                fourChunks(x, ai + d * ROWS, out, to + d / STEPS * CHUNK);
            }
            for (int d = whole; d < size; d++) {
                out[to + d / STEPS * CHUNK + d % STEPS] = x[ai + d * ROWS];
            }
        }
    }

    /** Sixteen channels of one row. */
    private static void fourChunks(float[] x, int from, float[] out, int to) {
        out[to] = x[from];
        out[to + 1] = x[from + ROWS];
        out[to + 2] = x[from + 2 * ROWS];
        out[to + 3] = x[from + 3 * ROWS];
        out[to + CHUNK] = x[from + 4 * ROWS];
        out[to + CHUNK + 1] = x[from + 5 * ROWS];
        out[to + CHUNK + 2] = x[from + 6 * ROWS];
        out[to + CHUNK + 3] = x[from + 7 * ROWS];
        out[to + 2 * CHUNK] = x[from + 8 * ROWS];
        out[to + 2 * CHUNK + 1] = x[from + 9 * ROWS];
        out[to + 2 * CHUNK + 2] = x[from + 10 * ROWS];
        out[to + 2 * CHUNK + 3] = x[from + 11 * ROWS];
        out[to + 3 * CHUNK] = x[from + 12 * ROWS];
        out[to + 3 * CHUNK + 1] = x[from + 13 * ROWS];
        out[to + 3 * CHUNK + 2] = x[from + 14 * ROWS];
        out[to + 3 * CHUNK + 3] = x[from + 15 * ROWS];
    }

    /** Sixteen channels of the first rows of a panel, row after row, {@code distance} apart. */
    static void transpose(float[] x, int from, float[] out, int to, int distance, int rows) {
        for (int row = 0; row < rows; row++) {
            row(x, from + row, out, to + row * distance);
        }
    }

    private static void row(float[] x, int from, float[] out, int to) {
        out[to] = x[from];
        out[to + 1] = x[from + ROWS];
        out[to + 2] = x[from + 2 * ROWS];
        out[to + 3] = x[from + 3 * ROWS];
        out[to + 4] = x[from + 4 * ROWS];
        out[to + 5] = x[from + 5 * ROWS];
        out[to + 6] = x[from + 6 * ROWS];
        out[to + 7] = x[from + 7 * ROWS];
        out[to + 8] = x[from + 8 * ROWS];
        out[to + 9] = x[from + 9 * ROWS];
        out[to + 10] = x[from + 10 * ROWS];
        out[to + 11] = x[from + 11 * ROWS];
        out[to + 12] = x[from + 12 * ROWS];
        out[to + 13] = x[from + 13 * ROWS];
        out[to + 14] = x[from + 14 * ROWS];
        out[to + 15] = x[from + 15 * ROWS];
    }

    /** Rows of panels, from the first of one on, as rows that are {@code distance} apart. */
    static void toRows(float[] x, int first, int rows, int n, float[] out, int distance) {
        int full = n - n % ROWS;
        for (int row = 0; row < rows; row += ROWS) {
            int from = Panels.index(first + row, n);
            int some = Math.min(ROWS, rows - row);
            for (int i = 0; i < full; i += ROWS) {
                transpose(x, from + i * ROWS, out, row * distance + i, distance, some);
            }
            for (int r = 0; r < some; r++) {
                for (int i = full; i < n; i++) {
                    out[(row + r) * distance + i] = x[from + r + i * ROWS];
                }
            }
        }
    }

    /** The way back. */
    static void fromRows(float[] x, int rows, int n, int distance, float[] out, int first) {
        for (int row = 0; row < rows; row += ROWS) {
            int some = Math.min(ROWS, rows - row);
            int to = Panels.index(first + row, n);
            int whole = some & -4;
            for (int r = 0; r < whole; r += 4) {
                fourRows(n, x, (row + r) * distance, distance, out, to + r);
            }
            for (int r = whole; r < some; r++) {
                for (int i = 0; i < n; i++) {
                    out[to + r + i * ROWS] = x[(row + r) * distance + i];
                }
            }
        }
    }

    /** The rows of a matrix {@code [n][k]} as columns of panels {@code [step][ROWS]}, {@code depth} steps from {@code ai} on; zeros where there is no row. */
    static void panel(int n, int depth, float[] a, int ai, int k, float[] out, int to) {
        int whole = n & -4;
        for (int r = 0; r < whole; r += 4) {
            fourRows(depth, a, ai + r * k, k, out, to + r);
        }
        for (int r = whole; r < ROWS; r++) {
            for (int p = 0; p < depth; p++) {
                out[to + r + p * ROWS] = r < n ? a[ai + r * k + p] : 0.0f;
            }
        }
    }

    private static void fourRows(int depth, float[] a, int a0, int k, float[] out, int to) {
        int a1 = a0 + k;
        int a2 = a1 + k;
        int a3 = a2 + k;
        for (int p = 0; p < depth; p++) {
            out[to + p * ROWS] = a[a0 + p];
            out[to + p * ROWS + 1] = a[a1 + p];
            out[to + p * ROWS + 2] = a[a2 + p];
            out[to + p * ROWS + 3] = a[a3 + p];
        }
    }

    /**
     * {@code size} channels of the rows of one document, so that its first row is the first of a panel. What stands behind its last is
     * anything. {@code out} needs room for a block behind what is asked.
     *
     * @param stride floats of a panel of x; {@code distance} those of one of out
     */
    static void align(float[] x, int stride, int channel, int size, int start, int length, float[] out, int distance) {
        int shift = start % ROWS;
        for (int t = 0; t < length; t += ROWS) {
            int from = (start + t) / ROWS * stride + channel * ROWS;
            int to = t / ROWS * distance;
            if (shift == 0) {
                System.arraycopy(x, from, out, to, size * ROWS);
            } else {
                int first = Math.min(length - t, ROWS - shift);
                shift(size, first, Math.min(length - t, ROWS) - first, x, from + shift, from + stride, out, to);
            }
        }
    }

    /**
     * The first lanes of each channel from one panel and the next from another, in whole vectors: what these write too much, the next ones
     * write over.
     */
    private static void shift(int size, int lanes, int next, float[] x, int from, int second, float[] out, int to) {
        for (int i = 0; i < size * ROWS; i += ROWS) {
            for (int h = 0; h < lanes; h += WIDTH) {
                FloatVector.fromArray(SPECIES, x, from + i + h).intoArray(out, to + i + h);
            }
            for (int h = 0; h < next; h += WIDTH) {
                FloatVector.fromArray(SPECIES, x, second + i + h).intoArray(out, to + i + lanes + h);
            }
        }
    }

    /** The way back. Rows before the document stay as they are, those behind its last become anything. */
    static void unalign(
            float[] x, int distance, float[] out, int stride, int channel, int size, int start, int length) {
        int shift = start % ROWS;
        for (int t = 0; t < length; t += ROWS) {
            int from = t / ROWS * distance;
            int to = (start + t) / ROWS * stride + channel * ROWS;
            if (shift == 0) {
                System.arraycopy(x, from, out, to, size * ROWS);
                continue;
            }
            for (int i = 0; i < size * ROWS; i += ROWS) {
                System.arraycopy(x, from + i, out, to + i + shift, ROWS - shift);
            }
            if (length - t > ROWS - shift) {
                for (int i = 0; i < size * ROWS; i += ROWS) {
                    System.arraycopy(x, from + i + ROWS - shift, out, to + stride + i, shift);
                }
            }
        }
    }
}
