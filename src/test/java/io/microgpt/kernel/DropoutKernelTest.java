package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutKernelTest {
    private static final int COLUMNS = 4096;

    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    /** Each row by the hash of its own key, whatever stands around it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 207, 702})
    void byTheHash(int n) {
        Random random = new Random(n);
        int seed = 0;
        for (float rate : new float[] {0.0f, 1e-7f, 0.1f, 0.5f, 0.9f, 0.99999994f}) {
            for (int rows : new int[] {0, 1, 5, 15, 16, 17, 33}) {
                long[] keys = random.longs(Panels.count(rows) * Panels.ROWS).toArray();
                float[] x = random(rows * n, seed, seed % 2 == 1);
                float[] expected = new float[rows * n];
                for (int i = 0; i < rows * n; i++) {
                    boolean dropped = DropoutHash.number(keys[i / n], i % n) < 1.0f + rate;
                    expected[i] = dropped ? 0.0f : x[i] * (1.0f / (1.0f - rate));
                }
                for (Kernels kernels : List.of(scalar, vector)) {
                    float[] panels = PanelRows.panels(x, rows, n, 0);
                    float[] y = PanelRows.random(rows, n, 0, 50, true);
                    kernels.panels().dropout(panels, y, rows, n, keys, rate);
                    assertBits(PanelRows.rows(y, rows, n), expected, "%d rows, rate %s", rows, rate);
                    assertBits(PanelRows.rows(panels, rows, n), x, "what was dropped from");
                    kernels.panels().dropout(panels, panels, rows, n, keys, rate);
                    assertBits(PanelRows.rows(panels, rows, n), expected, "in place, %d rows, rate %s", rows, rate);
                }
                seed++;
            }
        }
    }

    /** Trainings depend on these very bits. */
    @Test
    void masksNeverChange() {
        float[] row = row(0x0123456789ABCDEFL, 0.5f, Long.SIZE);
        long dropped = 0;
        for (int i = 0; i < row.length; i++) {
            dropped |= row[i] == 0.0f ? 1L << i : 0L;
        }
        assertThat(dropped).isEqualTo(0x9C9456511CAEE6F3L);
    }

    /** The mask is of the column, not of how long the row is. */
    @Test
    void aColumnHasItsOwnFate() {
        float[] whole = row(77, 0.3f, COLUMNS);
        for (int n = 1; n < 100; n++) {
            assertThat(row(77, 0.3f, n)).isEqualTo(Arrays.copyOf(whole, n));
        }
    }

    @Test
    void whatStaysIsScaledSoThatTheMeanStays() {
        for (float rate : new float[] {0.05f, 0.1f, 0.5f, 0.8f}) {
            double sum = 0.0;
            int others = 0;
            int rows = 300;
            for (int r = 0; r < rows; r++) {
                for (float value : row(new Random(r).nextLong(), rate, COLUMNS)) {
                    others += value == 0.0f || value == 1.0f / (1.0f - rate) ? 0 : 1;
                    sum += value;
                }
            }
            assertThat(others).isZero();
            double deviation = Math.sqrt(rate / (1.0 - rate) / ((double) rows * COLUMNS));
            assertThat(sum / ((double) rows * COLUMNS)).as("rate %s", rate).isCloseTo(1.0, within(3.5 * deviation));
        }
        assertThat(row(5, 0.0f, COLUMNS)).containsOnly(1.0f);
    }

    private float[] row(long key, float rate, int n) {
        float[] x = new float[Panels.size(1, n)];
        Arrays.fill(x, 1.0f);
        vector.panels().dropout(x, x, 1, n, new long[] {key}, rate);
        return PanelRows.rows(x, 1, n);
    }
}
