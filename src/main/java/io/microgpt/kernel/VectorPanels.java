package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Copies both sides of a product into the panels that {@link VectorTile} reads from end to end. */
final class VectorPanels {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();

    /** Rows of a panel of a, and the distance of its columns. */
    static final int MR = VectorTile.ROWS;

    static final int AR = VectorTile.A_ROW;
    /** Columns of a panel of b. */
    static final int NR = VectorTile.COLUMNS;
    /** Longest panel: of b, KC x NR floats are 16 KB with AVX2, half of the first-level cache. */
    static final int KC = 256;

    private VectorPanels() {}

    static int padded(int columns) {
        return (columns + NR - 1) / NR * NR;
    }

    /** Block after block of KC rows; in a block, panel after panel of NR columns; in a panel, row after row. */
    static void pack(int k, int n, float[] b, int bOffset, int bRow, int bColumn, PackedMatrix packed) {
        int padded = padded(n);
        packed.shape(VectorKernels.class, k, n, (long) k * padded);
        for (int p = 0; p < k; p += KC) {
            packColumns(Math.min(KC, k - p), n, b, bOffset + p * bRow, bRow, bColumn, packed.values, p * padded);
        }
    }

    /** One block of b, at {@code at}. */
    static void packColumns(int depth, int n, float[] b, int bi, int bRow, int bColumn, float[] out, int at) {
        int full = bColumn == 1 ? n / NR * NR : 0;
        int j0 = 0;
        for (; j0 + 2 * NR <= full; j0 += 2 * NR) {
            copyTwoPanels(depth, b, bi + j0, bRow, out, at + j0 * depth, at + (j0 + NR) * depth);
        }
        for (; j0 < full; j0 += NR) {
            copyPanel(depth, b, bi + j0, bRow, out, at + j0 * depth);
        }
        for (int j = full; j < n; j += NR) {
            int columns = Math.min(NR, n - j);
            int from = bi + j * bColumn;
            int to = at + j * depth;
            if (bRow == 1) {
                int whole = columns & -4;
                for (int c = 0; c < whole; c += 4) {
                    transposeFour(depth, b, from + c * bColumn, bColumn, out, to + c);
                }
                // Called with constants, so that its loops have constant steps.
                gather(depth, columns - whole, b, from + whole * bColumn, 1, bColumn, out, to + whole, NR, NR - whole);
            } else {
                gather(depth, columns, b, from, bRow, bColumn, out, to, NR, NR);
            }
        }
    }

    /** Four columns of a panel from four rows. */
    private static void transposeFour(int depth, float[] b, int b0, int distance, float[] out, int at) {
        int b1 = b0 + distance;
        int b2 = b1 + distance;
        int b3 = b2 + distance;
        for (int p = 0; p < depth; p++) {
            out[at + p * NR] = b[b0 + p];
            out[at + p * NR + 1] = b[b1 + p];
            out[at + p * NR + 2] = b[b2 + p];
            out[at + p * NR + 3] = b[b3 + p];
        }
    }

    private static void copyPanel(int depth, float[] b, int bi, int bRow, float[] out, int at) {
        for (int p = 0; p < depth; p++) {
            FloatVector.fromArray(SPECIES, b, bi + p * bRow).intoArray(out, at + p * NR);
            FloatVector.fromArray(SPECIES, b, bi + p * bRow + WIDTH).intoArray(out, at + p * NR + WIDTH);
        }
    }

    /** Neighbouring panels together: what it takes to find a row is shared (rows and columns so copied, a quarter faster than one by one). */
    private static void copyTwoPanels(int depth, float[] b, int bi, int bRow, float[] out, int at, int next) {
        int from = bi;
        for (int p = 0; p < depth; p++) {
            FloatVector.fromArray(SPECIES, b, from).intoArray(out, at + p * NR);
            FloatVector.fromArray(SPECIES, b, from + WIDTH).intoArray(out, at + p * NR + WIDTH);
            FloatVector.fromArray(SPECIES, b, from + NR).intoArray(out, next + p * NR);
            FloatVector.fromArray(SPECIES, b, from + NR + WIDTH).intoArray(out, next + p * NR + WIDTH);
            from += bRow;
        }
    }

    /** {@code out[p][j] = source[p * row + j * column]}, with zeros for {@code j} from {@code n} to {@code filled}. */
    private static void gather(
            int depth,
            int n,
            float[] source,
            int offset,
            int row,
            int column,
            float[] out,
            int at,
            int width,
            int filled) {
        for (int j = 0; j < n; j++) {
            int from = offset + j * column;
            for (int p = 0; p < depth; p++) {
                out[at + p * width + j] = source[from + p * row];
            }
        }
        for (int j = n; j < filled; j++) {
            for (int p = 0; p < depth; p++) {
                out[at + p * width + j] = 0.0f;
            }
        }
    }

