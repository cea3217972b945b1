package io.microgpt.spark.score;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.spark.LocalSpark;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.Tuple2;

/** The area under the ROC curve is the share of pairs that the positive wins, whatever the order and the partitions. */
class AucTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void itIsTheShareOfPairsThatThePositiveWins(int partitions) {
        Random random = new Random(4);
        List<Tuple2<Double, Boolean>> rows = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            boolean positive = random.nextInt(3) == 0;
            rows.add(new Tuple2<>((random.nextInt(20) - 10 + (positive ? 4 : 0)) / 7.0, positive)); // with many ties
        }
        long twice = 0;
        long pairs = 0;
        for (Tuple2<Double, Boolean> one : rows) {
            for (Tuple2<Double, Boolean> other : rows) {
                if (one._2() && !other._2()) {
                    int order = Double.compare(one._1(), other._1());
                    twice += order > 0 ? 2 : order == 0 ? 1 : 0;
                    pairs++;
                }
            }
        }
        assertThat(twice).isPositive();
        for (int order = 0; order < 2; order++) {
            assertThat(auc(rows, partitions).value()).isEqualTo(twice / (2.0 * pairs));
            Collections.shuffle(rows, random);
        }
    }

    @Test
    void zerosOfBothSignsTie() {
        assertThat(auc(List.of(new Tuple2<>(-0.0, false), new Tuple2<>(0.0, true)), 2)
                        .value())
                .isEqualTo(0.5);
    }

    @Test
    void oneSideAloneHasNone() {
        Auc auc = auc(List.of(new Tuple2<>(1.0, true), new Tuple2<>(2.0, true)), 1);

        assertThat(auc.value()).isNaN();
        assertThat(auc.positives()).isEqualTo(2);
        assertThat(auc.negatives()).isZero();
        assertThat(auc(List.of(), 1).value()).isNaN();
    }

    private static Auc auc(List<Tuple2<Double, Boolean>> rows, int partitions) {
        return Auc.of(LocalSpark.context().parallelizePairs(rows, partitions));
    }
}
