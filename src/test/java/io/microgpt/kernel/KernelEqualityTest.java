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
 * {@link MatmulTest}.
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
                same(k -> changed(x, c -> k.scale(c, offset, n, 0.37f)));
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
                float[] y = random(size, 2, specials);
                float[] r = random(rows, 3, specials);
                float[] dx = random(size + 20, 4, specials);
                same(k -> {
                    float[] out = random(size + 20, 5, true);
                    float[] factors = random(rows + 3, 6, true);
                    k.normalise(x, out, factors, rows, n);
                    untouched(out, random(size + 20, 5, true), size);
                    untouched(factors, random(rows + 3, 6, true), rows);
                    return concat(out, factors);
                });
                same(k -> changed(dx, out -> {
                    k.normaliseBackward(y, r, x, out, rows, n);
                    untouched(out, dx, size);
                }));
            }
        }
    }

    /** The rows are longer and longer or all of one length; what stands behind them is not read, however bad. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 13, 15, 16, 17, 32, 33, 48, 65, 207, 702})
    void softmax(int n) {
        for (int rows : new int[] {0, 1, 4, 19}) {
            for (int growth : new int[] {0, 1}) {
                int last = n + Math.max(0, rows - 1) * growth;
                for (int width : new int[] {n, last, last + 3, (last + 15) / 16 * 16, last + 40}) {
                    for (int seed = 0; seed < 4; seed++) {
                        softmax(new Rows(
                                seed, seed % 3 * 5, Math.max(last, width) + seed % 2 * 7, rows, n, growth, width));
                    }
                }
            }
        }
    }

    private record Rows(int seed, int offset, int distance, int rows, int n, int growth, int width) {
        int size() {
            return offset + rows * distance + 3;
        }

        int length(int row) {
            return n + row * growth;
        }

        /** {@return the array with {@code value} between each row's end and the width} */
        float[] filled(float[] x, float value) {
            for (int row = 0; row < rows; row++) {
                int start = offset + row * distance;
                Arrays.fill(x, start + length(row), start + Math.max(width, length(row)), value);
            }
            return x;
        }

        /** {@return whether an index is of a row or of the zeros behind it} */
        boolean inside(int index) {
            int row = (index - offset) / Math.max(1, distance);
            return index >= offset && row < rows && index - offset - row * distance < Math.max(width, length(row));
        }
    }

    private void softmax(Rows shape) {
        boolean specials = shape.seed > 1;
        float scale = shape.seed % 2 == 0 ? 0.25f : 1.0f;
        float[] x = shape.filled(random(shape.size(), shape.seed, specials), Float.NaN);
        float[] p = shape.filled(random(shape.size(), shape.seed + 100, specials), 0.0f);
        same(k -> {
            float[] sums = shape.seed == 0 ? null : random(2 * shape.rows + 3, 9, false);
            float[] out = x.clone();
            k.softmax(out, shape.offset, shape.distance, shape.rows, shape.n, shape.growth, shape.width, scale, sums);
            zerosAndNothingElse(shape, out, x);
            if (sums == null) {
                return out;
            }
            untouched(sums, random(2 * shape.rows + 3, 9, false), 2 * shape.rows);
            return concat(out, sums);
        });
        same(k -> changed(x, out -> {
            k.softmaxBackward(
                    p,
                    shape.offset,
                    out,
                    shape.offset,
                    shape.distance,
                    shape.rows,
                    shape.n,
                    shape.growth,
                    shape.width,
                    scale);
            zerosAndNothingElse(shape, out, x);
        }));
    }

    /** Zeros after each row, up to the width, and the caller's own values where neither is. */
    private static void zerosAndNothingElse(Rows shape, float[] after, float[] before) {
        for (int row = 0; row < shape.rows; row++) {
            int start = shape.offset + row * shape.distance;
            for (int i = start + shape.length(row); i < start + shape.width; i++) {
                assertThat(Float.floatToIntBits(after[i])).isZero();
            }
        }
        for (int i = 0; i < after.length; i++) {
            if (!shape.inside(i) && Float.floatToIntBits(after[i]) != Float.floatToIntBits(before[i])) {
                throw new AssertionError(shape + " writes to " + i);
            }
        }
    }

    /** One value out of the order in any place of a row is the whole row's. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void softmaxOfDamagedRows(float value) {
        for (int n : new int[] {1, 13, 16, 37}) {
            for (int width : new int[] {n, 48}) {
                for (int place = 0; place < n; place++) {
                    float[] x = random(2 * 48, 1, false);
                    x[place] = value;
                    Arrays.fill(x, 48, 48 + n, value);
                    same(k -> {
                        float[] sums = new float[4];
                        return concat(changed(x, out -> k.softmax(out, 0, 48, 2, n, 0, width, 0.5f, sums)), sums);
                    });
                }
            }
        }
    }

    /** Against the formulas in float64. */
    @Test
    void softmaxIsWhatItSays() {
        int n = 37;
        float[] x = random(n, 3, false);
        float[] dp = random(n, 4, false);
        double[] exp = new double[n];
        double max = Double.NEGATIVE_INFINITY;
        for (float value : x) {
            max = Math.max(max, 0.05 * value);
        }
        double sum = 0.0;
        for (int i = 0; i < n; i++) {
            exp[i] = Math.exp(0.05 * x[i] - max);
            sum += exp[i];
        }
        double dot = 0.0;
        for (int i = 0; i < n; i++) {
            dot += exp[i] / sum * dp[i];
        }
        for (Kernels k : new Kernels[] {scalar, vector}) {
            float[] sums = new float[2];
            float[] p = x.clone();
            k.softmax(p, 0, n, 1, n, 0, n, 0.05f, sums);
            float[] dx = dp.clone();
            k.softmaxBackward(p, 0, dx, 0, n, 1, n, 0, n, 0.05f);
            assertThat((double) sums[0]).isCloseTo(max, within(1e-6 * Math.abs(max)));
            assertThat((double) sums[1]).isCloseTo(sum, within(1e-5 * sum));
            for (int i = 0; i < n; i++) {
                double expected = exp[i] / sum;
                assertThat((double) p[i]).isCloseTo(expected, within(1e-5 * expected + 1e-30));
                assertThat((double) dx[i]).isCloseTo(expected * (dp[i] - dot) * 0.05, within(1e-5));
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
