package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Copies into the chunks and panels that {@link VectorTile} reads from end to end, and back. */
final class VectorChunks {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int ROWS = Panels.ROWS;
    private static final int TILE = Panels.TILE;
    /** Floats of a chunk, a tile's rows by {@link Panels#ROWS} steps. */
    static final int CHUNK = TILE * ROWS;

    private VectorChunks() {}

    /** {@return floats of a tile's chunks for {@code k} steps} */
    static int tile(int k) {
        return (k + ROWS - 1) / ROWS * CHUNK;
    }

    static float[] grown(float[] array, int size) {
        return array.length < size ? new float[size] : array;
    }

    /** {@code out[tile][chunk][row][step] = a[row][step]} of {@code m} rows that are {@code distance} apart; of a last tile, no more rows. */
    static void rows(int m, int k, float[] a, int ai, int distance, float[] out) {
        int tile = tile(k);
        int full = k / ROWS;
        for (int i = 0; i < m; i++) {
            int from = ai + i * distance;
            int to = i / TILE * tile + i % TILE * ROWS;
            copy(full, a, from, out, to);
            for (int p = full * ROWS; p < k; p++) {
                out[to + full * CHUNK + p % ROWS] = a[from + p];
            }
        }
    }

    private static void copy(int chunks, float[] a, int from, float[] out, int to) {
        for (int c = 0; c < chunks; c++) {
            for (int h = 0; h < ROWS; h += WIDTH) {
                FloatVector.fromArray(SPECIES, a, from + c * ROWS + h).intoArray(out, to + c * CHUNK + h);
            }
        }
    }

    /** The same of a matrix whose steps are {@code distance} apart and whose rows are neighbours. */
    static void columns(int m, int k, float[] a, int ai, int distance, float[] out) {
        int tile = tile(k);
        for (int p = 0; p < k; p += ROWS) {
            int steps = Math.min(ROWS, k - p);
            for (int i = 0; i < m; i += TILE) {
                int from = ai + p * distance + i;
                int to = i / TILE * tile + p / ROWS * CHUNK;
                if (m - i >= TILE) {
                    chunk(steps, a, from, distance, out, to);
                } else {
                    for (int r = 0; r < m - i; r++) {
                        for (int q = 0; q < steps; q++) {
                            out[to + r * ROWS + q] = a[from + q * distance + r];
                        }
                    }
                }
            }
        }
    }

    private static void chunk(int steps, float[] a, int ai, int distance, float[] out, int to) {
        int from = ai;
        for (int q = 0; q < steps; q++) {
            out[to + q] = a[from];
            out[to + q + ROWS] = a[from + 1];
            out[to + q + 2 * ROWS] = a[from + 2];
            out[to + q + 3 * ROWS] = a[from + 3];
            out[to + q + 4 * ROWS] = a[from + 4];
            out[to + q + 5 * ROWS] = a[from + 5];
            from += distance;
        }
    }

    /** Rows of panels {@code [channel][row]}, {@code size} channels each, as chunks; {@code distance} is that of the panels. */
    static void panelRows(int panels, int size, float[] x, int xi, int distance, float[] out) {
        int tile = tile(size);
        for (int panel = 0; panel < panels; panel++) {
            for (int d = 0; d < size; d += ROWS) {
                int from = xi + panel * distance + d * ROWS;
                for (int row = 0; row < ROWS; row++) {
                    int at = panel * ROWS + row;
                    row(x, from + row, out, at / TILE * tile + d / ROWS * CHUNK + at % TILE * ROWS);
                }
            }
        }
    }

    /** One row of a block of sixteen channels. */
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

    /** A block of sixteen channels of a panel as sixteen rows, {@code distance} apart. */
    static void transpose(float[] x, int from, float[] out, int to, int distance) {
        for (int row = 0; row < ROWS; row++) {
            row(x, from + row, out, to + row * distance);
        }
    }

    /** Panels of {@code n} channels as rows one after another. */
    static void toRows(float[] x, int rows, int n, float[] out) {
        int full = n - n % ROWS;
        for (int row = 0; row < rows; row += ROWS) {
            int from = Panels.index(row, n);
            int some = Math.min(ROWS, rows - row);
            for (int i = 0; i < full; i += ROWS) {
                for (int r = 0; r < some; r++) {
                    row(x, from + r + i * ROWS, out, (row + r) * n + i);
                }
            }
            for (int r = 0; r < some; r++) {
                for (int i = full; i < n; i++) {
                    out[(row + r) * n + i] = x[from + r + i * ROWS];
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
                boolean both = length - t > ROWS - shift;
                shift(size, x, from + shift, both ? from + stride : from, out, to, to + ROWS - shift);
            }
        }
    }

    /** In ascending order, so that each channel writes over what spilled from the one before. */
    private static void shift(int size, float[] x, int first, int second, float[] out, int to, int next) {
        for (int i = 0; i < size * ROWS; i += ROWS) {
            for (int h = 0; h < ROWS; h += WIDTH) {
                FloatVector.fromArray(SPECIES, x, first + i + h).intoArray(out, to + i + h);
            }
            for (int h = 0; h < ROWS; h += WIDTH) {
                FloatVector.fromArray(SPECIES, x, second + i + h).intoArray(out, next + i + h);
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
