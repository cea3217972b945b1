package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products of rows with packed matrices: both kernels have the bits of a loop of fused multiply-adds, in whatever blocks. */
class MatmulTest {
    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    private static PackedMatrix packed(Kernels kernels, int n, int k, float[] b, int offset) {
        PackedMatrix packed = new PackedMatrix();
        kernels.pack(n, k, b, offset, packed);
        return packed;
    }

    /** Arrays end with the last element, so that nothing behind it can be read; outside of c nothing changes. */
    private void same(int m, int n, int k, int seed, PackedMatrix byScalar, PackedMatrix byVector) {
        boolean specials = seed % 3 == 0;
        int ai = seed % 4;
        int aRow = k + seed % 3;
        int bi = seed % 5;
        int ci = seed % 3;
        int cRow = n + seed % 4;
        float[] a = random(ai + Math.max(0, (m - 1) * aRow + k), seed, specials);
        float[] b = random(bi + n * k, seed + 1, specials);
        float[] c = random(ci + Math.max(0, (m - 1) * cRow + n) + seed % 2 * 40, seed + 2, specials);
        scalar.pack(n, k, b, bi, byScalar);
        vector.pack(n, k, b, bi, byVector);
        Arrays.fill(b, 0, bi, Float.NaN);
        for (boolean accumulate : new boolean[] {false, true}) {
            float[] expected = c.clone();
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    float sum = accumulate ? c[ci + i * cRow + j] : 0.0f;
                    for (int p = 0; p < k; p++) {
                        sum = Math.fma(a[ai + i * aRow + p], b[bi + j * k + p], sum);
                    }
                    expected[ci + i * cRow + j] = sum;
                }
            }
            for (Kernels kernels : List.of(scalar, vector)) {
                float[] actual = c.clone();
                PackedMatrix packed = kernels == scalar ? byScalar : byVector;
                kernels.matmul(m, n, k, a, ai, aRow, packed, actual, ci, cRow, accumulate);
                assertBits(actual, expected, "[%d,%d,%d] %b, %s", m, n, k, accumulate, kernels.name());
            }
        }
    }

    private void same(int m, int n, int k, int seed) {
        same(m, n, k, seed, new PackedMatrix(), new PackedMatrix());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 15, 16, 17, 31, 33, 48, 65})
    void awkwardSizes(int n) {
        int seed = n;
        for (int m : new int[] {0, 1, 2, 3, 5, 6, 7, 13}) {
            for (int k : new int[] {0, 1, 5, 16, 17, 31, 48}) {
                same(m, n, k, seed++);
            }
        }
    }

    /** Blocks are of 192 rows and of 256 steps; a row or two go without. */
    @ParameterizedTest
    @CsvSource({
        "1, 2100, 300",
        "2, 1100, 257",
        "3, 207, 256",
        "7, 33, 513",
        "13, 16, 255",
        "192, 17, 31",
        "193, 40, 300",
        "390, 3, 258",
        "200, 65, 5"
    })
    void blocks(int m, int n, int k) {
        same(m, n, k, 1);
        same(m, n, k, 2);
    }

    @Test
    void packedAgainAndAgain() {
        int[][] shapes = {{40, 300}, {17, 5}, {3, 0}, {3, 7}, {33, 400}, {0, 3}, {1, 600}, {40, 300}, {702, 16}};
        PackedMatrix byScalar = new PackedMatrix();
        PackedMatrix byVector = new PackedMatrix();
        for (int number = 0; number < 2 * shapes.length; number++) {
            int[] shape = shapes[number % shapes.length];
            same(5, shape[0], shape[1], number, byScalar, byVector);
        }
    }

    /** A row of a product is the same bits alone as among others. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8, 27, 64})
    void rowsDoNotSeeEachOther(int n) {
        int m = 11;
        int k = 290;
        float[] a = random(m * k, 4, false);
        PackedMatrix b = packed(vector, n, k, random(n * k, 5, false), 0);
        float[] together = new float[m * n];
        vector.matmul(m, n, k, a, 0, k, b, together, 0, n, false);
        float[] alone = new float[m * n];
        for (int i = 0; i < m; i++) {
            vector.matmul(1, n, k, a, i * k, k, b, alone, i * n, n, false);
        }
        assertBits(alone, together, "alone");
    }

    /** It is a copy. */
    @Test
    void whatIsPackedMayChange() {
        float[] a = random(150, 1, false);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] b = random(600, 2, false);
            PackedMatrix packed = packed(kernels, 20, 30, b, 0);
            float[] expected = new float[100];
            kernels.matmul(5, 20, 30, a, 0, 30, packed, expected, 0, 20, false);
            Arrays.fill(b, Float.NaN);
            float[] product = new float[100];
            kernels.matmul(5, 20, 30, a, 0, 30, packed, product, 0, 20, false);
            assertBits(product, expected, kernels.name());
            assertThat(product).doesNotContain(Float.NaN, 0.0f);
        }
    }

    @Test
    void aMatrixOfOtherKernelsIsRefused() {
        float[] a = random(10, 1, false);
        float[] b = random(35, 2, false);
        float[] c = new float[14];
        List<List<Kernels>> pairs = List.of(List.of(scalar, vector), List.of(vector, scalar));
        for (List<Kernels> pair : pairs) {
            PackedMatrix packed = packed(pair.get(0), 7, 5, b, 0);
            Kernels other = pair.get(1);
            assertThatThrownBy(() -> other.matmul(2, 7, 5, a, 0, 5, packed, c, 0, 7, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "a matrix packed by " + pair.get(0).getClass() + " in a product by " + other.getClass());
            assertThatThrownBy(() -> other.matmul(2, 7, 5, a, 0, 5, new PackedMatrix(), c, 0, 7, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("packed by null");
        }
        assertThat(c).containsOnly(0.0f);
    }

    @Test
    void aMatrixOfAnotherShapeIsRefused() {
        float[] a = random(16, 1, false);
        float[] c = new float[16];
        for (Kernels kernels : List.of(scalar, vector)) {
            PackedMatrix packed = packed(kernels, 7, 5, random(35, 2, false), 0);
            for (int[] shape : new int[][] {{7, 6}, {8, 5}, {7, 4}, {6, 5}, {5, 7}}) {
                int n = shape[0];
                int k = shape[1];
                assertThatThrownBy(() -> kernels.matmul(2, n, k, a, 0, k, packed, c, 0, n, false))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("a product with [" + n + "," + k + "] of a packed matrix [7,5]");
            }
        }
        assertThat(c).containsOnly(0.0f);
    }
}
