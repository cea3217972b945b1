package io.microgpt.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeriesTest {
    @Test
    void fewValuesStayAsTheyAre() {
        Series series = new Series();
        for (int step = 1; step <= Series.MOST; step++) {
            series.add(step, 1.0 / step);
        }
        List<Series.Point> points = series.points();
        assertThat(points).hasSize(Series.MOST);
        assertThat(points.get(6)).isEqualTo(new Series.Point(7, 1.0 / 7, 1.0 / 7, 1.0 / 7));
    }

    @ParameterizedTest
    @ValueSource(ints = {1001, 1999, 54_321, 1_000_000})
    void manyValuesAreThinnedAndNoExtremeIsLost(int steps) {
        Series series = new Series();
        for (int step = 1; step <= steps; step++) {
            series.add(step, step == 777 ? -5.0 : step == 1000 ? 9.0 : step % 2);
        }
        List<Series.Point> points = series.points();
        assertThat(points).hasSizeBetween(Series.MOST / 2, Series.MOST);
        assertThat(points.stream().mapToDouble(Series.Point::min).min()).hasValue(-5.0);
        assertThat(points.stream().mapToDouble(Series.Point::max).max()).hasValue(9.0);
        assertThat(points).extracting(Series.Point::step).isSorted();
        Series.Point spiked =
                points.stream().filter(p -> p.max() == 9.0).findFirst().orElseThrow();
        assertThat(spiked.step()).isCloseTo(1000, within(steps / 500.0));
        assertThat(spiked.mean()).isLessThanOrEqualTo(9.0).isGreaterThan(0.0);
    }

    /** An evaluation now and then keeps its step, however wide the buckets are. */
    @Test
    void aValueThatIsAloneInItsBucketKeepsItsStep() {
        Series series = new Series();
        for (int step = 500; step <= 30_000; step += 500) {
            series.add(step, step);
        }
        assertThat(series.points()).hasSize(60).allSatisfy(p -> {
            assertThat(p.step() % 500).isZero();
            assertThat(p.mean()).isEqualTo(p.step());
        });
    }

    @Test
    void whatIsNotFiniteIsLeftOut() {
        Series series = new Series();
        series.add(1, Double.NaN);
        series.add(2, Double.POSITIVE_INFINITY);
        series.add(3, 1.5);
        assertThat(series.points()).containsExactly(new Series.Point(3, 1.5, 1.5, 1.5));
    }
}
