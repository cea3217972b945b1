package io.microgpt.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClipTest {
    @ParameterizedTest
    @CsvSource({"1.0, 5.0", "4.9, 5.0", "1e-3, 1e30", "1e30, 1e35", "1e-35, 1e-30"})
    void scalesDownToTheLargestNorm(double maxNorm, double norm) {
        double factor = new Clip(maxNorm).factor(norm);
        assertThat(factor).isLessThan(1.0);
        assertThat(factor * norm).isCloseTo(maxNorm, within(1e-15 * maxNorm));
    }

    @ParameterizedTest
    @ValueSource(doubles = {5.0, 5.1, 1e30, 0.0})
    void leavesWhatIsNotAbove(double maxNorm) {
        assertThat(new Clip(maxNorm).factor(5.0)).isEqualTo(1.0);
    }

    @Test
    void zeroStaysZero() {
        assertThat(new Clip(1.0).factor(0.0)).isEqualTo(1.0);
        assertThat(new Clip(0.0).factor(0.0)).isEqualTo(1.0);
    }
}
