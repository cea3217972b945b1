package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutKernelTest {
    private static final int COLUMNS = 4096;

    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 207, 702})
    void scalarAndVectorAreTheSameBits(int n) {
        Random keys = new Random(n);
        for (float rate : new float[] {0.0f, 1e-7f, 0.1f, 0.5f, 0.9f, 0.99999994f}) {
            for (int offset = 0; offset < 9; offset += 4) {
                long key = keys.nextLong();
                float[] x = random(n + 20, offset, offset > 0);
                float[] before = random(n + 20, 50, true);
                float[] expected = before.clone();
                scalar.dropout(x, offset, expected, offset + 3, n, key, rate);
                float[] actual = before.clone();
                vector.dropout(x, offset, actual, offset + 3, n, key, rate);
                assertBits(actual, expected, "rate %s at %s", rate, offset);
                for (int i = 0; i < before.length; i++) {
                    if (i < offset + 3 || i >= offset + 3 + n) {
                        assertThat(Float.floatToIntBits(actual[i])).isEqualTo(Float.floatToIntBits(before[i]));
                    }
                }
                float[] inPlace = x.clone();
                vector.dropout(inPlace, offset, inPlace, offset, n, key, rate);
                assertBits(
                        Arrays.copyOfRange(inPlace, offset, offset + n),
                        Arrays.copyOfRange(expected, offset + 3, offset + 3 + n),
                        "in place");
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

    /** The mask is of the column, not of where the row stands or how long it is. */
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
        float[] ones = new float[n];
        Arrays.fill(ones, 1.0f);
        vector.dropout(ones, 0, ones, 0, n, key, rate);
        return ones;
    }
}
