package io.microgpt.kernel;

/**
 * How activations lie in training: {@value #ROWS} neighbouring rows (positions) are a panel, in which the values of one channel stand side by
 * side, {@code [panel][channel][row]}. A product with weights reads a panel where it lies, and leaves its result as the next panel; in whatever
 * looks at whole rows (norms, softmax, dropout) each row has a lane of its own. Channels are padded to whole tiles; what the padding holds is
 * anything, as is what stands in the rows that a last panel has too many.
 */
public final class Panels {
    /** Rows of a panel, the virtual lanes of a reduction. */
    public static final int ROWS = Kernels.LANES;

    /** Channels come in tiles of so many. */
    static final int TILE = 6;
    /** Floats behind the last panel that may be read, and in scratch written, by whole blocks. */
    private static final int SLACK = ROWS * ROWS;

    private Panels() {}

    /** {@return floats of one panel of {@code n} channels} */
    public static int stride(int n) {
        return (n + TILE - 1) / TILE * TILE * ROWS;
    }

    /** {@return panels of so many rows} */
    public static int count(int rows) {
        return (rows + ROWS - 1) / ROWS;
    }

    /**
     * {@return floats of {@code rows} rows of {@code n} channels}
     *
     * @throws IllegalArgumentException if that is more than an array holds
     */
    public static int size(int rows, int n) {
        long size = (long) count(rows) * stride(n) + SLACK;
        if (size > Integer.MAX_VALUE - Long.BYTES) {
            throw new IllegalArgumentException(rows + " positions of " + n + " channels do not fit in an array: " + size
                    + " floats; a shorter model.block-size or a narrower model would");
        }
        return (int) size;
    }

    /** {@return where a row's first channel stands; the next is {@value #ROWS} further on} */
    public static int index(int row, int n) {
        return row / ROWS * stride(n) + row % ROWS;
    }
}
