package io.microgpt.kernel;

/**
 * Products with activations in {@link Panels} of which only the elements count that {@link Nonzeros} has: the hidden units that relu leaves, and their
 * gradient. Each element of a result takes its products in ascending order, without those of zeros, which for finite numbers change nothing.
 * As a model learns, three quarters of its hidden units come to be zero at a position.
 */
public interface SparseKernels {
    /** Floats of an array, 4 MB, that is half of one of G1's regions, or more, up to a heap of 16 GB. */
    int LARGE = 1 << 20;
    /** The share of hidden units up to which they are faster than dense products of as many threads. */
    double MOST_ACTIVE = 0.4;
    /** So many are not worth a large array. */
    int FEW = LARGE / 32;

    /** {@return floats that these kernels hold for each thread, beside what they are given: lists and copies} */
    static long scratch(long rows, long columns, long n) {
        boolean few = columns * n < FEW && rows * n < FEW;
        return rows * columns + columns * n + (few ? 0 : 2L * LARGE);
    }

    /**
     * {@return the share of hidden units up to which those that relu makes zero are passed over; where more are on, dense products are faster} No
     * bit depends on it: what is passed over adds zeros.
     */
    double mostActive();

    /**
     * Finds what is over zero, and what is not a number, which must not be lost: of weights that are none, the loss shall say so.
     *
     * @param x panels of {@code columns} channels
     */
    void find(float[] x, int rows, int columns, Nonzeros nonzeros);

    /**
     * {@code c[row] = } the sum of {@code x[row][i] * w[i]} over the columns that the row has, or {@code c[row] += } that.
     *
     * @param x panels of as many channels as there are columns; what it holds elsewhere does not matter
     * @param w (columns, n) from {@code wOffset}; {@code wColumn} is the distance of what neighbouring columns are multiplied with and
     *     {@code wOut} that of neighbouring elements of {@code n}: one of them is 1
     * @param c panels of {@code n} channels
     */
    void multiply(
            Nonzeros nonzeros,
            float[] x,
            float[] w,
            int wOffset,
            int wColumn,
            int wOut,
            int n,
            float[] c,
            boolean accumulate);

    /**
     * Gradients of the two matrices around relu over the rows of the leaves: {@code c1[i]} becomes the sum of {@code dx[row][i] * h[row]}, and
     * {@code c2[.][i]} that of {@code x[row][i] * dy[row]}, over the rows that have column {@code i}; each leaf by itself, the leaves in their tree.
     *
     * @param x panels of as many channels as there are columns, as is {@code dx}
     * @param h panels of {@code n} channels, as is {@code dy}
     * @param c holds c1 (columns, n) from {@code c1} on and c2 (n, columns) from {@code c2} on
     * @param accumulate whether what is there is added to: sums begin with it; of one leaf only
     */
    void gradients(
            Nonzeros nonzeros,
            LeafTree leaves,
            float[] x,
            float[] dx,
            float[] h,
            float[] dy,
            int n,
            float[] c,
            int c1,
            int c2,
            boolean accumulate);
}
