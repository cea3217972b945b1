package io.microgpt.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PanelsTest {
    @ParameterizedTest
    @CsvSource({"0, 0, 0", "1, 1, 96", "5, 15, 96", "6, 16, 96", "7, 17, 192", "65, 33, 1056", "768, 48, 12288"})
    void channelsComeInTiles(int n, int rows, int stride) {
        assertThat(Panels.stride(n)).isEqualTo(stride);
        assertThat(Panels.count(rows)).isEqualTo((rows + 15) / 16);
        assertThat(Panels.size(rows, n)).isGreaterThanOrEqualTo((rows + 15) / 16 * stride);
    }

    /** No two elements have the same place, and there is one for each. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 6, 7, 16, 17})
    void everyElementHasAPlace(int n) {
        int rows = 50;
        BitSet places = new BitSet();
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < n; i++) {
                places.set(Panels.index(row, n) + i * Panels.ROWS);
            }
        }
        assertThat(places.cardinality()).isEqualTo(rows * n);
        assertThat(places.length()).isLessThanOrEqualTo(Panels.count(rows) * Panels.stride(n));
    }

    @Test
    void theMostThatFits() {
        assertThat(Panels.size(2_700_000, 768)).isEqualTo(2_700_000 * 768 + 256);
        assertThatThrownBy(() -> Panels.size(2_800_000, 768))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("2800000 positions of 768 channels do not fit in an array: 2150400256 floats;"
                        + " a shorter model.block-size or a narrower model would");
        assertThatThrownBy(() -> Panels.size(Integer.MAX_VALUE - 15, 60_000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("2147483632 positions of 60000 channels do not fit in an array: 1288490179");
    }

    /** Element by element, whatever stands behind the last row and in the padding; nothing else is written. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 6, 7, 15, 16, 17, 31, 48, 65, 207})
    void rowsOutOfPanels(int n) {
        for (int rows : new int[] {0, 1, 15, 16, 17, 33, 48}) {
            float[] expected = Floats.random(rows * n, n, true);
            float[] x = PanelRows.panels(expected, rows, n, 0);
            for (Kernels kernels : new Kernels[] {
                KernelProvider.scalar(),
                KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels()
            }) {
                float[] y = new float[rows * n];
                kernels.panels().toRows(x, rows, n, y);
                Floats.assertBits(y, expected, "%d rows, %s", rows, kernels.name());
                float[] longer = Floats.random(rows * n + 9, 3, true);
                float[] around = longer.clone();
                System.arraycopy(expected, 0, around, 0, rows * n);
                kernels.panels().toRows(x, rows, n, longer);
                Floats.assertBits(longer, around, "what stands behind");
            }
        }
    }
}
