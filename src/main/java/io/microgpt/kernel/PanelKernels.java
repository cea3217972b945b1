package io.microgpt.kernel;

/**
 * Arithmetic of training, on activations in {@link Panels}. As in {@link Kernels}, each method fixes the order of its floating-point
 * operations: products accumulate in ascending order, reductions over the channels of a row keep {@value Kernels#LANES} virtual lanes, channel
 * {@code i} going to lane {@code i % LANES}. Sizes are of what is meant; padding is neither read for a result nor promised.
 */
public interface PanelKernels {
    /**
     * Product of a matrix with every row: {@code c[row] = a . b[row]}, or {@code c[row] += a . b[row]} when accumulating; each element in ascending
     * {@code k}.
     *
     * @param a (m, k) from {@code aOffset}; {@code aRow} is the distance of neighbouring rows and {@code aColumn} that of columns: one of
     *     them is 1
     * @param b panels of {@code k} channels from {@code bOffset}
     * @param c panels of {@code m} channels from {@code cOffset}
     */
    void multiply(
            int m,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            float[] c,
            int cOffset,
            int rows,
            boolean accumulate);

    /**
     * Gradient of a matrix: {@code c[m,n]} becomes, or grows by, the sum of {@code a[row]^T . b[row]} over the rows from {@code from} to before
     * {@code to}, in ascending order.
     *
     * @param a panels of {@code m} channels, of which row 0 is in the panel at {@code aOffset}
     * @param b panels of {@code n} channels from {@code bOffset}
     * @param c (m, n), row-major, from {@code cOffset}
     */
    void weightGradient(
            int m,
            int n,
            float[] a,
            int aOffset,
            float[] b,
            int bOffset,
            int from,
            int to,
            float[] c,
            int cOffset,
            boolean accumulate);

    /** The same for rows that are summed leaf by leaf: {@code c} becomes the sum, in the tree, of the sums over each leaf. */
    void weightGradient(int m, int n, float[] a, float[] b, LeafTree leaves, float[] c, int cOffset);

    /**
     * Normalisation of rows of {@code n}: {@code y = x * r} with {@code r = 1 / sqrt(mean(x^2) + 1e-5)}, as {@link Kernels#normalise}.
     *
     * @param r takes the factor of each row, up to the last panel's end
     */
    void normalise(float[] x, float[] y, float[] r, int rows, int n);

    /** Its backward pass, row by row: {@code dx += r * (dy - y * mean(dy * y))}. */
    void normaliseBackward(float[] y, float[] r, float[] dy, float[] dx, int rows, int n);

    /**
     * Softmax of rows of {@code n}, in place.
     *
     * @param largest takes the largest element of each row, up to the last panel's end
     * @param sums takes the sums of exponentials over it, likewise
     */
    void softmax(float[] x, int rows, int n, float[] largest, float[] sums);

    /** The sum of each row of {@code n}, up to the last panel's end. */
    void sum(float[] x, int rows, int n, float[] sums);

    /**
     * Inverted dropout of each row, see {@link DropoutHash}.
     *
     * @param keys of the rows, 64 bits each that look random; up to the last panel's end
     * @param y may be {@code x}
     */
    void dropout(float[] x, float[] y, int rows, int n, long[] keys, float rate);

    /** Rows of {@code n} one after another, {@code y[row * n + channel]}. */
    void toRows(float[] x, int rows, int n, float[] y);

    /** {@return floats of the attention weights of one head of a document of so many positions} */
    static int attentionWeights(int length) {
        return Kernels.padded(length) * Kernels.padded(length);
    }

    /**
     * Causal attention of all heads over one document: softmax of {@code scale * q . k} over the positions up to a row's own, dropout of these
     * weights where there are keys, and the values weighted by them. A sum over positions goes on to the end of the row's sixteen, with weights
     * of zero where the mask hides. Documents come in ascending order: what stands in {@code out} after the document's last row may be changed.
     *
     * @param qkv panels of {@code 3 * e} channels: queries, keys and values, of each {@code e / heads} channels a head
     * @param start the document's first row
     * @param keys of each position, head after head (heads, length); null for no dropout
     * @param weights takes {@link #attentionWeights} floats a head from {@code weightsOffset}, for the backward pass, and may spill over up to
     *     sixteen by sixteen floats behind; null where they are not kept
     * @param out panels of {@code e} channels
     */
    void attention(
            float[] qkv,
            int e,
            int heads,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] out);

    /**
     * Its backward pass: from {@code dOut}, the gradient of its result, that of queries, keys and values in {@code dQkv}.
     *
     * @param weights what the forward pass kept, which is spoiled; null where it kept none
     */
    void attentionBackward(
            float[] qkv,
            int e,
            int heads,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] dOut,
            float[] dQkv);
}
