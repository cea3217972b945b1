package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.concat;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The vector kernels agree with the scalar reference bit for bit, over awkward sizes and special values. Matrix products are in
 * {@link MatmulTest}, what works on panels in tests of its own.
 */
class KernelEqualityTest {
    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 13, 15, 16, 17, 31, 33, 48, 64, 100, 207, 256, 702})
    void vectors(int n) {
        for (boolean specials : new boolean[] {false, true}) {
            for (int seed = 0; seed < 4; seed++) {
                int offset = seed * 3;
                float[] x = random(n + 20, seed, specials);
                float[] y = random(n + 20, seed + 100, specials);
                float[] z = random(n + 20, seed + 200, specials);
                same(k -> new float[] {k.sum(x, offset, n)});
                same(k -> new float[] {k.max(x, offset, n)});
                same(k -> {
                    double s = k.sumOfSquares(x, offset, n);
                    return new float[] {(float) s, (float) (s - (float) s)};
                });
                same(k -> changed(x, c -> k.relu(c, offset, n)));
                same(k -> changed(x, c -> k.add(c, offset, y, offset + 2, n)));
                same(k -> changed(x, c -> k.reluBackward(y, offset + 1, c, offset, n)));
                same(k -> {
                    float[] c = x.clone();
                    float sum = k.expSum(c, offset, n, 0.5f);
                    return concat(c, new float[] {sum});
                });
                same(k -> {
                    float[] m = y.clone();
                    float[] v = random(n + 20, 7, false);
                    for (int i = 0; i < v.length; i++) {
                        v[i] = Math.abs(v[i]);
                    }
                    float[] w = z.clone();
                    Kernels.AdamStep step = new Kernels.AdamStep(.7f, .85f, .15f, .99f, .01f, .01f, 3f, 1e-8f, 1e-4f);
                    k.adam(w, m, v, x, offset, n, step);
                    return concat(w, m, v);
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 8, 13, 15, 16, 17, 31, 32, 33, 100, 207, 702})
    void normalisation(int n) {
        for (int rows : new int[] {0, 1, 2, 5}) {
            for (boolean specials : new boolean[] {false, true}) {
                int size = rows * n;
                float[] x = random(size, 1, specials);
                same(k -> {
                    float[] out = random(size + 20, 5, true);
                    float[] factors = random(rows + 3, 6, true);
                    k.normalise(x, out, factors, rows, n);
                    untouched(out, random(size + 20, 5, true), size);
                    untouched(factors, random(rows + 3, 6, true), rows);
                    return concat(out, factors);
                });
            }
        }
    }

    /** Against the formulas in float64. */
    @Test
    void reductionsAreWhatTheySay() {
        int n = 207;
        float[] x = random(n, 3, false);
        double sum = 0.0;
        double magnitude = 0.0;
        double squares = 0.0;
        double exponentials = 0.0;
        float shift = 150.0f;
        for (float value : x) {
            sum += value;
            magnitude += Math.abs(value);
            squares += (double) value * value;
            exponentials += Math.exp(value - shift);
        }
        for (Kernels k : new Kernels[] {scalar, vector}) {
            assertThat((double) k.sum(x, 0, n)).isCloseTo(sum, within(1e-6 * magnitude));
            assertThat(k.sumOfSquares(x, 0, n)).isCloseTo(squares, within(1e-12 * squares));
            assertThat((double) k.expSum(x.clone(), 0, n, shift)).isCloseTo(exponentials, within(1e-5 * exponentials));
            float[] y = new float[n];
            float[] r = new float[1];
            k.normalise(x, y, r, 1, n);
            double factor = 1.0 / Math.sqrt(squares / n + 1e-5);
            assertThat((double) r[0]).isCloseTo(factor, within(1e-6 * factor));
            for (int i = 0; i < n; i++) {
                assertThat(y[i]).isEqualTo(x[i] * r[0]);
            }
        }
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
        assertBits(operation.apply(vector), operation.apply(scalar), "vector against scalar");
    }

    private static void untouched(float[] after, float[] before, int from) {
        assertBits(
                Arrays.copyOfRange(after, from, after.length),
                Arrays.copyOfRange(before, from, before.length),
                "what is not the result's");
    }

    private interface Change {
        void on(float[] array);
    }

    private static float[] changed(float[] array, Change change) {
        float[] copy = array.clone();
        change.on(copy);
        return copy;
    }
}
