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

/** Products of weights with rows in panels: both kernels have the bits of a loop of fused multiply-adds, in whatever blocks. */
class MultiplyTest {
    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    /** A matrix (m, k) in an array that ends with its last element, so that nothing behind it can be read. */
    private record Matrix(float[] values, int offset, int row, int column) {
        /** Row after row or, transposed, column after column, with or without gaps between them. */
        static Matrix of(int m, int k, boolean transposed, int seed, boolean specials) {
            int offset = seed % 4;
            int row = transposed ? 1 : k + seed % 3;
            int column = transposed ? m + seed % 3 : 1;
            int size = m == 0 || k == 0 ? 0 : (m - 1) * row + (k - 1) * column + 1;
            return new Matrix(random(offset + size, seed, specials), offset, row, column);
        }

        float at(int i, int p) {
            return values[offset + i * row + p * column];
        }
    }

    private static void multiply(
            Kernels kernels, int m, int k, Matrix a, float[] b, int bi, float[] c, int ci, int rows, boolean add) {
        kernels.panels().multiply(m, k, a.values, a.offset, a.row, a.column, b, bi, c, ci, rows, add);
    }

    /** Each element by itself, in ascending k. */
    private static float[] product(int m, int k, Matrix a, float[] b, float[] c, int rows) {
        float[] result = new float[rows * m];
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < m; i++) {
                float sum = c == null ? 0.0f : c[row * m + i];
                for (int p = 0; p < k; p++) {
                    sum = Math.fma(a.at(i, p), b[row * k + p], sum);
                }
                result[row * m + i] = sum;
            }
        }
        return result;
    }

    /** Of b, the padding and the rows behind the last are no numbers; before c nothing changes. */
    private void same(int m, int k, int rows, boolean transposed, int seed) {
        boolean specials = seed % 3 == 0;
        Matrix a = Matrix.of(m, k, transposed, seed, specials);
        float[] b = random(rows * k, seed + 1, specials);
        float[] c = random(rows * m, seed + 2, specials);
        int bi = seed % 5 * 7;
        int ci = seed % 3 * 11;
        float[] bPanels = PanelRows.panels(b, rows, k, bi);
        for (boolean accumulate : new boolean[] {false, true}) {
            float[] expected = product(m, k, a, b, accumulate ? c : null, rows);
            for (Kernels kernels : List.of(scalar, vector)) {
                float[] cPanels = PanelRows.panels(c, rows, m, ci);
                Arrays.fill(cPanels, 0, ci, 7.0f);
                multiply(kernels, m, k, a, bPanels, bi, cPanels, ci, rows, accumulate);
                assertBits(
                        PanelRows.rows(cPanels, ci, 0, rows, m),
                        expected,
                        "[%d,%d] of %d rows, transposed %b, accumulate %b, %s",
                        m,
                        k,
                        rows,
                        transposed,
                        accumulate,
                        kernels.name());
                assertThat(Arrays.copyOf(cPanels, ci)).containsOnly(sevens(ci));
            }
        }
        assertBits(PanelRows.rows(bPanels, bi, 0, rows, k), b, "what was multiplied");
    }

    private static Float[] sevens(int n) {
        return n == 0 ? new Float[0] : new Float[] {7.0f};
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 6, 7, 13, 16, 17, 65})
    void awkwardSizes(int m) {
        int seed = m;
        for (int k : new int[] {0, 1, 5, 6, 15, 16, 17, 31, 48}) {
            for (int rows : new int[] {0, 1, 15, 16, 17, 31, 33}) {
                same(m, k, rows, false, seed++);
                same(m, k, rows, true, seed++);
            }
        }
    }

    /** Blocks are of 192 rows of the matrix and of 256 steps. */
    @ParameterizedTest
    @CsvSource({
        "252, 256, 5",
        "253, 257, 17",
        "257, 300, 16",
        "251, 255, 1",
        "505, 17, 33",
        "300, 31, 48",
        "7, 513, 31",
        "13, 1025, 15",
        "65, 207, 207",
        "6, 512, 65",
        "3, 48, 513"
    })
    void blocks(int m, int k, int rows) {
        for (int seed = 1; seed < 3; seed++) {
            same(m, k, rows, seed == 2, seed);
        }
    }

    @Test
    void scratchIsUsedAgainAndAgain() {
        int[][] shapes = {{65, 207, 17}, {1, 1, 1}, {300, 5, 3}, {7, 300, 40}, {6, 16, 16}, {65, 207, 17}};
        for (int number = 0; number < 2 * shapes.length; number++) {
            int[] shape = shapes[number % shapes.length];
            same(shape[0], shape[1], shape[2], number % 2 == 0, number);
        }
    }

    /** And so near the true product. */
    @Test
    void theProduct() {
        int m = 11;
        int k = 301;
        int rows = 37;
        for (boolean transposed : new boolean[] {false, true}) {
            Matrix a = Matrix.of(m, k, transposed, 4, false);
            float[] b = random(rows * k, 5, false);
            float[] c = new float[Panels.size(rows, m)];
            multiply(vector, m, k, a, PanelRows.panels(b, rows, k, 0), 0, c, 0, rows, false);
            for (int row = 0; row < rows; row++) {
                for (int i = 0; i < m; i++) {
                    double exact = 0.0;
                    double magnitude = 0.0;
                    for (int p = 0; p < k; p++) {
                        double product = (double) a.at(i, p) * b[row * k + p];
                        exact += product;
                        magnitude += Math.abs(product);
                    }
                    assertThat((double) c[PanelRows.at(0, row, i, m)]).isCloseTo(exact, within(1e-5 * magnitude));
                }
            }
        }
    }

    /** A row has the same bits alone as among others, in every lane. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8, 27, 64})
    void rowsDoNotSeeEachOther(int m) {
        int k = 290;
        int rows = 35;
        Matrix a = Matrix.of(m, k, false, 3, false);
        float[] b = random(rows * k, 5, false);
        float[] together = new float[Panels.size(rows, m)];
        multiply(vector, m, k, a, PanelRows.panels(b, rows, k, 0), 0, together, 0, rows, false);
        for (int row = 0; row < rows; row++) {
            float[] one = Arrays.copyOfRange(b, row * k, (row + 1) * k);
            float[] alone = new float[Panels.size(1, m)];
            multiply(vector, m, k, a, PanelRows.panels(one, 1, k, 0), 0, alone, 0, 1, false);
            assertBits(PanelRows.rows(alone, 1, m), PanelRows.rows(together, 0, row, 1, m), "row %d", row);
        }
    }
}
