package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.concat;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What looks at whole rows of panels: both kernels have, for each row by itself, the bits of the definition. All that is not of a row is no
 * number, so that none of it can have gone into a result.
 */
class PanelColumnsTest {
    private static final int[] ROWS = {0, 1, 5, 15, 16, 17, 31, 48};

    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    /** A result for each row, in lanes up to the last panel's end, and a little room behind. */
    private static float[] perRow(int rows) {
        float[] x = new float[Panels.count(rows) * Panels.ROWS + 5];
        Arrays.fill(x, 7.0f);
        return x;
    }

    private static float[] results(float[] perRow, int rows) {
        int end = perRow.length - 5;
        assertThat(Arrays.copyOfRange(perRow, end, perRow.length)).containsOnly(7.0f);
        return Arrays.copyOf(perRow, rows);
    }

    private static float dot(float[] x, float[] y, int at, int n) {
        float[] lanes = new float[Kernels.LANES];
        for (int i = 0; i < n; i++) {
            lanes[i % Kernels.LANES] = Math.fma(x[at + i], y[at + i], lanes[i % Kernels.LANES]);
        }
        return Lanes.fold(lanes);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 6, 7, 13, 15, 16, 17, 31, 32, 33, 48, 65, 207, 300, 702})
    void normalise(int n) {
        for (int rows : ROWS) {
            for (boolean specials : new boolean[] {false, true}) {
                float[] x = random(rows * n, 1, specials);
                float[] y = new float[rows * n];
                float[] r = new float[rows];
                for (int row = 0; row < rows; row++) {
                    r[row] = (float) (1.0 / Math.sqrt(dot(x, x, row * n, n) / (double) n + 1e-5));
                    for (int i = row * n; i < (row + 1) * n; i++) {
                        y[i] = x[i] * r[row];
                    }
                }
                for (Kernels kernels : List.of(scalar, vector)) {
                    float[] panels = PanelRows.panels(x, rows, n, 0);
                    float[] out = PanelRows.random(rows, n, 0, 2, true);
                    float[] factors = perRow(rows);
                    kernels.panels().normalise(panels, out, factors, rows, n);
                    assertBits(PanelRows.rows(out, rows, n), y, "%d rows, %s", rows, kernels.name());
                    assertBits(results(factors, rows), r, "factors of %d rows, %s", rows, kernels.name());
                    assertBits(PanelRows.rows(panels, rows, n), x, "what was normalised");
                }
            }
        }
    }

    /** As over rows one after another. */
    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 17, 65, 207})
    void normaliseAsOneRowAfterAnother(int n) {
        int rows = 37;
        float[] x = random(rows * n, 1, true);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] y = new float[rows * n];
            float[] r = new float[rows];
            kernels.normalise(x, y, r, rows, n);
            float[] out = new float[Panels.size(rows, n)];
            float[] factors = perRow(rows);
            kernels.panels().normalise(PanelRows.panels(x, rows, n, 0), out, factors, rows, n);
            assertBits(PanelRows.rows(out, rows, n), y, kernels.name());
            assertBits(results(factors, rows), r, kernels.name());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 6, 7, 13, 15, 16, 17, 31, 32, 33, 48, 65, 207, 300, 702})
    void normaliseBackward(int n) {
        for (int rows : ROWS) {
            for (boolean specials : new boolean[] {false, true}) {
                float[] y = random(rows * n, 1, specials);
                float[] dy = random(rows * n, 2, specials);
                float[] dx = random(rows * n, 3, specials);
                float[] r = random(rows, 4, specials);
                float[] expected = dx.clone();
                for (int row = 0; row < rows; row++) {
                    float minusMean = -(dot(dy, y, row * n, n) / n);
                    for (int i = row * n; i < (row + 1) * n; i++) {
                        expected[i] = Math.fma(r[row], Math.fma(minusMean, y[i], dy[i]), dx[i]);
                    }
                }
                float[] factors = Arrays.copyOf(r, Panels.count(rows) * Panels.ROWS);
                Arrays.fill(factors, rows, factors.length, Float.NaN);
                for (Kernels kernels : List.of(scalar, vector)) {
                    float[] yPanels = PanelRows.panels(y, rows, n, 0);
                    float[] dyPanels = PanelRows.panels(dy, rows, n, 0);
                    float[] out = PanelRows.panels(dx, rows, n, 0);
                    kernels.panels().normaliseBackward(yPanels, factors, dyPanels, out, rows, n);
                    assertBits(PanelRows.rows(out, rows, n), expected, "%d rows, %s", rows, kernels.name());
                    assertBits(PanelRows.rows(yPanels, rows, n), y, "y");
                    assertBits(PanelRows.rows(dyPanels, rows, n), dy, "its gradient");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 6, 7, 13, 15, 16, 17, 31, 32, 33, 48, 65, 207, 300, 702})
    void softmax(int n) {
        for (int rows : ROWS) {
            for (boolean specials : new boolean[] {false, true}) {
                softmax(random(rows * n, rows, specials), rows, n);
            }
        }
    }

    private void softmax(float[] x, int rows, int n) {
        float[] expected = x.clone();
        float[] largest = new float[rows];
        float[] sums = new float[rows];
        for (int row = 0; row < rows; row++) {
            float[] lanes = new float[Kernels.LANES];
            largest[row] = Float.NEGATIVE_INFINITY;
            for (int i = row * n; i < (row + 1) * n; i++) {
                largest[row] = Math.max(largest[row], x[i]);
            }
            for (int i = 0; i < n; i++) {
                expected[row * n + i] = Exp.exp(x[row * n + i] - largest[row]);
                lanes[i % Kernels.LANES] += expected[row * n + i];
            }
            sums[row] = Lanes.fold(lanes);
            float factor = 1.0f / sums[row];
            for (int i = row * n; i < (row + 1) * n; i++) {
                expected[i] *= factor;
            }
        }
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] panels = PanelRows.panels(x, rows, n, 0);
            float[] tops = perRow(rows);
            float[] totals = perRow(rows);
            kernels.panels().softmax(panels, rows, n, tops, totals);
            assertBits(PanelRows.rows(panels, rows, n), expected, "%d rows of %d, %s", rows, n, kernels.name());
            assertBits(results(tops, rows), largest, "largest of %d, %s", n, kernels.name());
            assertBits(results(totals, rows), sums, "sums of %d, %s", n, kernels.name());
        }
    }

    /** One value out of the order in any place of a row is the whole row's, and of no other. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void softmaxOfDamagedRows(float value) {
        for (int n : new int[] {1, 13, 16, 37}) {
            for (int place = 0; place < n; place++) {
                float[] x = random(18 * n, 1, false);
                x[place % 18 * n + place] = value;
                Arrays.fill(x, 17 * n, 18 * n, value);
                softmax(x, 18, n);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 6, 7, 15, 16, 17, 31, 48, 65, 207, 257, 513})
    void sum(int n) {
        for (int rows : ROWS) {
            float[] x = random(rows * n, rows, rows % 2 == 1);
            float[] expected = new float[rows];
            for (int row = 0; row < rows; row++) {
                float[] lanes = new float[Kernels.LANES];
                for (int i = 0; i < n; i++) {
                    lanes[i % Kernels.LANES] += x[row * n + i];
                }
                expected[row] = Lanes.fold(lanes);
            }
            for (Kernels kernels : List.of(scalar, vector)) {
                float[] sums = perRow(rows);
                kernels.panels().sum(PanelRows.panels(x, rows, n, 0), rows, n, sums);
                assertBits(results(sums, rows), expected, "%d rows, %s", rows, kernels.name());
            }
        }
    }

    /** The same row in every lane, among others. */
    @ParameterizedTest
    @ValueSource(ints = {1, 13, 16, 65})
    void rowsDoNotSeeEachOther(int n) {
        float[] one = random(n, 1, false);
        float[] gradient = random(n, 2, false);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] expected = null;
            for (int place = 0; place < 33; place++) {
                int rows = 33 + place % 3;
                float[] x = PanelRows.random(rows, n, 0, place, true);
                float[] dy = PanelRows.random(rows, n, 0, place + 1, true);
                PanelRows.set(x, 0, place, 1, n, one);
                PanelRows.set(dy, 0, place, 1, n, gradient);
                float[] y = new float[x.length];
                float[] dx = new float[x.length];
                float[] r = perRow(rows);
                float[] largest = perRow(rows);
                float[] sums = perRow(rows);
                kernels.panels().normalise(x, y, r, rows, n);
                kernels.panels().normaliseBackward(y, r, dy, dx, rows, n);
                kernels.panels().softmax(x, rows, n, largest, sums);
                float[] actual = concat(
                        PanelRows.rows(y, 0, place, 1, n),
                        PanelRows.rows(dx, 0, place, 1, n),
                        PanelRows.rows(x, 0, place, 1, n),
                        new float[] {r[place], largest[place], sums[place]});
                expected = expected == null ? actual : expected;
                assertBits(actual, expected, "row %d, %s", place, kernels.name());
            }
        }
    }

    /** Against the formulas in float64. */
    @Test
    void theFormulas() {
        int n = 37;
        float[] x = random(n, 3, false);
        float[] dy = random(n, 4, false);
        double max = Arrays.stream(Floats.doubles(x)).max().orElseThrow();
        double sum =
                Arrays.stream(Floats.doubles(x)).map(v -> Math.exp(v - max)).sum();
        double squares = Arrays.stream(Floats.doubles(x)).map(v -> v * v).sum();
        double factor = 1.0 / Math.sqrt(squares / n + 1e-5);
        double mean = 0.0;
        for (int i = 0; i < n; i++) {
            mean += x[i] * factor * dy[i] / n;
        }
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] p = PanelRows.panels(x, 1, n, 0);
            float[] y = new float[p.length];
            float[] dx = new float[p.length];
            float[] r = perRow(1);
            float[] largest = perRow(1);
            float[] sums = perRow(1);
            kernels.panels().normalise(p, y, r, 1, n);
            kernels.panels().normaliseBackward(y, r, PanelRows.panels(dy, 1, n, 0), dx, 1, n);
            kernels.panels().softmax(p, 1, n, largest, sums);
            assertThat((double) largest[0]).isEqualTo(max);
            assertThat((double) sums[0]).isCloseTo(sum, within(1e-5 * sum));
            for (int i = 0; i < n; i++) {
                int at = i * Panels.ROWS;
                assertThat((double) y[at]).isCloseTo(x[i] * factor, within(1e-5));
                assertThat((double) dx[at]).isCloseTo(factor * (dy[i] - x[i] * factor * mean), within(1e-5));
                double expected = Math.exp(x[i] - max) / sum;
                assertThat((double) p[at]).isCloseTo(expected, within(1e-5 * expected + 1e-30));
            }
        }
    }
}