    /** Panels {@code out[p][r] = a[r][p]} of all rows, at {@code at}. What the last has too many is anything. */
    static void packRows(int k, int rows, float[] a, int ai, int aRow, int aColumn, float[] out, int at) {
        if (aRow == 1 && aColumn != 1) {
            copyRows(k, rows, a, ai, aColumn, out, at);
            return;
        }
        for (int i = 0; i < rows; i += MR) {
            int from = ai + i * aRow;
            int to = at + i / MR * AR * k;
            int some = Math.min(MR, rows - i);
            if (aColumn == 1) {
                scatter(k, a, from, Math.min(1, some - 1) * aRow, Math.min(2, some - 1) * aRow, out, to);
                if (some > 3) {
                    int next = from + 3 * aRow;
                    scatter(k, a, next, Math.min(1, some - 4) * aRow, Math.min(2, some - 4) * aRow, out, to + 3);
                }
            } else {
                gather(k, some, a, from, aColumn, aRow, out, to, AR, MR);
            }
        }
    }

    /** Three rows of a panel; its step is a constant power of two, so that the bounds checks leave the loop. */
    private static void scatter(int k, float[] a, int a0, int second, int third, float[] out, int at) {
        int a1 = a0 + second;
        int a2 = a0 + third;
        for (int p = 0; p < k; p++) {
            out[at + p * AR] = a[a0 + p];
            out[at + p * AR + 1] = a[a1 + p];
            out[at + p * AR + 2] = a[a2 + p];
        }
    }

    /** Adjacent rows: whole vectors, with what follows the rows. Four panels together, as above (a third faster than two). */
    private static void copyRows(int k, int rows, float[] a, int ai, int aColumn, float[] out, int at) {
        int i = 0;
        for (; rows - i > 3 * MR; i += 4 * MR) {
            int from = ai + i;
            int to = at + i * AR / MR * k;
            int whole = whole(k, a.length - from - 3 * MR - AR, aColumn);
            for (int l = 0; l < AR; l += WIDTH) {
                copyFour(whole, a, from + l, aColumn, out, to + l, AR * k);
            }
            copyRest(whole, k, Math.min(4 * MR, rows - i), a, from, aColumn, out, to);
        }
        for (; i < rows; i += MR) {
            int from = ai + i;
            int to = at + i * AR / MR * k;
            int whole = whole(k, a.length - from - AR, aColumn);
            for (int l = 0; l < AR; l += WIDTH) {
                copyOne(whole, a, from + l, aColumn, out, to + l);
            }
            copyRest(whole, k, Math.min(MR, rows - i), a, from, aColumn, out, to);
        }
    }

    /** {@return how many of {@code k} steps of {@code distance} stay within {@code space}; none where a vector is longer than AR} */
    private static int whole(int k, int space, int distance) {
        return space < 0 || AR % WIDTH > 0 ? 0 : Math.min(k, space / distance + 1);
    }

    /** The steps from {@code first}. */
    private static void copyRest(int first, int k, int rows, float[] a, int ai, int aColumn, float[] out, int at) {
        for (int r = 0; first < k && r < rows; r++) {
            for (int p = first; p < k; p++) {
                out[at + r / MR * AR * k + p * AR + r % MR] = a[ai + p * aColumn + r];
            }
        }
    }

    private static void copyFour(int k, float[] a, int ai, int aColumn, float[] out, int at, int distance) {
        int from = ai;
        int second = at + distance;
        int third = second + distance;
        int fourth = third + distance;
        for (int p = 0; p < k; p++) {
            FloatVector.fromArray(SPECIES, a, from).intoArray(out, at + p * AR);
            FloatVector.fromArray(SPECIES, a, from + MR).intoArray(out, second + p * AR);
            FloatVector.fromArray(SPECIES, a, from + 2 * MR).intoArray(out, third + p * AR);
            FloatVector.fromArray(SPECIES, a, from + 3 * MR).intoArray(out, fourth + p * AR);
            from += aColumn;
        }
    }

    private static void copyOne(int k, float[] a, int ai, int aColumn, float[] out, int at) {
        int from = ai;
        for (int p = 0; p < k; p++) {
            FloatVector.fromArray(SPECIES, a, from).intoArray(out, at + p * AR);
            from += aColumn;
        }
    }
}
