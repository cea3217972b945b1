package io.microgpt.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Lists of what {@link Nonzeros} has, of rows or of columns, in blocks whose numbers fit in a byte. Made without branches, which would be taken at
 * random: what eight bits list is looked up and stored as a whole, and what it is too long is written over.
 */
final class NonzeroLists {
    /** Columns, or rows, of a block: of the right side of a product these are 24 KB where a strip has 64 columns, which stay in the first-level cache. */
    static final int BLOCK = 96;
    /** How far behind a list is written, and may be read. */
    private static final int SLACK = Long.BYTES;

    private static final int ROWS = Panels.ROWS;
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    /** Of eight bits, the numbers of those that are set, ascending, a byte each. */
    private static final long[] NUMBERS = numbers();

    private byte[] list = {};
    private int[] starts = {};
    private int lines; // rows or columns
    private int blocks;
    private int[] ends = {}; // of the lists under way

    private static long[] numbers() {
        long[] numbers = new long[1 << Byte.SIZE];
        for (int bits = 0; bits < numbers.length; bits++) {
            int shift = 0;
            for (int i = 0; i < Byte.SIZE; i++) {
                if ((bits >> i & 1) == 1) {
                    numbers[bits] |= (long) i << shift;
                    shift += Byte.SIZE;
                }
            }
        }
        return numbers;
    }

    /** {@return how much all lists of columns hold} */
    int size() {
        return starts[blocks * lines];
    }

    byte[] list() {
        return list;
    }

    private void ensure(int bytes, int newStarts) {
        if (list.length < bytes + SLACK) {
            list = new byte[bytes + SLACK];
        }
        if (starts.length < newStarts) {
            starts = new int[newStarts];
        }
    }

    /** For each of the rows from {@code from}, the first of a panel, to before {@code to}: its columns, block after block, counted from the block's first. */
    void byRow(Nonzeros nonzeros, int from, int to) {
        int columns = nonzeros.columns();
        int room = columns + SLACK;
        lines = Panels.count(to - from) * ROWS;
        blocks = (columns + BLOCK - 1) / BLOCK;
        ensure(lines * room, (blocks + 1) * lines);
        if (ends.length < lines) {
            ends = new int[lines];
        }
        for (int row = 0; row < lines; row++) {
            ends[row] = row * room;
        }
        for (int row = 0; row < lines; row += Byte.SIZE) {
            int bits = nonzeros.index(from + row);
            for (int block = 0; block < blocks; block++) {
                System.arraycopy(ends, row, starts, block * lines + row, Byte.SIZE);
                int first = block * BLOCK;
                eightRows(nonzeros.bits(), bits + first, Math.min(BLOCK, columns - first), list, ends, row);
            }
            System.arraycopy(ends, row, starts, blocks * lines + row, Byte.SIZE);
        }
    }

    private static void eightRows(byte[] bits, int from, int columns, byte[] list, int[] ends, int row) {
        for (int i = 0; i < columns; i += Byte.SIZE) {
            long square = transposed((long) LONGS.get(bits, from + i));
            long base = ONES * i;
            for (int r = 0; r < Byte.SIZE; r++) {
                int eight = (int) (square >>> r * Byte.SIZE) & 0xff;
                LONGS.set(list, ends[row + r], NUMBERS[eight] + base);
                ends[row + r] += Integer.bitCount(eight);
            }
        }
    }

    /** Eight bytes of eight bits, rows for columns (Warren, Hacker's Delight, 7-3). */
    private static long transposed(long square) {
        long x = square;
        long t = (x ^ (x >>> 7)) & 0x00AA00AA00AA00AAL;
        x ^= t ^ (t << 7);
        t = (x ^ (x >>> 14)) & 0x0000CCCC0000CCCCL;
        x ^= t ^ (t << 14);
        t = (x ^ (x >>> 28)) & 0x00000000F0F0F0F0L;
        return x ^ t ^ (t << 28);
    }

    /** Where the list of a row, counted from the first, begins in a block of columns. */
    int rowStart(int row, int block) {
        return starts[block * lines + row];
    }

    /** Where it ends. */
    int rowEnd(int row, int block) {
        return starts[(block + 1) * lines + row];
    }

    /** For each leaf, and in it each block of at most {@link #BLOCK} rows: of each column its rows, counted from the first of a panel. */
    void byColumn(Nonzeros nonzeros, LeafTree leaves) {
        int columns = nonzeros.columns();
        blocks = 0;
        for (int leaf = 0; leaf < leaves.leaves(); leaf++) {
            blocks += (leaves.start(leaf + 1) - leaves.start(leaf) + BLOCK - 1) / BLOCK;
        }
        lines = columns;
        ensure(leaves.rows() * columns, blocks * columns + 1);
        int block = 0;
        int at = 0;
        for (int leaf = 0; leaf < leaves.leaves(); leaf++) {
            int end = leaves.start(leaf + 1);
            for (int row = leaves.start(leaf); row < end; row += BLOCK) {
                at = columns(nonzeros, row, Math.min(row + BLOCK, end), block++, at);
            }
        }
        starts[block * columns] = at;
    }

    private int columns(Nonzeros nonzeros, int from, int to, int block, int start) {
        int at = start;
        int columns = nonzeros.columns();
        int first = from / Byte.SIZE;
        int last = (to - 1) / Byte.SIZE;
        int above = 0xff << from % Byte.SIZE;
        int below = 0xff >> Byte.SIZE - 1 - (to - 1) % Byte.SIZE;
        int distance = nonzeros.index(Byte.SIZE);
        for (int i = 0; i < columns; i++) {
            starts[block * columns + i] = at;
            int base = first % 2 * Byte.SIZE; // counted from the first of the panel
            for (int half = first; half <= last; half++) {
                int mask = (half == first ? above : 0xff) & (half == last ? below : 0xff);
                int eight = nonzeros.bits()[half * distance + i] & mask;
                LONGS.set(list, at, NUMBERS[eight] + ONES * base);
                at += Integer.bitCount(eight);
                base += Byte.SIZE;
            }
        }
        return at;
    }

    /** Where the list of a column begins in a block of rows; it ends where the next begins. */
    int columnStart(int block, int column) {
        return starts[block * lines + column];
    }

    int columnEnd(int block, int column) {
        return starts[block * lines + column + 1];
    }
}
