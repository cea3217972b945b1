package io.microgpt.kernel;

import java.util.Optional;

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

    /** {@return the arithmetic of training, on activations in panels} */
    PanelKernels panels();

    /**
     * {@return kernels of the same bits that divide what is large in {@link #panels} among the threads of the {@link
     * java.util.concurrent.ForkJoinPool} in which they are called; empty where these cannot}
     */
    default Optional<Kernels> dividing() {
        return Optional.empty();
    }

    /** {@return products that pass over what relu makes zero} */
    SparseKernels sparse();

    /**
     * Lays out a matrix {@code [n][k]} for {@link #matmul}.
     *
     * @param offset of its first element; rows follow one another
     */
    void pack(int n, int k, float[] matrix, int offset, PackedMatrix packed);

    /**
     * Product of rows with the transpose of a packed matrix: {@code c[m,n] = a[m,k] . b[n,k]^T}, or {@code c += } that when accumulating.
     *
     * @param aRow distance of neighbouring rows of {@code a}, whose columns are adjacent
     * @param cRow distance of neighbouring rows of {@code c}, whose columns are adjacent
     * @throws IllegalArgumentException if the packed matrix is not (n, k)
     */
    void matmul(
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            PackedMatrix b,
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate);

    /** {@return the sum of {@code n} elements} */
    float sum(float[] x, int offset, int n);

    /** {@return the largest of {@code n} elements; NaN if one is; negative infinity if {@code n} is zero} */
    float max(float[] x, int offset, int n);

    /** {@code x = exp(x - shift)}, in place. {@return the sum of the results} */
    float expSum(float[] x, int offset, int n, float shift);

    /** {@code y = y + x}. */
    void add(float[] y, int yOffset, float[] x, int xOffset, int n);

    /** {@code x = max(x, 0)} in place; NaN becomes zero, minus zero becomes zero. */
    void relu(float[] x, int offset, int n);

    /** {@code dy = y > 0 ? dy : 0} in place, {@code y} being what {@link #relu} left. */
    void reluBackward(float[] y, int yOffset, float[] dy, int dyOffset, int n);

    /**
     * Normalisation of each of {@code rows} rows of {@code n}: {@code y = x * r} with {@code r = 1 / sqrt(mean(x^2) + 1e-5)}. The
     * sum of squares is by fused multiply-add; {@code r} is computed in double precision and rounded.
     *
     * @param r takes the factor of each row (rows)
     */
    void normalise(float[] x, float[] y, float[] r, int rows, int n);

    /**
     * Attention of one position of all heads over a cache: softmax of {@code scale * q . k} over the first {@code positions}, its own
     * included, and the values weighted by it. The same sums in the same order as by {@link PanelKernels#attention}.
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
