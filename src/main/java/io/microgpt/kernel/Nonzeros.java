package io.microgpt.kernel;

import java.util.Arrays;

/**
 * Which elements of {@link Panels} are over zero, as relu leaves them, or not a number: a bit each. Grows on demand, and is meant to be found again and again by
 * {@link SparseKernels#find}.
 */
public final class Nonzeros {
    private int rows;
    private int columns;
    private byte[] bits = {}; // (halves of panels, columns padded): a bit for each of eight rows

    void shape(int newRows, int newColumns) {
        rows = newRows;
        columns = newColumns;
        int size = 2 * Panels.count(rows) * padded();
        if (bits.length < size) {
            bits = new byte[size];
        }
        for (int half = 0; half < 2 * Panels.count(rows); half++) {
            Arrays.fill(bits, half * padded() + columns, (half + 1) * padded(), (byte) 0);
        }
    }

    /** {@return columns up to whole longs of bits} */
    private int padded() {
        return (columns + Byte.SIZE - 1) & -Byte.SIZE;
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** {@return a byte for each column and each eight rows, from {@link #index} on} */
    byte[] bits() {
        return bits;
    }

    /** {@return where the bytes of eight rows begin; behind the last column, up to a multiple of eight, they are zero} */
    int index(int row) {
        return row / Byte.SIZE * padded();
    }

    /** {@return how many elements there are} */
    public long count() {
        long count = 0;
        for (int half = 0; half < 2 * Panels.count(rows); half++) {
            // What a last panel has too many is anything.
            int valid = Math.min(Byte.SIZE, rows - half * Byte.SIZE);
            if (valid > 0) {
                count += count(half * padded(), 0xff >> Byte.SIZE - valid);
            }
        }
        return count;
    }

    private int count(int from, int mask) {
        int count = 0;
        for (int i = from; i < from + columns; i++) {
            count += Integer.bitCount(bits[i] & mask);
        }
        return count;
    }

    boolean has(int row, int column) {
        return (bits[index(row) + column] >> row % Byte.SIZE & 1) == 1;
    }
}
