package io.microgpt.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AxisTest {
    @Test
    void aLinearAxisEndsAtRoundNumbersAroundItsValues() {
        Axis axis = Axis.linear(2.13, 3.31);
        assertThat(axis.marks()).extracting(mark -> Numbers.of(mark, 3)).containsExactly("2", "2.5", "3", "3.5");
        assertThat(axis.at(2.0)).isZero();
        assertThat(axis.at(2.75)).isCloseTo(0.5, within(1e-12));
        assertThat(axis.at(9.0)).isOne();
    }

    @Test
    void aLogarithmicAxisMarksPowersOfTenAndFewOthers() {
        Axis axis = Axis.log(0.021, 30);
        assertThat(axis.min()).isEqualTo(0.02);
        assertThat(axis.max()).isEqualTo(50);
        assertThat(axis.marks()).extracting(mark -> Numbers.of(mark, 3)).containsExactly("0.1", "1", "10");
        assertThat(axis.at(1.0)).isCloseTo(0.5, within(1e-9));
    }

    @ParameterizedTest
    @CsvSource({"5, 5", "0, 0", "-3, -3", "1e-9, 2e-9", "1e8, 3e8", "0, 1e-300"})
    void anyValuesHaveSomeMarks(double least, double most) {
        Axis axis = Axis.linear(least, most);
        List<Double> marks = axis.marks();
        assertThat(marks).hasSizeBetween(2, 12).isSorted().doesNotHaveDuplicates();
        assertThat(axis.at(least)).isBetween(0.0, 1.0);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 4", "1e-8, 1e8", "1e-300, 1e300", "2.3, 8.9"})
    void anyPositiveValuesHaveSomeMarksOnALogarithmicAxis(double least, double most) {
        Axis axis = Axis.log(least, most);
        assertThat(axis.marks()).hasSizeBetween(2, 12).isSorted().doesNotHaveDuplicates();
        assertThat(axis.at(least)).isBetween(0.0, 1.0);
        assertThat(axis.at(most)).isBetween(axis.at(least), 1.0);
    }
}
