package io.microgpt.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.random.ChiSquare;
import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The distribution is measured on a fine grid of the randomness in [0, 1), which leaves nothing to chance. */
class SamplerTest {
    private static final int GRID = 20_000;
    private static final float[] LADDER = {2.0f, 1.0f, 0.0f};

    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();

    /** The chapter's numbers, its second row corrected by its own formula. */
    @ParameterizedTest
    @CsvSource({
        "1.0, 0.6652, 0.2447, 0.0900",
        "0.5, 0.8668, 0.1173, 0.0159",
        "2.0, 0.5065, 0.3072, 0.1863",
        "1e9, 0.3333, 0.3333, 0.3333"
    })
    void temperature(double temperature, double first, double second, double third) {
        double[] shares = shares(new Sampling(temperature, 0, 1.0), LADDER);
        assertThat(shares[0]).isCloseTo(first, within(1.5e-4));
        assertThat(shares[1]).isCloseTo(second, within(1.5e-4));
        assertThat(shares[2]).isCloseTo(third, within(1.5e-4));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.7, 1.0, 1.5})
    void frequenciesOfSeededDraws(double temperature) {
        float[] logits = {0.3f, -1.0f, 1.2f, 0.0f, 0.3f, -2.5f, 0.9f};
        double[] expected = softmax(logits, temperature);
        long[] counts = new long[logits.length];
        Sampler sampler = Sampler.of(new Sampling(temperature, 0, 1.0), kernels);
        for (int i = 0; i < 50_000; i++) {
            double uniform = CounterRandom.uniform(CounterRandom.bits(5, Purpose.SAMPLE, 0, i, 0));
            counts[sampler.choose(logits, 0, logits.length, uniform)]++;
        }
        assertThat(ChiSquare.deviations(counts, expected)).isLessThan(4.0);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 27, 65, 300})
    void everySizeOfVocabulary(int v) {
        Random random = new Random(v);
        float[] logits = new float[v];
        for (int i = 0; i < v; i++) {
            logits[i] = (float) (2.0 * random.nextGaussian());
        }
        double[] expected = softmax(logits, 1.0);
        double[] plain = shares(new Sampling(1.0, 0, 1.0), logits);
        double[] sorted = shares(new Sampling(1.0, v - 1, 1.0), logits);
        int least = IntStream.range(0, v)
                .reduce((a, b) -> logits[b] < logits[a] ? b : a)
                .orElseThrow();
        for (int i = 0; i < v; i++) {
            assertThat(plain[i]).as("token %d of %d", i, v).isCloseTo(expected[i], within(1.5 / GRID));
            double share = i == least ? 0.0 : expected[i] / (1.0 - expected[least]);
            assertThat(sorted[i]).as("token %d without the least", i).isCloseTo(share, within(1.5 / GRID));
        }
    }

    @Test
    void greedyTakesTheFirstOfTheLargest() {
        Sampler greedy = Sampler.of(Sampling.GREEDY, kernels);
        assertThat(greedy.choose(new float[] {1, 3, 2}, 0, 3, 0.99)).isEqualTo(1);
        assertThat(greedy.choose(new float[] {1, 3, 3, 3}, 0, 4, 0.99)).isEqualTo(1);
        assertThat(greedy.choose(new float[] {-0.0f, 0.0f}, 0, 2, 0.5)).isZero();
        assertThat(greedy.choose(new float[] {-5, -5}, 0, 2, 0.5)).isZero();
        assertThat(greedy.choose(new float[] {Float.NEGATIVE_INFINITY, -5}, 0, 2, 0.5))
                .isEqualTo(1);
        assertThat(greedy.choose(new float[] {9, 8, 1, 2, 9}, 2, 2, 0.5)).isEqualTo(1);
    }

    /** As the temperature falls, sampling becomes greedy, and never fails on the way. */
    @ParameterizedTest
    @ValueSource(doubles = {1e-2, 1e-10, 1e-40, 1e-300, Double.MIN_VALUE})
    void temperatureNearZero(double temperature) {
        float[] logits = {-3.0f, 1.0f, 2.0f, 1.5f};
        for (Sampling sampling : new Sampling[] {
            new Sampling(temperature, 0, 1.0),
            new Sampling(temperature, 3, 0.9),
            new Sampling(temperature, 0, 1.0, 0.1, 1.0)
        }) {
            assertThat(shares(sampling, logits)).containsExactly(0.0, 0.0, 1.0, 0.0);
        }
        assertThat(shares(new Sampling(temperature, 0, 1.0), 4.0f, 4.0f, -1.0f)).containsExactly(0.5, 0.5, 0.0);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1.0, 0, 0",
        "2, 0.7311, 0.2689, 0",
        "3, 0.6652, 0.2447, 0.09",
        "4, 0.6652, 0.2447, 0.09",
        "2147483647, 0.6652, 0.2447, 0.09",
        "0, 0.6652, 0.2447, 0.09"
    })
    void topK(int k, double first, double second, double third) {
        double[] shares = shares(new Sampling(1.0, k, 1.0), LADDER);
        assertThat(shares[0]).isCloseTo(first, within(1.5e-4));
        assertThat(shares[1]).isCloseTo(second, within(1.5e-4));
        assertThat(shares[2]).isCloseTo(third, within(1.5e-4));
    }

    @Test
    void lowerIdsWinTies() {
        assertThat(shares(new Sampling(1.0, 2, 1.0), 1, 5, 5, 5)).containsExactly(0.0, 0.5, 0.5, 0.0);
        assertThat(shares(new Sampling(1.0, 0, 0.5), 7, 7, 7, 7)).containsExactly(0.5, 0.5, 0.0, 0.0);
        assertThat(shares(new Sampling(1.0, 3, 0.6), 7, 7, 7, 7)).containsExactly(0.5, 0.5, 0.0, 0.0);
    }

    /** Probabilities 0.665, 0.245, 0.09. */
    @ParameterizedTest
    @CsvSource({
        "0.0001, 1.0, 0, 0",
        "0.66, 1.0, 0, 0",
        "0.67, 0.7311, 0.2689, 0",
        "0.90, 0.7311, 0.2689, 0",
        "0.92, 0.6652, 0.2447, 0.09",
        "1.0, 0.6652, 0.2447, 0.09"
    })
    void topP(double p, double first, double second, double third) {
        double[] shares = shares(new Sampling(1.0, 0, p), LADDER);
        assertThat(shares[0]).isCloseTo(first, within(1.5e-4));
        assertThat(shares[1]).isCloseTo(second, within(1.5e-4));
        assertThat(shares[2]).isCloseTo(third, within(1.5e-4));
    }

    /** Top-p is of what temperature and top-k leave: 0.731 of the first two tokens, 0.665 of all three. */
    @Test
    void temperatureThenTopKThenTopP() {
        assertThat(shares(new Sampling(1.0, 2, 0.7), LADDER)).containsExactly(1.0, 0.0, 0.0);
        assertThat(shares(new Sampling(1.0, 0, 0.7), LADDER)[1]).isPositive();
        assertThat(shares(new Sampling(0.5, 0, 0.8), LADDER)).containsExactly(1.0, 0.0, 0.0);
        assertThat(shares(new Sampling(2.0, 2, 0.9), LADDER)[1]).isCloseTo(0.3775, within(1.5e-4));
    }

    /** Probabilities 0.665, 0.245, 0.09: shares of the first are 0.368 and 0.135, and at half the temperature 0.135 and 0.018. */
    @ParameterizedTest
    @CsvSource({
        "1.0, 0.0, 0.6652, 0.2447, 0.09",
        "1.0, 0.13, 0.6652, 0.2447, 0.09",
        "1.0, 0.14, 0.7311, 0.2689, 0",
        "1.0, 0.36, 0.7311, 0.2689, 0",
        "1.0, 0.37, 1, 0, 0",
        "1.0, 1.0, 1, 0, 0",
        "0.5, 0.13, 0.8808, 0.1192, 0",
        "0.5, 0.018, 0.8668, 0.1173, 0.0159"
    })
    void minP(double temperature, double p, double first, double second, double third) {
        for (int k : new int[] {0, 3}) {
            double[] shares = shares(new Sampling(temperature, k, 1.0, p, 1.0), LADDER);
            assertThat(shares[0]).isCloseTo(first, within(1.5e-4));
            assertThat(shares[1]).isCloseTo(second, within(1.5e-4));
            assertThat(shares[2]).isCloseTo(third, within(1.5e-4));
        }
        // Sorted or not: top-p of almost 1 cuts nothing here but the order.
        assertThat(shares(new Sampling(temperature, 0, 0.9999, p, 1.0), LADDER)[0])
                .isCloseTo(first, within(1.5e-4));
    }

    /** Min-p is asked last: top-p of all three keeps two, of what min-p leaves it would keep one. */
    @Test
    void topPThenMinP() {
        assertThat(shares(new Sampling(1.0, 0, 0.7, 0.2, 1.0), LADDER)[1]).isCloseTo(0.2689, within(1.5e-4));
        assertThat(shares(new Sampling(1.0, 0, 0.7, 0.4, 1.0), LADDER)).containsExactly(1.0, 0.0, 0.0);
        assertThat(shares(new Sampling(1.0, 2, 0.99, 0.1, 1.0), LADDER)[2]).isZero();
        assertThat(shares(new Sampling(1.0, 0, 1.0, 1.0, 1.0), 1, 5, 5, 5))
                .as("ties with the most likely")
                .satisfies(shares -> assertThat(shares[0]).isZero())
                .satisfies(shares -> assertThat(shares[3]).isCloseTo(1.0 / 3, within(1e-4)));
    }

    /** Seeded draws against the exact distribution of everything together, computed here by its definition. */
    @ParameterizedTest
    @CsvSource({
        "0.7, 0, 1.0, 0.0",
        "1.0, 4, 1.0, 0.0",
        "1.0, 100, 1.0, 0.0",
        "1.0, 0, 0.8, 0.0",
        "1.0, 0, 1.0, 0.15",
        "1.3, 6, 0.9, 0.0",
        "0.9, 5, 0.95, 0.2",
        "2.0, 7, 0.99, 0.3",
        "1.0, 0, 1.0, 0.99"
    })
    void frequenciesOfCombinations(double temperature, int k, double p, double minP) {
        float[] logits = {0.3f, -1.0f, 1.2f, 0.0f, 0.3f, -2.5f, 0.9f, 1.2f, -0.4f};
        double[] expected = exact(logits, temperature, k, p, minP);
        Sampler sampler = Sampler.of(new Sampling(temperature, k, p, minP, 1.0), kernels);
        long[] counts = new long[logits.length];
        for (int i = 0; i < 50_000; i++) {
            double uniform = CounterRandom.uniform(CounterRandom.bits(17, Purpose.SAMPLE, 0, i, 0));
            counts[sampler.choose(logits, 0, logits.length, uniform)]++;
        }
        int[] possible =
                IntStream.range(0, expected.length).filter(i -> expected[i] > 0).toArray();
        assertThat(Arrays.stream(possible).mapToLong(i -> counts[i]).sum()).isEqualTo(50_000);
        assertThat(possible).hasSizeGreaterThan(1);
        assertThat(ChiSquare.deviations(
                        Arrays.stream(possible).mapToLong(i -> counts[i]).toArray(),
                        Arrays.stream(possible).mapToDouble(i -> expected[i]).toArray()))
                .isLessThan(4.0);
    }

    private static double[] exact(float[] logits, double temperature, int k, double p, double minP) {
        double[] softmax = softmax(logits, temperature);
        List<Integer> ranked = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -softmax[i]).thenComparing(i -> i))
                .toList();
        List<Integer> kept = new ArrayList<>(k == 0 ? ranked : ranked.subList(0, Math.min(k, ranked.size())));
        double all = kept.stream().mapToDouble(i -> softmax[i]).sum();
        double reached = 0.0;
        int nucleus = 0;
        while (nucleus < kept.size() && (p == 1.0 || reached < p * all)) {
            reached += softmax[kept.get(nucleus++)];
        }
        kept = kept.subList(0, nucleus);
        kept.removeIf(i -> softmax[i] < minP * softmax[ranked.get(0)]);
        double sum = kept.stream().mapToDouble(i -> softmax[i]).sum();
        double[] exact = new double[logits.length];
        kept.forEach(i -> exact[i] = softmax[i] / sum);
        return exact;
    }

    @Test
    void impossibleTokensAreNeverChosen() {
        float[] logits = {Float.NEGATIVE_INFINITY, 1.0f, Float.NEGATIVE_INFINITY, 1.0f, Float.NEGATIVE_INFINITY};
        for (Sampling sampling : new Sampling[] {new Sampling(1.0, 0, 1.0), new Sampling(1.0, 4, 0.999)}) {
            assertThat(shares(sampling, logits)).containsExactly(0.0, 0.5, 0.0, 0.5, 0.0);
            assertThat(Sampler.of(sampling, kernels).choose(logits, 0, 5, 0.0)).isEqualTo(1);
            assertThat(Sampler.of(sampling, kernels).choose(logits, 0, 5, Math.nextDown(1.0)))
                    .isEqualTo(3);
        }
    }

    @Test
    void readsItsOwnLogitsAndLeavesThem() {
        float[] logits = {9.0f, 2.0f, 1.0f, 0.0f, 9.0f};
        float[] before = logits.clone();
        Sampler sampler = Sampler.of(new Sampling(1.0, 2, 0.99), kernels);
        assertThat(sampler.choose(logits, 1, 3, 0.7)).isEqualTo(0);
        assertThat(sampler.choose(logits, 1, 3, 0.8)).isEqualTo(1);
        assertThat(logits).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void logitsThatAreNotNumbers(float damage) {
        for (Sampling sampling : new Sampling[] {Sampling.GREEDY, new Sampling(1.0, 0, 1.0), new Sampling(1, 2, 0.9)}) {
            for (int at = 0; at < 20; at++) {
                float[] logits = new float[20];
                logits[at] = damage;
                assertThatThrownBy(() -> Sampler.of(sampling, kernels).choose(logits, 0, 20, 0.5))
                        .isInstanceOf(NonFiniteLogitsException.class)
                        .hasMessage("the largest logit is " + damage + "; the weights of this model are not usable (did"
                                + " its training diverge?)");
            }
        }
    }

    @Test
    void noTokenIsPossible() {
        float[] logits = new float[5];
        Arrays.fill(logits, Float.NEGATIVE_INFINITY);
        assertThatThrownBy(() -> Sampler.of(Sampling.GREEDY, kernels).choose(logits, 0, 5, 0.5))
                .isInstanceOf(NonFiniteLogitsException.class);
        assertThatThrownBy(() -> Sampler.of(new Sampling(1.0, 0, 1.0), kernels).choose(logits, 0, 5, 0.5))
                .isInstanceOf(NonFiniteLogitsException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-0.1     | 0  | 1.0 | temperature = -0.1 must be a number from 0 up",
                "NaN      | 0  | 1.0 | temperature = NaN must be a number from 0 up",
                "Infinity | 0  | 1.0 | temperature = Infinity must be a number from 0 up",
                "1.0      | -1 | 1.0 | top-k = -1 must be at least 1, or 0 for off",
                "1.0      | 0  | 0.0 | top-p = 0.0 must be above 0 and at most 1",
                "1.0      | 0  | 1.1 | top-p = 1.1 must be above 0 and at most 1",
                "1.0      | 0  | NaN | top-p = NaN must be above 0 and at most 1"
            })
    void optionsOutOfRange(double temperature, int topK, double topP, String message) {
        assertThatThrownBy(() -> new Sampling(temperature, topK, topP))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void furtherOptionsOutOfRange() {
        for (double minP : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatThrownBy(() -> new Sampling(1.0, 0, 1.0, minP, 1.0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("min-p = " + minP + " must be from 0 to 1");
        }
        for (double penalty : new double[] {0.0, -1.0, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new Sampling(1.0, 0, 1.0, 0.0, penalty))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("repetition-penalty = " + penalty + " must be a number above 0");
        }
    }

    /** {@return the share of the randomness that gives each token} */
    private double[] shares(Sampling sampling, float... logits) {
        Sampler sampler = Sampler.of(sampling, kernels);
        double[] shares = new double[logits.length];
        for (int i = 0; i < GRID; i++) {
            shares[sampler.choose(logits, 0, logits.length, (i + 0.5) / GRID)] += 1.0;
        }
        return Arrays.stream(shares).map(count -> count / GRID).toArray();
    }

    private static double[] softmax(float[] logits, double temperature) {
        double[] e = new double[logits.length];
        Arrays.setAll(e, i -> Math.exp(logits[i] / temperature));
        double sum = Arrays.stream(e).sum();
        return Arrays.stream(e).map(value -> value / sum).toArray();
    }
}
