package io.microgpt.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0.0",
        "1, 0.001",
        "5, 0.005",
        "9, 0.009",
        "10, 0.01",
        "35, 0.00853553390593274",
        "60, 0.005",
        "85, 0.00146446609406726",
        "109, 0.0000024671981713",
        "110, 0.0",
        "111, 0.0",
        "9223372036854775807, 0.0"
    })
    void warmUpAndHalfACosine(long step, double rate) {
        assertThat(new Schedule(0.01, 10, 110, 0.0).at(step)).isCloseTo(rate, within(1e-15));
    }

    @Test
    void neverRisesAfterTheWarmUp() {
        Schedule schedule = new Schedule(0.01, 7, 100, 1e-4);
        assertThat(schedule.at(7)).isEqualTo(0.01);
        for (int step = 7; step < 200; step++) {
            assertThat(schedule.at(step + 1L)).isLessThanOrEqualTo(schedule.at(step));
        }
    }

    @Test
    void floorHoldsOnceTheWarmUpIsOver() {
        Schedule schedule = new Schedule(0.01, 10, 110, 0.004);
        assertThat(schedule.at(0)).isEqualTo(0.0);
        assertThat(schedule.at(3)).isCloseTo(0.003, within(1e-15));
        assertThat(schedule.at(35)).isCloseTo(0.00853553390593274, within(1e-15));
        assertThat(schedule.at(85)).isEqualTo(0.004);
        assertThat(schedule.at(110)).isEqualTo(0.004);
        assertThat(schedule.at(1000)).isEqualTo(0.004);
    }

    @Test
    void withoutWarmUpItStartsAtThePeak() {
        Schedule schedule = new Schedule(0.01, 0, 4, 0.0);
        assertThat(schedule.at(0)).isEqualTo(0.01);
        assertThat(schedule.at(2)).isCloseTo(0.005, within(1e-15));
        assertThat(schedule.at(4)).isCloseTo(0.0, within(1e-15));
    }

    @ParameterizedTest
    @CsvSource({"20, 20", "20, 10", "20, 0"})
    void warmUpAsLongAsTheRun(long warmup, long total) {
        Schedule schedule = new Schedule(0.01, warmup, total, 0.001);
        assertThat(schedule.at(0)).isEqualTo(0.0);
        assertThat(schedule.at(10)).isCloseTo(0.005, within(1e-15));
        assertThat(schedule.at(19)).isCloseTo(0.0095, within(1e-15));
        assertThat(schedule.at(20)).isEqualTo(0.001);
        assertThat(schedule.at(21)).isEqualTo(0.001);
    }
}
