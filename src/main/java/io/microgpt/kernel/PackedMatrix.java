package io.microgpt.kernel;

/**
 * The right-hand side of matrix products, laid out once for many of them by {@link Kernels#pack}. The layout belongs to the
 * kernels that made it. Grows on demand and is meant to be packed again and again.
 */
public final class PackedMatrix {
    float[] values = new float[0];
    private Class<? extends Kernels> layout; // whose it is
    private int rows; // n
    private int columns; // k

    /** Sets the shape, with room for {@code size} values of any content. */
    void shape(Class<? extends Kernels> kernels, int newRows, int newColumns, long size) {
        layout = kernels;
        if (size > values.length) {
            values = new float[Math.toIntExact(size)];
        }
        rows = newRows;
        columns = newColumns;
    }

    void require(Class<? extends Kernels> kernels, int n, int k) {
        if (kernels != layout) {
            throw new IllegalArgumentException("a matrix packed by " + layout + " in a product by " + kernels);
        }
        if (n != rows || k != columns) {
            throw new IllegalArgumentException(
                    "a product with [" + n + "," + k + "] of a packed matrix [" + rows + "," + columns + "]");
        }
    }
}
