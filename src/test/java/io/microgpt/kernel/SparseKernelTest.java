package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static io.microgpt.kernel.LeafPrograms.tree;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products that pass over zeros: both kernels have the bits of a loop over what is over zero, and those of dense products. */
class SparseKernelTest {
    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    /** Rows of columns of which about a share is over zero; the others are zero or below. */
    private static float[] hidden(int rows, int columns, double share, int seed) {
        Random random = new Random(seed);
        float[] others = {0.0f, -0.0f, -1.0f, -3e38f, Float.NEGATIVE_INFINITY, -Float.MIN_VALUE};
        float[] x = new float[rows * columns];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextDouble() < share
                    ? Math.abs((float) random.nextGaussian()) + Float.MIN_VALUE
                    : others[random.nextInt(others.length)];
        }
        return x;
    }

    private static Nonzeros find(Kernels kernels, float[] x, int rows, int columns) {
        Nonzeros nonzeros = new Nonzeros();
        kernels.sparse().find(PanelRows.panels(x, rows, columns, 0), rows, columns, nonzeros);
        return nonzeros;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 16, 95, 96, 97, 200})
    void finding(int columns) {
        for (int rows : new int[] {1, 7, 8, 9, 15, 16, 17, 33}) {
            float[] x = random(rows * columns, rows, true);
            for (Kernels kernels : List.of(scalar, vector)) {
                Nonzeros nonzeros = find(kernels, x, rows, columns);
                long count = 0;
                for (int row = 0; row < rows; row++) {
                    for (int i = 0; i < columns; i++) {
                        boolean positive = x[row * columns + i] > 0.0f || Float.isNaN(x[row * columns + i]);
                        assertThat(nonzeros.has(row, i))
                                .as("%s: %s", kernels.name(), x[row * columns + i])
                                .isEqualTo(positive);
                        count += positive ? 1 : 0;
                    }
                }
                assertThat(nonzeros.count()).isEqualTo(count);
            }
        }
    }

    /** One object finds large and small matrices in turn. */
    @Test
    void findingAgain() {
        for (Kernels kernels : List.of(scalar, vector)) {
            Nonzeros nonzeros = new Nonzeros();
            for (int columns : new int[] {200, 3, 97, 9}) {
                float[] x = hidden(20, columns, 0.5, columns);
                kernels.sparse().find(PanelRows.panels(x, 20, columns, 0), 20, columns, nonzeros);
                long positive = java.util.stream.IntStream.range(0, x.length)
                        .filter(i -> x[i] > 0.0f)
                        .count();
                assertThat(nonzeros.count()).isEqualTo(positive);
            }
        }
    }

    /** What is passed over holds no numbers in x, so that reading it shows. */
    private void product(int rows, int columns, int n, double share, boolean transposed, boolean accumulate, int seed) {
        float[] pattern = hidden(rows, columns, share, seed);
        boolean specials = seed % 3 == 0;
        float[] x = random(rows * columns, seed + 1, specials);
        float[] w = random(seed % 4 + columns * n, seed + 2, specials);
        float[] c = random(rows * n, seed + 3, specials);
        int wColumn = transposed ? 1 : n;
        int wOut = transposed ? columns : 1;
        float[] expected = new float[rows * n];
        for (int row = 0; row < rows; row++) {
            for (int o = 0; o < n; o++) {
                float sum = accumulate ? c[row * n + o] : 0.0f;
                for (int i = 0; i < columns; i++) {
                    if (pattern[row * columns + i] > 0.0f) {
                        sum = Math.fma(x[row * columns + i], w[seed % 4 + i * wColumn + o * wOut], sum);
                    }
                }
                expected[row * n + o] = sum;
            }
        }
        for (int i = 0; i < x.length; i++) {
            x[i] = pattern[i] > 0.0f ? x[i] : Float.NaN;
        }
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] to = PanelRows.panels(c, rows, n, 0);
            Nonzeros nonzeros = find(kernels, pattern, rows, columns);
            float[] from = PanelRows.panels(x, rows, columns, 0);
            kernels.sparse().multiply(nonzeros, from, w, seed % 4, wColumn, wOut, n, to, accumulate);
            assertBits(
                    PanelRows.rows(to, rows, n),
                    expected,
                    "%s: %d rows of %d to %d, transposed %b, accumulate %b",
                    kernels.name(),
                    rows,
                    columns,
                    n,
                    transposed,
                    accumulate);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 95, 96, 97, 200})
    void products(int columns) {
        int seed = columns;
        for (int n : new int[] {1, 5, 15, 16, 17, 32, 33, 63, 64, 65, 130}) {
            for (int rows : new int[] {1, 16, 17, 65}) {
                product(rows, columns, n, 0.1 * (seed % 11), seed % 2 == 0, seed % 4 < 2, seed++);
            }
        }
    }

    /** Groups of rows, blocks of columns, strips: the second scratch is larger, the third smaller again. */
    @ParameterizedTest
    @CsvSource({"64, 96, 64", "65, 97, 80", "130, 300, 200", "3, 500, 400", "129, 192, 128", "1, 1, 1"})
    void blocksOfProducts(int rows, int columns, int n) {
        for (int seed = 0; seed < 4; seed++) {
            product(rows, columns, n, 0.3, seed % 2 == 0, seed < 2, seed);
        }
    }

    /** {@code [column][o]} of the rows from one on to before another. */
    private static float[] sums(
            float[] pattern, float[] x, float[] d, int columns, int n, int from, int to, float[] begin) {
        float[] sums = begin == null ? new float[columns * n] : begin.clone();
        for (int row = from; row < to; row++) {
            for (int i = 0; i < columns; i++) {
                for (int o = 0; o < n && pattern[row * columns + i] > 0.0f; o++) {
                    sums[i * n + o] = Math.fma(x[row * columns + i], d[row * n + o], sums[i * n + o]);
                }
            }
        }
        return sums;
    }

    private static float[] transposed(float[] x, int rows, int columns) {
        float[] result = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            result[i % columns * rows + i / columns] = x[i];
        }
        return result;
    }

    private void gradients(
            int columns, int n, int[] program, int first, int[] rows, double share, boolean accumulate, int seed) {
        int all = first + Arrays.stream(rows).sum() + seed % 3;
        boolean specials = seed % 4 == 0;
        float[] pattern = hidden(all, columns, share, seed);
        float[] x = random(all * columns, seed + 1, specials);
        float[] dx = random(all * columns, seed + 2, specials);
        float[] h = random(all * n, seed + 3, specials);
        float[] dy = random(all * n, seed + 4, specials);
        int c1 = seed % 5;
        int c2 = c1 + columns * n + seed % 2 * 3;
        float[] c = random(c2 + columns * n + 2, seed + 5, specials);
        int[] starts = new int[rows.length + 1];
        starts[0] = first;
        for (int i = 0; i < rows.length; i++) {
            starts[i + 1] = starts[i] + rows[i];
        }
        float[] begin1 = accumulate ? Arrays.copyOfRange(c, c1, c1 + columns * n) : null;
        float[] begin2 = accumulate ? transposed(Arrays.copyOfRange(c, c2, c2 + columns * n), n, columns) : null;
        float[] expected = c.clone();
        float[] sum1 = LeafPrograms.sum(
                scalar, program, l -> sums(pattern, dx, h, columns, n, starts[l], starts[l + 1], begin1));
        float[] sum2 = LeafPrograms.sum(
                scalar, program, l -> sums(pattern, x, dy, columns, n, starts[l], starts[l + 1], begin2));
        System.arraycopy(sum1, 0, expected, c1, columns * n);
        System.arraycopy(transposed(sum2, columns, n), 0, expected, c2, columns * n);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] actual = c.clone();
            kernels.sparse()
                    .gradients(
                            find(kernels, pattern, all, columns),
                            tree(program, first, rows),
                            PanelRows.panels(x, all, columns, 0),
                            PanelRows.panels(dx, all, columns, 0),
                            PanelRows.panels(h, all, n, 0),
                            PanelRows.panels(dy, all, n, 0),
                            n,
                            actual,
                            c1,
                            c2,
                            accumulate);
            assertBits(
                    actual,
                    expected,
                    "%s: %d columns, %d, %s from %d, %s, accumulate %b",
                    kernels.name(),
                    columns,
                    n,
                    Arrays.toString(program),
                    first,
                    Arrays.toString(rows),
                    accumulate);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 17, 97})
    void gradients(int columns) {
        int seed = columns;
        Random random = new Random(columns);
        for (int n : new int[] {1, 15, 16, 17, 33, 64, 70, 130}) {
            for (int leaves = 1; leaves <= 5; leaves++) {
                int[] rows = random.ints(leaves, 0, leaves == 2 ? 120 : 20).toArray();
                int first = random.nextInt(40);
                double share = 0.1 * (seed % 11);
                gradients(columns, n, LeafPrograms.random(leaves, random), first, rows, share, false, seed++);
            }
            gradients(columns, n, new int[] {0}, random.nextInt(40), new int[] {30}, 0.4, true, seed++);
        }
    }

    /** Blocks of rows that do not begin with a panel, and of columns whose sums wait together. */
    @ParameterizedTest
    @CsvSource({"256, 64, 97 5", "257, 16, 96", "520, 80, 3 4 5", "30, 200, 300 1", "100, 128, 193", "5, 3, 0 0"})
    void blocksOfGradients(int columns, int n, String leaves) {
        int[] rows =
                Arrays.stream(leaves.split(" ")).mapToInt(Integer::parseInt).toArray();
        for (int seed = 0; seed < 3; seed++) {
            int[] program = LeafPrograms.random(rows.length, new Random(seed));
            gradients(columns, n, program, seed * 9, rows, 0.3, false, seed);
            gradients(columns, n, new int[] {0}, seed * 9, new int[] {rows[0]}, 0.3, true, seed + 1);
        }
    }

    /** For finite numbers, passing zeros over changes no bit. */
    @Test
    void theBitsOfDenseProducts() {
        int rows = 150;
        int columns = 130;
        int n = 80;
        float[] x = hidden(rows, columns, 0.4, 1);
        Nonzeros nonzeros = find(vector, x, rows, columns);
        for (int i = 0; i < x.length; i++) {
            x[i] = x[i] > 0.0f ? x[i] : 0.0f;
        }
        float[] panels = PanelRows.panels(x, rows, columns, 0);
        float[] w = random(columns * n, 2, false);
        float[] sparse = PanelRows.random(rows, n, 0, 3, false);
        float[] dense = sparse.clone();
        vector.sparse().multiply(nonzeros, panels, w, 0, 1, columns, n, sparse, true);
        vector.panels().multiply(n, columns, w, 0, columns, 1, panels, 0, dense, 0, rows, true);
        assertBits(PanelRows.rows(sparse, rows, n), PanelRows.rows(dense, rows, n), "product");

        float[] h = PanelRows.random(rows, n, 0, 4, false);
        float[] dy = PanelRows.random(rows, n, 0, 5, false);
        LeafTree leaves = tree(new int[] {0, 1, -1}, 0, 100, 50);
        float[] c = new float[2 * columns * n];
        vector.sparse().gradients(nonzeros, leaves, panels, panels, h, dy, n, c, 0, columns * n, false);
        float[] expected = new float[c.length];
        vector.panels().weightGradient(columns, n, panels, h, leaves, expected, 0);
        vector.panels().weightGradient(n, columns, dy, panels, leaves, expected, columns * n);
        assertBits(c, expected, "gradients");
    }

    @Test
    void leavesThatHaveNotBegun() {
        float[] x = PanelRows.random(3, 1, 0, 1, false);
        LeafTree leaves = new LeafTree(new int[] {0, 1, -1});
        leaves.leaf(0);
        leaves.end(3);
        for (Kernels kernels : List.of(scalar, vector)) {
            Nonzeros nonzeros = find(kernels, new float[] {1, 1, 1}, 3, 1);
            assertThatThrownBy(() ->
                            kernels.sparse().gradients(nonzeros, leaves, x, x, x, x, 1, new float[2], 0, 1, false))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("only 1 leaves have begun of [0, 1, -1]");
        }
    }
}
