package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients of matrices over neighbouring rows: both kernels have the bits of a loop of fused multiply-adds, row after row. */
class WeightGradientTest {
    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    /** {@return the sum over rows of {@code m} and {@code n} of their products, on top of c} */
    static float[] products(int m, int n, int rows, float[] a, float[] b, float[] c) {
        float[] result = new float[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                float sum = c == null ? 0.0f : c[i * n + j];
                for (int row = 0; row < rows; row++) {
                    sum = Math.fma(a[row * m + i], b[row * n + j], sum);
                }
                result[i * n + j] = sum;
            }
        }
        return result;
    }

    /** {@return panels of no numbers but for the rows from {@code from} on} */
    static float[] panels(float[] rowMajor, int from, int rows, int n, int offset) {
        float[] x = new float[offset + Panels.size(from + rows, n)];
        Arrays.fill(x, Float.NaN);
        PanelRows.set(x, offset, from, rows, n, rowMajor);
        return x;
    }

    /** All rows but those of the range, and all padding, are no numbers; outside of c nothing changes. */
    private void same(int m, int n, int from, int to, int seed) {
        boolean specials = seed % 3 == 0;
        int rows = to - from;
        float[] a = random(rows * m, seed, specials);
        float[] b = random(rows * n, seed + 1, specials);
        float[] aPanels = panels(a, from, rows, m, seed % 4 * 3);
        float[] bPanels = panels(b, from, rows, n, seed % 5 * 3);
        int offset = seed % 7;
        float[] c = random(offset + m * n + seed % 2 * 9, seed + 2, specials);
        float[] before = Arrays.copyOfRange(c, offset, offset + m * n);
        for (boolean accumulate : new boolean[] {false, true}) {
            float[] expected = c.clone();
            float[] sums = products(m, n, rows, a, b, accumulate ? before : null);
            System.arraycopy(sums, 0, expected, offset, m * n);
            for (Kernels kernels : List.of(scalar, vector)) {
                float[] actual = c.clone();
                kernels.panels()
                        .weightGradient(
                                m,
                                n,
                                aPanels,
                                seed % 4 * 3,
                                bPanels,
                                seed % 5 * 3,
                                from,
                                to,
                                actual,
                                offset,
                                accumulate);
                assertBits(
                        actual,
                        expected,
                        "[%d,%d] of rows %d to %d, accumulate %b, %s",
                        m,
                        n,
                        from,
                        to,
                        accumulate,
                        kernels.name());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0", "5, 5", "16, 16", "0, 1", "3, 4", "15, 16", "15, 17", "0, 16", "2, 14", "7, 23", "16, 32", "31, 33",
        "1, 48", "13, 100", "17, 65"
    })
    void ranges(int from, int to) {
        int seed = from + to;
        for (int m : new int[] {0, 1, 5, 6, 7, 13, 17, 65}) {
            for (int n : new int[] {0, 1, 6, 15, 16, 17, 31, 33}) {
                same(m, n, from, to, seed++);
            }
        }
    }

    @Test
    void everyRange() {
        for (int from = 0; from < 34; from++) {
            for (int to = from; to < 50; to++) {
                same(7, 17, from, to, from * 50 + to);
            }
        }
    }

    /** A block of the left side has no more than 65,536 floats, but at least six columns. */
    @ParameterizedTest
    @CsvSource({
        "400, 17, 3, 300",
        "257, 3, 0, 256",
        "255, 16, 15, 513",
        "390, 33, 1, 207",
        "13, 3, 5, 11005",
        "7, 1, 0, 10928",
        "5, 513, 2, 31",
        "48, 300, 9, 65",
        "1, 2100, 14, 18",
        "300, 65, 0, 31",
        "40, 131, 5, 906",
        "17, 400, 3, 300"
    })
    void blocks(int m, int n, int from, int to) {
        same(m, n, from, to, 1);
        same(m, n, from, to, 2);
    }

    @Test
    void scratchIsUsedAgainAndAgain() {
        int[][] shapes = {{200, 65, 60}, {1, 1, 2}, {7, 200, 300}, {1, 1, 300}, {65, 17, 1}, {200, 65, 60}, {5, 6, 4}};
        for (int number = 0; number < 2 * shapes.length; number++) {
            int[] shape = shapes[number % shapes.length];
            same(
                    shape[0],
                    shape[1],
                    number,
                    number + shape[2],
                    3 * (number % 2)); // of every other one, NaN wait for the next
        }
    }

    /** And so near the true sum. */
    @ParameterizedTest
    @ValueSource(ints = {0, 9})
    void theSum(int from) {
        int m = 11;
        int n = 37;
        int rows = 301;
        float[] a = random(rows * m, 4, false);
        float[] b = random(rows * n, 5, false);
        float[] c = new float[m * n];
        vector.panels()
                .weightGradient(
                        m,
                        n,
                        panels(a, from, rows, m, 0),
                        0,
                        panels(b, from, rows, n, 0),
                        0,
                        from,
                        from + rows,
                        c,
                        0,
                        false);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double exact = 0.0;
                double magnitude = 0.0;
                for (int row = 0; row < rows; row++) {
                    double product = (double) a[row * m + i] * b[row * n + j];
                    exact += product;
                    magnitude += Math.abs(product);
                }
                assertThat((double) c[i * n + j]).isCloseTo(exact, within(1e-5 * magnitude));
            }
        }
    }
}
