package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products by the vector kernels have the bits of the scalar reference, however the matrices lie and in whatever blocks. */
class MatmulTest {
    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    /** A matrix in an array that ends with its last element, so that nothing behind it can be read. */
    private record Matrix(float[] values, int offset, int row, int column) {
        static final int LAYOUTS = 3;

        /** By rows, by columns, or with gaps everywhere. */
        static Matrix of(int rows, int columns, int layout, int seed, boolean specials) {
            int offset = 1 + seed % 3;
            int row = List.of(columns + seed % 2 * 3, 1, 3 * columns + 1).get(layout);
            int column = List.of(1, rows + seed % 2 * 5, 3).get(layout);
            int size = rows == 0 || columns == 0 ? 0 : (rows - 1) * row + (columns - 1) * column + 1;
            return new Matrix(random(offset + size, seed, specials), offset, row, column);
        }

        float at(int i, int j) {
            return values[offset + i * row + j * column];
        }
    }

    private static void multiply(
            Kernels kernels, int m, int n, int k, Matrix a, Matrix b, float[] c, int offset, int row, boolean add) {
        kernels.matmul(
                m, n, k, a.values, a.offset, a.row, a.column, b.values, b.offset, b.row, b.column, c, offset, row, add);
    }

    private static void multiply(
            Kernels kernels,
            int m,
            int n,
            int k,
            Matrix a,
            PackedMatrix b,
            float[] c,
            int offset,
            int row,
            boolean add) {
        kernels.matmul(m, n, k, a.values, a.offset, a.row, a.column, b, c, offset, row, add);
    }

