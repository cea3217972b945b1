package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static io.microgpt.kernel.LeafPrograms.tree;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums over leaves have the bits of a sum for each leaf and of an addition for each pair, by either kernels. */
class WeightGradientByLeavesTest {
    /** Multiplications of one product, so that the scalar kernels come to an end. */
    private static final int MOST = 600_000;

    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    /**
     * Both give the bits of sums and additions. Rows before the first leaf, behind the last, and all padding are no numbers; outside of c
     * nothing changes.
     */
    private void same(int m, int n, int[] program, int first, int[] rows, int seed, boolean specials) {
        assertThat(rows).hasSize(LeafPrograms.leaves(program));
        int all = Arrays.stream(rows).sum();
        float[] a = random(all * m, seed, specials);
        float[] b = random(all * n, seed + 1, specials);
        int[] starts = new int[rows.length];
        for (int i = 1; i < rows.length; i++) {
            starts[i] = starts[i - 1] + rows[i - 1];
        }
        float[] sum = LeafPrograms.sum(scalar, program, leaf -> {
            int at = starts[leaf];
            int end = at + rows[leaf];
            float[] of = Arrays.copyOfRange(a, at * m, end * m);
            return WeightGradientTest.products(m, n, rows[leaf], of, Arrays.copyOfRange(b, at * n, end * n), null);
        });
        int offset = seed % 7;
        float[] c = random(offset + m * n + seed % 2 * 9, seed + 2, specials);
        float[] expected = c.clone();
        System.arraycopy(sum, 0, expected, offset, m * n);
        float[] aPanels = WeightGradientTest.panels(a, first, all, m, 0);
        float[] bPanels = WeightGradientTest.panels(b, first, all, n, 0);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] actual = c.clone();
            kernels.panels().weightGradient(m, n, aPanels, bPanels, tree(program, first, rows), actual, offset);
            assertBits(
                    actual,
                    expected,
                    "%s [%d,%d] %s from %d, %s",
                    kernels.name(),
                    m,
                    n,
                    Arrays.toString(program),
                    first,
                    Arrays.toString(rows));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 6, 7, 16, 17, 65, 200})
    void awkwardSizes(int m) {
        Random random = new Random(m);
        int seed = m;
        for (int n : new int[] {1, 5, 6, 7, 15, 16, 17, 33, 65, 200}) {
            for (int leaves = 1; leaves <= 8; leaves++) {
                int[] rows = new int[leaves];
                int left = Math.max(leaves, MOST / m / n);
                for (int i = 0; i < leaves; i++) {
                    int most = Math.min(List.of(2, 9, 300).get(random.nextInt(3)), left - (leaves - 1 - i));
                    rows[i] = random.nextInt(most + 1); // none at all, now and then
                    left -= Math.max(1, rows[i]);
                }
                int[] program = LeafPrograms.random(leaves, random);
                same(m, n, program, seed % 4 == 0 ? 0 : random.nextInt(50), rows, seed++, seed % 3 == 0);
            }
        }
    }

    /** The tree over eight shards, of which any may be absent. */
    @Test
    void absentLeaves() {
        for (int mask = 1; mask < 256; mask++) {
            boolean[] present = new boolean[8];
            List<Integer> rows = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                present[i] = (mask >> i & 1) != 0;
                if (present[i]) {
                    rows.add((mask * 31 + i * 17) % 11);
                }
            }
            int[] counts = rows.stream().mapToInt(Integer::intValue).toArray();
            same(13, 19, LeafPrograms.of(present), mask % 5 * 7, counts, mask, mask % 4 == 0);
        }
    }

    /** Leaves around the depth of a panel, rows around a block of them, columns around theirs. */
    @ParameterizedTest
    @CsvSource({
        "7, 17, 255 256 257 300",
        "6, 16, 513 1 512 3",
        "65, 33, 4 3 2 1 5 6 7 8",
        "191, 3, 5 300",
        "192, 17, 1 4 9",
        "193, 40, 3 300 2",
        "390, 3, 260 1 3",
        "7, 1023, 2 257",
        "3, 1024, 3 4 5",
        "5, 1025, 1 2 258",
        "2, 2100, 3 1 7",
        "200, 1100, 1 1 1"
    })
    void blocks(int m, int n, String leaves) {
        int[] rows =
                Arrays.stream(leaves.split(" ")).mapToInt(Integer::parseInt).toArray();
        for (int seed = 0; seed < 6; seed++) {
            int[] program = LeafPrograms.random(rows.length, new Random(seed));
            same(m, n, program, seed * 3, rows, seed, seed == 4);
        }
    }

    @Test
    void specialValues() {
        for (int seed = 0; seed < 60; seed++) {
            same(
                    7 + seed % 9,
                    30 + seed % 7,
                    new int[] {0, 1, 2, -1, -1, 3, -1},
                    seed % 2,
                    new int[] {1, 2, 1, 3},
                    seed,
                    true);
        }
    }

    /** Leaf sums of 2^25, 2, -2^24 and -3: each order of additions gives another sum. */
    @ParameterizedTest
    @CsvSource({
        "0 1 -1 2 -1 3 -1, 16777213",
        "0 1 -1 2 3 -1 -1, 16777212",
        "0 1 2 -1 -1 3 -1, 16777215",
        "0 1 2 -1 3 -1 -1, 16777216",
        "0 1 2 3 -1 -1 -1, 16777214"
    })
    void theOrderOfAdditions(String text, float sum) {
        int[] program =
                Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
        float[] a = {1 << 25, 0.5f, 1.0f, -(1 << 24), -3.0f};
        float[] b = {1.0f, 2.0f, 1.0f, 1.0f, 1.0f};
        for (int first : new int[] {0, 1, 13, 14, 16}) {
            float[] aPanels = WeightGradientTest.panels(a, first, 5, 1, 0);
            float[] bPanels = WeightGradientTest.panels(b, first, 5, 1, 0);
            for (Kernels kernels : List.of(scalar, vector)) {
                float[] c = {7.0f, 8.0f, 9.0f};
                kernels.panels().weightGradient(1, 1, aPanels, bPanels, tree(program, first, 1, 2, 1, 1), c, 1);
                assertThat(c).as("%s %s", kernels.name(), text).containsExactly(7.0f, sum, 9.0f);
            }
        }
    }

    /** What waits in scratch memory from another product, of another shape, does not matter. */
    @Test
    void againAndAgain() {
        int[][] shapes = {{200, 65, 60}, {1, 1, 2}, {7, 200, 300}, {1, 1, 300}, {65, 17, 1}, {200, 65, 60}, {5, 6, 4}};
        for (int number = 0; number < shapes.length; number++) {
            int[] shape = shapes[number];
            boolean specials = number % 2 == 0; // NaN and infinities wait for the next
            same(shape[0], shape[1], new int[] {0, 1, -1}, number, new int[] {shape[2], 1}, number, specials);
            same(shape[0], shape[1], new int[] {0}, number, new int[] {shape[2]}, number, false);
        }
    }

    @Test
    void aLeafWithoutRowsAddsZeros() {
        float[] a = PanelRows.panels(new float[] {3, 1}, 2, 1, 0);
        float[] b = PanelRows.panels(new float[] {5, 1}, 2, 1, 0);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] c = new float[1];
            kernels.panels().weightGradient(1, 1, a, b, tree(new int[] {0, 1, -1}, 0, 1, 1), c, 0);
            assertThat(c).containsExactly(16.0f);
            kernels.panels().weightGradient(1, 1, a, b, tree(new int[] {0, 1, -1}, 0, 0, 1), c, 0);
            assertThat(c).containsExactly(15.0f);
            kernels.panels().weightGradient(1, 1, a, b, tree(new int[] {0, 1, -1}, 1, 1, 0), c, 0);
            assertThat(c).containsExactly(1.0f);
            kernels.panels().weightGradient(1, 1, a, b, tree(new int[] {0, 1, -1}, 16, 0, 0), c, 0);
            assertThat(c).containsExactly(0.0f);
        }
    }

    @Test
    void nothingToWrite() {
        float[] x = PanelRows.random(3, 2, 0, 1, false);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] c = {1.0f, 2.0f};
            LeafTree leaves = tree(new int[] {0, 1, -1}, 0, 2, 1);
            kernels.panels().weightGradient(0, 2, x, x, leaves, c, 0);
            kernels.panels().weightGradient(2, 0, x, x, leaves, c, 0);
            assertThat(c).containsExactly(1.0f, 2.0f);
        }
    }

    @Test
    void leavesThatHaveNotBegun() {
        float[] x = PanelRows.random(3, 1, 0, 1, false);
        LeafTree leaves = new LeafTree(new int[] {0, 1, -1});
        leaves.leaf(0);
        leaves.end(3);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] c = {1.0f};
            assertThatThrownBy(() -> kernels.panels().weightGradient(1, 1, x, x, leaves, c, 0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("only 1 leaves have begun of [0, 1, -1]");
            assertThat(c).containsExactly(1.0f);
        }
    }
}
