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

    /** {@return {@code scalar} or {@code vector}, as in the key {@code engine.kernels}, with the width in bits} */
    String name();

    /**
     * Matrix product {@code c[m,n] = a[m,k] . b[k,n]}, or {@code c += a . b} when accumulating.
     *
     * @param aRow distance of neighbouring rows of {@code a}; with {@code aColumn} any transposition
     * @param aColumn distance of neighbouring columns of {@code a}
     * @param bRow distance of neighbouring rows of {@code b}, whose columns are adjacent
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
            float[] c,
            int cOffset,
            int cRow,
            boolean accumulate);

    /** {@return the sum of {@code n} elements} */
    float sum(float[] x, int offset, int n);

    /** {@return the sum of products, by fused multiply-add} */
    float dot(float[] x, int xOffset, float[] y, int yOffset, int n);

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
     * Backward pass of a normalisation {@code y = x * r} with {@code r = 1 / sqrt(mean(x^2) + eps)}:
     * {@code dx += r * (dy - y * mean(dy * y))}.
     */
    void rmsBackward(float[] y, int yOffset, float r, float[] dy, int dyOffset, float[] dx, int dxOffset, int n);

    /** Backward pass of a softmax with scaled inputs: {@code dp = p * (dp - dot(p, dp)) * factor}, in place. */
    void softmaxBackward(float[] p, int pOffset, float[] dp, int dpOffset, int n, float factor);

    /** {@return the sum of squares in double precision, in {@value #LANES} virtual lanes of doubles} */
    double sumOfSquares(float[] x, int offset, int n);

    /**
     * One Adam update of {@code n} weights: {@code m = b1 m + (1-b1) g}, {@code v = b2 v + (1-b2) g^2},
     * {@code w -= rate * m / (sqrt(v * vScale) + epsilon)}, then {@code w -= decay * w}.
     */
    void adam(float[] w, float[] m, float[] v, float[] g, int offset, int n, AdamStep step);

    /**
     * The scalars of one Adam update.
     *
     * @param rate learning rate over the first moment's bias correction
     * @param vScale one over the second moment's bias correction
     * @param decay learning rate times weight decay
     */
    record AdamStep(
            float beta1,
            float oneMinusBeta1,
            float beta2,
            float oneMinusBeta2,
            float rate,
            float vScale,
            float epsilon,
            float decay) {}
}
