package io.microgpt.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vector kernels agree with the scalar reference bit for bit, over awkward sizes and special values. */
class KernelEqualityTest {
    private static final float[] SPECIALS = {
        0.0f,
        -0.0f,
        1.0f,
        -1.0f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        1e-38f,
        1e-30f,
        -3e38f,
        Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        88.5f,
        -88.5f,
        -103f,
        87.99f
    };

    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 13, 15, 16, 17, 31, 33, 64, 100, 207, 702})
    void vectors(int n) {
        for (boolean specials : new boolean[] {false, true}) {
            for (int seed = 0; seed < 4; seed++) {
                int offset = seed * 3;
                float[] x = random(n + 20, seed, specials);
                float[] y = random(n + 20, seed + 100, specials);
                float[] z = random(n + 20, seed + 200, specials);
                same(k -> new float[] {k.sum(x, offset, n)});
                same(k -> new float[] {k.dot(x, offset, y, offset + 1, n)});
                same(k -> new float[] {k.max(x, offset, n)});
                same(k -> {
                    double s = k.sumOfSquares(x, offset, n);
                    return new float[] {(float) s, (float) (s - (float) s)};
                });
                same(k -> changed(x, c -> k.scale(c, offset, n, 0.37f)));
                same(k -> changed(x, c -> k.relu(c, offset, n)));
                same(k -> changed(x, c -> k.add(c, offset, y, offset + 2, n)));
                same(k -> changed(x, c -> k.reluBackward(y, offset + 1, c, offset, n)));
                same(k -> changed(x, c -> k.rmsBackward(y, offset, 1.7f, z, offset + 1, c, offset + 3, n)));
                same(k -> changed(x, c -> k.softmaxBackward(y, offset, c, offset + 1, n, 0.25f)));
                same(k -> {
                    float[] c = x.clone();
                    float sum = k.expSum(c, offset, n, 0.5f);
                    c[c.length - 1] = sum;
                    return c;
                });
                same(k -> {
                    float[] m = y.clone();
                    float[] v = random(n + 20, 7, false);
                    for (int i = 0; i < v.length; i++) {
                        v[i] = Math.abs(v[i]);
                    }
                    float[] w = z.clone();
                    k.adam(w, m, v, x, offset, n, new Kernels.AdamStep(.85f, .15f, .99f, .01f, .01f, 3f, 1e-8f, 1e-4f));
                    return concat(w, m, v);
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 24, 27, 65})
    void matrixProducts(int n) {
        for (int m : new int[] {1, 2, 3, 4, 5, 9}) {
            for (int k : new int[] {0, 1, 3, 16, 33}) {
                for (boolean accumulate : new boolean[] {false, true}) {
                    boolean specials = (m + k) % 3 == 0;
                    float[] a = random(m * k + 7, 1, specials);
                    float[] b = random(k * (n + 3) + 9, 2, specials);
                    float[] c = random(m * (n + 2) + 5, 3, specials);
                    same(kernels -> changed(
                            c, out -> kernels.matmul(m, n, k, a, 3, k, 1, b, 2, n + 3, out, 1, n + 2, accumulate)));
                    same(kernels -> changed(
                            c, out -> kernels.matmul(m, n, k, a, 3, 1, m, b, 2, n + 3, out, 1, n + 2, accumulate)));
                }
            }
        }
    }

    /** A row of a product is the same bits alone as among others. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8, 27, 64})
    void rowsDoNotSeeEachOther(int n) {
        int m = 11;
        int k = 29;
        float[] a = random(m * k, 4, false);
        float[] b = random(k * n, 5, false);
        float[] together = new float[m * n];
        vector.matmul(m, n, k, a, 0, k, 1, b, 0, n, together, 0, n, false);
        float[] alone = new float[m * n];
        for (int i = 0; i < m; i++) {
            vector.matmul(1, n, k, a, i * k, k, 1, b, 0, n, alone, i * n, n, false);
        }
        assertBits(alone, together);
    }

    @ParameterizedTest
    @ValueSource(floats = {-87f, -50f, -10.5f, -1f, -1e-3f, 0f, 1e-6f, 0.5f, 1f, 20.25f, 80f, 88f})
    void exponentialIsAccurate(float x) {
        float[] value = {x};
        scalar.expSum(value, 0, 1, 0.0f);
        double exact = Math.exp(x);
        assertThat(Math.abs(value[0] - exact) / exact).isLessThan(1.2e-7);
    }

    private void same(Function<Kernels, float[]> operation) {
        assertBits(operation.apply(vector), operation.apply(scalar));
    }

    private interface Change {
        void on(float[] array);
    }

    private static float[] changed(float[] array, Change change) {
        float[] copy = array.clone();
        change.on(copy);
        return copy;
    }

    /** NaN has many bit patterns and hardware chooses among them; every other value has one. */
    private static void assertBits(float[] actual, float[] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(Float.floatToIntBits(actual[i]))
                    .as("element %d: %s against %s", i, actual[i], expected[i])
                    .isEqualTo(Float.floatToIntBits(expected[i]));
        }
    }

    private static float[] concat(float[]... arrays) {
        float[] all = new float
                [java.util.Arrays.stream(arrays).mapToInt(a -> a.length).sum()];
        int at = 0;
        for (float[] array : arrays) {
            System.arraycopy(array, 0, all, at, array.length);
            at += array.length;
        }
        return all;
    }

    private static float[] random(int n, int seed, boolean specials) {
        Random random = new Random(seed * 31L + n);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = specials && random.nextInt(4) == 0
                    ? SPECIALS[random.nextInt(SPECIALS.length)]
                    : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(3)));
        }
        return x;
    }
}