    private static PackedMatrix packed(Kernels kernels, int k, int n, Matrix b) {
        PackedMatrix packed = new PackedMatrix();
        kernels.pack(k, n, b.values, b.offset, b.row, b.column, packed);
        return packed;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 17, 33, 65})
    void everyLayout(int n) {
        int number = 0;
        for (int m : new int[] {0, 1, 2, 5, 6, 7, 13, 200}) {
            for (int k : new int[] {0, 1, 5, 256, 257, 600}) {
                boolean small = m * k < 4000;
                int layouts = Matrix.LAYOUTS * Matrix.LAYOUTS;
                // Of the large ones only two, but all come by.
                for (int layout = 0; layout < (small ? layouts : 2); layout++) {
                    int all = small ? layout : (number + layout * 4) % layouts;
                    boolean specials = number % 3 == 0;
                    Matrix a = Matrix.of(m, k, all % Matrix.LAYOUTS, number, specials);
                    Matrix b = Matrix.of(k, n, all / Matrix.LAYOUTS, number + 1, specials);
                    same(m, n, k, a, b, number++, false);
                    same(m, n, k, a, b, number++, true);
                }
            }
        }
    }

    /** Columns by the thousand are taken in blocks too. */
    @ParameterizedTest
    @CsvSource({"2, 1100, 3", "7, 1025, 260", "1, 2100, 300", "13, 2064, 2", "193, 40, 300", "390, 3, 513"})
    void blocksOfRowsColumnsAndDepth(int m, int n, int k) {
        for (int layout = 0; layout < Matrix.LAYOUTS; layout++) {
            Matrix a = Matrix.of(m, k, (layout + 1) % Matrix.LAYOUTS, 3, false);
            Matrix b = Matrix.of(k, n, layout, 4, false);
            same(m, n, k, a, b, layout, layout == 1);
        }
    }

    /** The scalar product of the unpacked matrix is what all others have to give; outside of it nothing changes. */
    private void same(int m, int n, int k, Matrix a, Matrix b, int seed, boolean accumulate) {
        int offset = seed % 4;
        int row = n + seed % 3;
        int behind = seed % 2 == 0 ? 0 : 40;
        float[] c = random(offset + Math.max(0, (m - 1) * row + n) + behind, seed, seed % 3 == 0);
        float[] expected = c.clone();
        multiply(scalar, m, n, k, a, b, expected, offset, row, accumulate);
        onlyWithin(m, n, offset, row, expected, c);

        float[] byVector = c.clone();
        multiply(vector, m, n, k, a, b, byVector, offset, row, accumulate);
        assertBits(byVector, expected, "[%d,%d,%d] %b", m, n, k, accumulate);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] byPacked = c.clone();
            multiply(kernels, m, n, k, a, packed(kernels, k, n, b), byPacked, offset, row, accumulate);
            assertBits(byPacked, expected, "packed [%d,%d,%d] %b, %s", m, n, k, accumulate, kernels.name());
        }
    }

    private static void onlyWithin(int m, int n, int offset, int row, float[] after, float[] before) {
        float[] outside = after.clone();
        for (int i = 0; i < m; i++) {
            System.arraycopy(before, offset + i * row, outside, offset + i * row, n);
        }
        assertBits(outside, before, "outside of [%d,%d]", m, n);
    }

    /** One fused multiply-add for each k, ascending, from zero or from what is there; and so near the true product. */
    @Test
    void theOrderOfTheProducts() {
        int m = 11;
        int n = 37;
        int k = 301;
        for (int layout = 0; layout < Matrix.LAYOUTS * Matrix.LAYOUTS; layout++) {
            Matrix a = Matrix.of(m, k, layout % Matrix.LAYOUTS, layout, false);
            Matrix b = Matrix.of(k, n, layout / Matrix.LAYOUTS, layout + 1, false);
            for (boolean accumulate : new boolean[] {false, true}) {
                float[] c = random(m * n, 7, false);
                float[] expected = new float[m * n];
                double[] exact = new double[m * n];
                double[] magnitude = new double[m * n];
                for (int i = 0; i < m; i++) {
                    for (int j = 0; j < n; j++) {
                        int at = i * n + j;
                        float sum = accumulate ? c[at] : 0.0f;
                        exact[at] = sum;
                        for (int p = 0; p < k; p++) {
                            sum = Math.fma(a.at(i, p), b.at(p, j), sum);
                            exact[at] += (double) a.at(i, p) * b.at(p, j);
                            magnitude[at] += Math.abs((double) a.at(i, p) * b.at(p, j));
                        }
                        expected[at] = sum;
                    }
                }
                for (Kernels kernels : List.of(scalar, vector)) {
                    float[] product = c.clone();
                    multiply(kernels, m, n, k, a, b, product, 0, n, accumulate);
                    assertBits(product, expected, "layout %d, %b, %s", layout, accumulate, kernels.name());
                    for (int i = 0; i < m * n; i++) {
                        assertThat((double) product[i]).isCloseTo(exact[i], within(1e-5 * magnitude[i]));
                    }
                }
            }
        }
    }

    /** A row of a product is the same bits alone as among others. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8, 27, 64})
    void rowsDoNotSeeEachOther(int n) {
        int m = 11;
        int k = 290;
        float[] a = random(m * k, 4, false);
        float[] b = random(k * n, 5, false);
        float[] together = new float[m * n];
        vector.matmul(m, n, k, a, 0, k, 1, b, 0, n, 1, together, 0, n, false);
        float[] alone = new float[m * n];
        for (int i = 0; i < m; i++) {
            vector.matmul(1, n, k, a, i * k, k, 1, b, 0, n, 1, alone, i * n, n, false);
        }
        assertBits(alone, together, "alone");
    }

    @ParameterizedTest
    @CsvSource({"600, 65, 0", "600, 65, 1", "100, 40, 0", "257, 1100, 0", "257, 16, 2", "513, 33, 1"})
    void partOfAPackedMatrix(int rows, int columns, int layout) {
        Matrix b = Matrix.of(rows, columns, layout, 5, false);
        for (Kernels kernels : List.of(scalar, vector)) {
            PackedMatrix packed = packed(kernels, rows, columns, b);
            assertThat(packed.rows()).isEqualTo(rows);
            assertThat(packed.columns()).isEqualTo(columns);
            for (int k : new int[] {0, 1, 5, 99, 255, 256, 257, 300, 512, 513, 599, rows}) {
                for (int n : new int[] {0, 1, 15, 16, 17, 33, 64, 1025, columns}) {
                    if (k <= rows && n <= columns) {
                        int m = 1 + (k + n) % 8;
                        Matrix a = Matrix.of(m, k, (k + n) % 2, 6, false);
                        float[] expected = random(m * n, 7, false);
                        float[] product = expected.clone();
                        boolean accumulate = k % 2 == 0;
                        multiply(scalar, m, n, k, a, b, expected, 0, n, accumulate);
                        multiply(kernels, m, n, k, a, packed, product, 0, n, accumulate);
                        assertBits(product, expected, "[%d,%d,%d] %s", m, n, k, kernels.name());
                    }
                }
            }
        }
    }

    /** What is not of the part that is used may be anything: the keys that a row of attention does not see. */
    @Test
    void theOtherPartIsNotRead() {
        Matrix b = Matrix.of(300, 40, 0, 5, false);
        Matrix damaged = new Matrix(b.values.clone(), b.offset, b.row, b.column);
        for (int i = 0; i < 300; i++) {
            for (int j = 0; j < 40; j++) {
                if (i >= 270 || j >= 19) {
                    damaged.values[b.offset + i * b.row + j * b.column] = Float.NaN;
                }
            }
        }
        Matrix a = Matrix.of(7, 270, 0, 6, false);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] expected = new float[7 * 19];
            float[] product = new float[7 * 19];
            multiply(kernels, 7, 19, 270, a, packed(kernels, 300, 40, b), expected, 0, 19, false);
            multiply(kernels, 7, 19, 270, a, packed(kernels, 300, 40, damaged), product, 0, 19, false);
            assertBits(product, expected, kernels.name());
            assertThat(expected).doesNotContain(Float.NaN, 0.0f);
        }
    }

    @Test
    void packedAgainAndAgain() {
        int[][] shapes = {{300, 40}, {5, 17}, {0, 3}, {7, 3}, {400, 33}, {3, 0}, {600, 1}, {300, 40}, {16, 702}};
        for (Kernels kernels : List.of(scalar, vector)) {
            PackedMatrix packed = new PackedMatrix();
            for (int number = 0; number < shapes.length; number++) {
                int k = shapes[number][0];
                int n = shapes[number][1];
                Matrix a = Matrix.of(5, k, 0, number, false);
                Matrix b = Matrix.of(k, n, number % Matrix.LAYOUTS, number + 10, false);
                kernels.pack(k, n, b.values, b.offset, b.row, b.column, packed);
                assertThat(packed.rows()).isEqualTo(k);
                assertThat(packed.columns()).isEqualTo(n);
                float[] expected = random(5 * n, 3, false);
                float[] product = expected.clone();
                multiply(scalar, 5, n, k, a, b, expected, 0, n, number % 2 == 0);
                multiply(kernels, 5, n, k, a, packed, product, 0, n, number % 2 == 0);
                assertBits(product, expected, "shape %d, %s", number, kernels.name());
            }
        }
    }

    /** It is a copy. */
    @Test
    void whatIsPackedMayChange() {
        Matrix a = Matrix.of(5, 30, 0, 1, false);
        for (Kernels kernels : List.of(scalar, vector)) {
            Matrix b = Matrix.of(30, 20, 0, 2, false);
            float[] expected = new float[100];
            multiply(kernels, 5, 20, 30, a, b, expected, 0, 20, false);
            PackedMatrix packed = packed(kernels, 30, 20, b);
            java.util.Arrays.fill(b.values, Float.NaN);
            float[] product = new float[100];
            multiply(kernels, 5, 20, 30, a, packed, product, 0, 20, false);
            assertBits(product, expected, kernels.name());
        }
    }

    @Test
    void aMatrixOfOtherKernelsIsRefused() {
        Matrix a = Matrix.of(2, 5, 0, 1, false);
        Matrix b = Matrix.of(5, 7, 0, 2, false);
        float[] c = new float[14];
        List<List<Kernels>> pairs = List.of(List.of(scalar, vector), List.of(vector, scalar));
        for (List<Kernels> pair : pairs) {
            PackedMatrix packed = packed(pair.get(0), 5, 7, b);
            Kernels other = pair.get(1);
            assertThatThrownBy(() -> multiply(other, 2, 7, 5, a, packed, c, 0, 7, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("packed by");
            assertThatThrownBy(() -> multiply(other, 2, 7, 5, a, new PackedMatrix(), c, 0, 7, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("packed by");
        }
        assertThat(c).containsOnly(0.0f);
    }

    @Test
    void aMatrixThatIsTooSmallIsRefused() {
        Matrix a = Matrix.of(2, 6, 0, 1, false);
        Matrix b = Matrix.of(5, 7, 0, 2, false);
        float[] c = new float[16];
        for (Kernels kernels : List.of(scalar, vector)) {
            PackedMatrix packed = packed(kernels, 5, 7, b);
            assertThatThrownBy(() -> multiply(kernels, 2, 7, 6, a, packed, c, 0, 8, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a product with [6,7] of a packed matrix [5,7]");
            assertThatThrownBy(() -> multiply(kernels, 2, 8, 5, a, packed, c, 0, 8, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a product with [5,8] of a packed matrix [5,7]");
        }
        assertThat(c).containsOnly(0.0f);
    }
}
