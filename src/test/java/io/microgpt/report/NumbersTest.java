package io.microgpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "2.32541, 2.325",
        "10.2311, 10.23",
        "2345.6, 2346",
        "12345, 12.35k",
        "690000, 690k",
        "1200000, 1.2M",
        "3.21e9, 3.21G",
        "1e15, 1e15",
        "0.00477, 0.00477",
        "0.1000001, 0.1",
        "4.8123e-7, 4.812e-7",
        "-0.25, -0.25",
        "NaN, \u2013"
    })
    void numbersAreShortAndReadable(double value, String shown) {
        assertThat(Numbers.of(value, 4)).isEqualTo(shown);
    }

    @ParameterizedTest
    @CsvSource({"0.4, 0 s", "59.4, 59 s", "100, 1 min 40 s", "7500, 2 h 5 min", "3600000, '1,000 h 0 min'"})
    void durationsHaveTwoUnits(double seconds, String shown) {
        assertThat(Numbers.duration(seconds)).isEqualTo(shown);
    }
}
