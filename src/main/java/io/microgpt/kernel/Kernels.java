package io.microgpt.kernel;

/**
 * Arithmetic on {@code float[]} with offsets. Every method fixes the <em>order</em> of its floating-point operations, not
 * only the formula, so that all implementations agree bit for bit (NaN payloads aside) on every processor:
 *
 * <ul>
 *   <li>an element of a matrix product starts from zero (or from what is there) and takes one fused multiply-add for each
 *       {@code k}, ascending;
 *   <li>a reduction keeps {@value #LANES} virtual lanes, element {@code i} going to lane {@code i % LANES}, all starting at
 *       zero, and folds them in the tree of {@link Lanes#fold};
 *   <li>{@code exp} is the polynomial of {@link Exp}.
 * </ul>
 *
 * <p>Arrays of one call must not overlap unless said otherwise. Sizes of zero are allowed.
 */
public interface Kernels {
    /** Virtual lanes of a reduction: the floats of the widest vector register that this program will use. */
    int LANES = 16;

    /** {@return {@code n} rounded up to whole lanes: the width of rows that all kernels like best} */
    static int padded(int n) {
        return (n + LANES - 1) / LANES * LANES;
    }

    /** {@return {@code scalar} or {@code vector}, as in the key {@code engine.kernels}, with the width in bits} */
    String name();

    /**
     * Matrix product {@code c[m,n] = a[m,k] . b[k,n]}, or {@code c += a . b} when accumulating.
     *
     * @param aRow distance of neighbouring rows of {@code a}
     * @param aColumn distance of neighbouring columns of {@code a}; with {@code aRow} any transposition
     * @param bRow distance of neighbouring rows of {@code b}
     * @param bColumn distance of neighbouring columns of {@code b}
     * @param cRow distance of neighbouring rows of {@code c}, whose columns are adjacent
     */
    void matmul(
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            int bRow,
            int bColumn,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate);

    /** Lays out {@code b[k,n]} for products with a right-hand side that is used more than once. */
    void pack(int k, int n, float[] b, int bOffset, int bRow, int bColumn, PackedMatrix packed);

    /**
     * The same product with a packed right-hand side, of which the first {@code k} rows and {@code n} columns are used.
     *
     * @throws IllegalArgumentException if the packed matrix is smaller than that
     */
    void matmul(
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            PackedMatrix b,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate);

    /**
     * Products over rows that are summed leaf by leaf: {@code c[m,n]} becomes the sum, in the tree, of the products {@code a^T . b} over the
     * rows of each leaf. The bits are those of {@link #matmul} for each leaf and {@link #add} for each addition.
     *
     * @param a (rows, m), with {@code aRow} between neighbouring rows
     * @param b (rows, n), with {@code bRow} between neighbouring rows
     * @param cRow distance of neighbouring rows of {@code c}, whose columns are adjacent
     */
    void matmulByLeaves(
            int m, int n, LeafTree leaves, float[] a, int aRow, float[] b, int bRow, float[] c, int cOffset, int cRow);

    /** {@return the sum of {@code n} elements} */
    float sum(float[] x, int offset, int n);

    /** {@return the largest of {@code n} elements; NaN if one is; negative infinity if {@code n} is zero} */
    float max(float[] x, int offset, int n);

    /** {@code x = exp(x - shift)}, in place. {@return the sum of the results} */
    float expSum(float[] x, int offset, int n, float shift);

    /** {@code x = x * factor}, in place. */
    void scale(float[] x, int offset, int n, float factor);

    /** {@code y = y + x}. */
    void add(float[] y, int yOffset, float[] x, int xOffset, int n);

    /** {@code x = max(x, 0)} in place; NaN becomes zero, minus zero becomes zero. */
    void relu(float[] x, int offset, int n);

    /** {@code dy = y > 0 ? dy : 0} in place, {@code y} being what {@link #relu} left. */
    void reluBackward(float[] y, int yOffset, float[] dy, int dyOffset, int n);

    /**
     * Inverted dropout of a row: {@code y = 0} with probability {@code rate}, to 23 bits, and {@code y = x * (1 / (1 - rate))} otherwise. Which it
     * is depends on the key and on the column, from 0, and on nothing else.
     *
     * @param key of the row; 64 bits that look random
     * @param y may be {@code x} at the same offset
     */
    void dropout(float[] x, int xOffset, float[] y, int yOffset, int n, long key, float rate);

