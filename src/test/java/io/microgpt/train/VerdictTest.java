package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerdictTest {
    /** The bounds are ratios of perplexities: the logarithms of 1.05 and of 1.25. */
    @ParameterizedTest
    @CsvSource({
        "2.0, 2.0, generalises",
        "2.0, 1.0, generalises",
        "2.0, 2.0487, generalises",
        "2.0, 2.0489, slightly-overfitted",
        "2.0, 2.2230, slightly-overfitted",
        "2.0, 2.2233, overfitted",
        "0.5, 5.0, overfitted"
    })
    void gapOfTheLosses(double train, double test, String verdict) {
        Verdict found = Verdict.of(new LossSum(train * 10, 10, 2), new LossSum(test * 1000, 1000, 7));
        assertThat(found.key()).isEqualTo(verdict);
        assertThat(found.meaning()).startsWith(verdict.replace('-', ' ') + ":");
    }
}
