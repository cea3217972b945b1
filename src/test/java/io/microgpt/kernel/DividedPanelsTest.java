package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ForkJoinPool;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products that threads of a pool divide have the bits of products that one thread computes. */
class DividedPanelsTest {
    private final Kernels whole =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();
    private final Kernels divided = whole.dividing().orElseThrow();
    private ForkJoinPool pool = new ForkJoinPool(4);

    @AfterEach
    void end() {
        pool.shutdownNow();
    }

    private void inPool(Runnable work) {
        CompletableFuture.runAsync(work, pool).join();
    }

    /** @param work gives what some panels make of a copy of c */
    private void same(float[] c, BiFunction<PanelKernels, float[], float[]> work) {
        float[] expected = work.apply(whole.panels(), c.clone());
        assertBits(work.apply(divided.panels(), c.clone()), expected, "in no pool");
        for (int threads : new int[] {1, 2, 3, 7}) {
            pool.shutdownNow();
            pool = new ForkJoinPool(threads);
            inPool(() -> assertBits(work.apply(divided.panels(), c.clone()), expected, "%d threads", threads));
        }
    }

    /** A product, its rows without padding. */
    private void sameProduct(
            int m, int k, float[] a, int aRow, int aColumn, float[] b, float[] c, int rows, boolean accumulate) {
        same(c, (panels, to) -> {
            panels.multiply(m, k, a, 0, aRow, aColumn, b, 0, to, 0, rows, accumulate);
            float[] result = new float[rows * m];
            panels.toRows(to, rows, m, result);
            return result;
        });
    }

    /** Of channels that are no whole parts, more than the depth of a block, both orders of a matrix; the last is too small to be divided. */
    @ParameterizedTest
    @CsvSource({"1000, 300, 400", "96, 2000, 700", "193, 1025, 600", "50, 5000, 300", "100, 100, 100"})
    void multiply(int m, int k, int rows) {
        float[] a = random(m * k, m, false);
        float[] b = random(Panels.size(rows, k), k, false);
        float[] c = random(Panels.size(rows, m), rows, false);
        for (boolean accumulate : new boolean[] {false, true}) {
            sameProduct(m, k, a, k, 1, b, c, rows, accumulate);
            sameProduct(m, k, a, 1, m, b, c, rows, accumulate);
        }
    }

    /** Higher than wide, wider than high; from the middle of a panel. */
    @ParameterizedTest
    @CsvSource({"1000, 300, 400", "300, 1000, 400", "193, 193, 1500", "3, 3, 3"})
    void weightGradient(int m, int n, int rows) {
        float[] a = random(Panels.size(rows, m), m, false);
        float[] b = random(Panels.size(rows, n), n, false);
        float[] c = random(7 + m * n + 3, rows, false);
        for (boolean accumulate : new boolean[] {false, true}) {
            same(c, (panels, to) -> {
                panels.weightGradient(m, n, a, 0, b, 0, 1, rows, to, 7, accumulate);
                return to;
            });
        }
        int[] program = {0, 1, LeafTree.ADD, 2, LeafTree.ADD};
        LeafTree leaves = LeafPrograms.tree(program, 0, rows / 3, rows / 3, rows - 2 * (rows / 3));
        same(c, (panels, to) -> {
            panels.weightGradient(m, n, a, b, leaves, to, 7);
            return to;
        });
    }

    /** Other threads are there for what is large, and for nothing else. */
    @Test
    void whatIsDivided() {
        for (int n : new int[] {500, 3}) {
            float[] a = random(n * n, 1, false);
            float[] b = random(Panels.size(n, n), 2, false);
            float[] c = new float[Panels.size(n, n)];
            inPool(() -> divided.panels().multiply(n, n, a, 0, n, 1, b, 0, c, 0, n, false));
            assertThat(pool.getPoolSize() > 1).as("%d channels", n).isEqualTo(n == 500);
            pool.shutdownNow();
            pool = new ForkJoinPool(4);
        }
    }

    /** What fails in one part comes as it is, when the other parts are done too. */
    @Test
    void whatAPartThrows() {
        int n = 500;
        float[] a = random(n * n, 1, false);
        float[] b = random(Panels.size(n, n), 2, false);
        float[] c = random(Panels.size(n, n), 3, false);
        float[] tooShort = Arrays.copyOf(a, n * n - 1);
        assertThatThrownBy(() -> inPool(() -> divided.panels().multiply(n, n, tooShort, 0, n, 1, b, 0, c, 0, n, false)))
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasNoCause() // it is not the pool's copy
                .satisfies(e -> assertThat(e.getMessage()).isNotBlank());
        sameProduct(n, n, a, n, 1, b, c, n, false);
    }

    /** The scalar reference is for small things. */
    @Test
    void scalarKernelsDivideNothing() {
        Kernels scalar = KernelProvider.scalar();
        assertThat(scalar.dividing()).isEmpty();
    }
}
