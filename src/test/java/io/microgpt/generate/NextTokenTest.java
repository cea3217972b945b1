package io.microgpt.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.random.ChiSquare;
import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The penalty on repetition as CTRL has it, and Hugging Face's transformers. */
class NextTokenTest {
    private final Kernels kernels =
            KernelProvider.choose(KernelProvider.Choice.AUTO).kernels();

    @ParameterizedTest
    @ValueSource(doubles = {1.2, 5.0, 0.5})
    void seenTokensAreDividedOrMultiplied(double penalty) {
        float[] logits = {9.0f, 1.0f, -1.0f, 0.0f, 2.0f, -0.5f, 9.0f};
        double[] penalised = {1.0 / penalty, -1.0 * penalty, 0.0, 2.0, -0.5};
        double sum = Arrays.stream(penalised).map(Math::exp).sum();
        double[] expected =
                Arrays.stream(penalised).map(logit -> Math.exp(logit) / sum).toArray();
        NextToken next = new NextToken(new Sampling(1.0, 0, 1.0, 0.0, penalty), kernels, 5);
        long[] counts = new long[5];
        float[] before = logits.clone();
        for (int i = 0; i < 50_000; i++) {
            double uniform = CounterRandom.uniform(CounterRandom.bits(3, Purpose.SAMPLE, 0, i, 0));
            counts[next.choose(logits, 1, seen(0, 1, 2), uniform)]++;
        }
        assertThat(ChiSquare.deviations(counts, expected)).isLessThan(4.0);
        assertThat(logits).isEqualTo(before);
    }

    @Test
    void greedyTakesTheLargestAfterThePenalty() {
        NextToken next = new NextToken(new Sampling(0.0, 0, 1.0, 0.0, 2.0), kernels, 3);
        assertThat(next.choose(new float[] {3.0f, 2.0f, 1.0f}, 0, seen(), 0.5)).isZero();
        assertThat(next.choose(new float[] {3.0f, 2.0f, 1.0f}, 0, seen(0), 0.5)).isEqualTo(1);
        assertThat(next.choose(new float[] {3.0f, 2.0f, 1.0f}, 0, seen(0, 1), 0.5))
                .isZero();
        assertThat(next.choose(new float[] {-1.0f, -1.5f, -3.0f}, 0, seen(0), 0.5))
                .isEqualTo(1);
        assertThat(next.choose(new float[] {-1.0f, -1.5f, -3.0f}, 0, null, 0.5)).isZero();
    }

    /** However strong, it neither makes an impossible token possible nor a number infinite. */
    @Test
    void thePenaltyMakesNothingInfinite() {
        float impossible = Float.NEGATIVE_INFINITY;
        for (double penalty : new double[] {1e300, Double.MIN_VALUE}) {
            NextToken next = new NextToken(new Sampling(1.0, 0, 1.0, 0.0, penalty), kernels, 4);
            for (double uniform : new double[] {0.0, 0.5, 0.999}) {
                int token = next.choose(new float[] {1.0f, impossible, -2.0f, impossible}, 0, seen(0, 1, 2), uniform);
                assertThat(token).isIn(0, 2);
            }
        }
        NextToken next = new NextToken(new Sampling(1.0, 0, 1.0, 0.0, 1.5), kernels, 2);
        assertThatThrownBy(() -> next.choose(new float[] {Float.NaN, 0.0f}, 0, seen(0), 0.5))
                .isInstanceOf(NonFiniteLogitsException.class);
    }

    private static BitSet seen(int... ids) {
        BitSet seen = new BitSet();
        IntStream.of(ids).forEach(seen::set);
        return seen;
    }
}