    /**
     * Normalisation of each of {@code rows} rows of {@code n}: {@code y = x * r} with {@code r = 1 / sqrt(mean(x^2) + 1e-5)}. The
     * sum of squares is by fused multiply-add; {@code r} is computed in double precision and rounded.
     *
     * @param r takes the factor of each row (rows)
     */
    void normalise(float[] x, float[] y, float[] r, int rows, int n);

    /** Its backward pass, row by row: {@code dx += r * (dy - y * mean(dy * y))}. */
    void normaliseBackward(float[] y, float[] r, float[] dy, float[] dx, int rows, int n);

    /**
     * Softmax of {@code scale * x}, in place, of each of {@code rows} rows. Row {@code i} has {@code n + i * growth} elements; what
     * follows them up to {@code width} is set to zero. Fastest where {@code width} is a multiple of {@value #LANES}.
     *
     * @param growth 0 for rows of one length, 1 for rows of which each sees one position more
     * @param rowDistance distance of neighbouring rows
     * @param sums takes the largest scaled element of a row, and the sum of exponentials over it: (rows, 2); or null
     */
    void softmax(
            float[] x, int offset, int rowDistance, int rows, int n, int growth, int width, float scale, float[] sums);

    /**
     * Its backward pass for rows of the same shape and distance, in place: {@code dp = p * (dp - dot(p, dp)) * scale}, then zeros.
     */
    void softmaxBackward(
            float[] p,
            int pOffset,
            float[] dp,
            int offset,
            int rowDistance,
            int rows,
            int n,
            int growth,
            int width,
            float scale);

    /**
     * Causal attention of one head over a document of at most {@value #LANES} positions: softmax of {@code scale * q . k} over the
     * positions up to a row's own, and the values weighted by it. The same sums in the same order as by {@link #matmul} and
     * {@link #softmax}, with weights of zero where the mask hides.
     *
     * @param q offset of the first query; {@code k} and {@code v} likewise, in the same array
     * @param rowDistance distance of neighbouring positions in {@code qkv}
     * @param size elements of a query
     * @param weights takes the attention weights (length, {@value #LANES}), for the backward pass
     * @param outRow distance of neighbouring positions in {@code out}
     */
    void attention(
            float[] qkv,
            int q,
            int k,
            int v,
            int rowDistance,
            int size,
            int length,
            float scale,
            float[] weights,
            int weightsOffset,
            float[] out,
            int outOffset,
            int outRow);

    /** Its backward pass: from {@code dOut}, the gradient of its result, that of queries, keys and values in {@code dQkv}. */
    void attentionBackward(
            float[] qkv,
            int q,
            int k,
            int v,
            int rowDistance,
            int size,
            int length,
            float scale,
            float[] weights,
            int weightsOffset,
            float[] dOut,
            int outOffset,
            int outRow,
            float[] dQkv);

    /**
     * Attention of one position of all heads over a cache: softmax of {@code scale * q . k} over the first {@code positions}, its own
     * included, and the values weighted by it. The same sums in the same order as by {@link #matmul} and {@link #softmax}.
     *
     * @param q the queries (heads * size) at {@code qOffset}
     * @param pages the sequence's pages, see {@link CachePage}, of which those that hold the first {@code positions} are read
     * @param scores scratch (heads, positions padded)
     * @param out takes the result (heads * size) at {@code outOffset}
     */
    void attend(
            float[] q,
            int qOffset,
            int heads,
            int size,
            float scale,
            float[][] pages,
            int layer,
            int positions,
            float[] scores,
            float[] out,
            int outOffset);

    /** {@return the sum of squares in double precision, in {@value #LANES} virtual lanes of doubles} */
    double sumOfSquares(float[] x, int offset, int n);

    /**
     * One Adam update of {@code n} weights: {@code g = gradient * factor}, {@code m = b1 m + (1-b1) g},
     * {@code v = b2 v + (1-b2) g^2}, {@code w -= rate * m / (sqrt(v * vScale) + epsilon)}, then {@code w -= decay * w}.
     */
    void adam(float[] w, float[] m, float[] v, float[] gradient, int offset, int n, AdamStep step);

    /**
     * The scalars of one Adam update.
     *
     * @param factor what makes the mean, clipped gradient of a sum
     * @param rate learning rate over the first moment's bias correction
     * @param vScale one over the second moment's bias correction
     * @param decay learning rate times weight decay
     */
    record AdamStep(
            float factor,
            float beta1,
            float oneMinusBeta1,
            float beta2,
            float oneMinusBeta2,
            float rate,
            float vScale,
            float epsilon,
            float decay) {}
}
