package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a model makes of every position: the losses it reports for documents, and where the target is its first choice. */
class PositionScoresTest {
    private static final GptConfig SHAPE = new GptConfig(11, 8, 2, 1, 1500, 12);
    /** Some in one group, and one that is a group of its own. */
    private static final List<int[]> DOCUMENTS = TinyModels.documents(SHAPE, 5, 40, 1, 900, 1400, 7);

    @ParameterizedTest
    @EnumSource(
            value = Choice.class,
            names = {"SCALAR", "VECTOR"})
    void scoresAreTheLossesAndTheArgMaxOfTheLogits(Choice choice) {
        Gpt gpt = new Gpt(SHAPE, KernelProvider.choose(choice).kernels());
        Weights weights = new Weights(SHAPE, TinyModels.weights(SHAPE, 3), gpt.kernels());
        List<Double> losses = new ArrayList<>();
        Pass pass = new Pass(gpt);
        gpt.loss(weights, DOCUMENTS, pass, (document, sum, positions) -> losses.add(sum));

        List<PositionScores> scores = scores(gpt, weights, pass);

        assertThat(scores).extracting(score -> score.lossSum(0)).isEqualTo(losses);
        int hits = 0;
        for (int d = 0; d < DOCUMENTS.size(); d++) {
            PositionScores score = scores.get(d);
            boolean[] expected = firstChoices(gpt, weights, DOCUMENTS.get(d));
            assertThat(score.hits()).isEqualTo(expected);
            assertThat(score.positions()).isEqualTo(DOCUMENTS.get(d).length - 1);
            hits += score.hits(0);
            int last = score.positions() - 1;
            assertThat(score.lossSum(last)).isEqualTo(score.losses()[last]);
            assertThat(score.hits(last)).isEqualTo(expected[last] ? 1 : 0);
            assertThat(score.lossSum(last + 1)).isZero();
        }
        assertThat(hits).isBetween(100, 1000);
        // The pass is free for others then, which take losses alone.
        List<Double> again = new ArrayList<>();
        gpt.loss(weights, DOCUMENTS, pass, (document, sum, positions) -> again.add(sum));
        assertThat(again).isEqualTo(losses);
    }

    /** With a head of zeros all logits are equal, so that the first choice is token 0. */
    @ParameterizedTest
    @EnumSource(
            value = Choice.class,
            names = {"SCALAR", "VECTOR"})
    void theLowestIdWinsATie(Choice choice) {
        float[] flat = TinyModels.weights(SHAPE, 3);
        int head = new ParameterLayout(SHAPE).lmHead().offset();
        Arrays.fill(flat, head, head + SHAPE.vocabularySize() * SHAPE.nEmbd(), 0.0f);
        assertThat(hits(flat, choice)).isEqualTo(targetsOf(0)).isPositive();
    }

    @ParameterizedTest
    @EnumSource(
            value = Choice.class,
            names = {"SCALAR", "VECTOR"})
    void whatIsNotANumberIsNoHit(Choice choice) {
        float[] flat = TinyModels.weights(SHAPE, 3);
        flat[new ParameterLayout(SHAPE).lmHead().offset() + 3 * SHAPE.nEmbd()] = Float.NaN;

        assertThat(hits(flat, choice)).isZero();
    }

    private static List<PositionScores> scores(Gpt gpt, Weights weights, Pass pass) {
        List<PositionScores> scores = new ArrayList<>();
        gpt.scores(weights, DOCUMENTS, pass, (document, score) -> {
            assertThat(document).isEqualTo(scores.size());
            scores.add(score);
        });
        return scores;
    }

    private static int hits(float[] flat, Choice choice) {
        Kernels kernels = KernelProvider.choose(choice).kernels();
        Gpt gpt = new Gpt(SHAPE, kernels);
        return scores(gpt, new Weights(SHAPE, flat, kernels), new Pass(gpt)).stream()
                .mapToInt(score -> score.hits(0))
                .sum();
    }

    private static int targetsOf(int token) {
        return (int) DOCUMENTS.stream()
                .flatMapToInt(document -> Arrays.stream(document).skip(1))
                .filter(target -> target == token)
                .count();
    }

    private static boolean[] firstChoices(Gpt gpt, Weights weights, int[] document) {
        int n = document.length - 1;
        int v = SHAPE.vocabularySize();
        float[] logits = gpt.logits(weights, Arrays.copyOf(document, n));
        boolean[] hits = new boolean[n];
        for (int i = 0; i < n; i++) {
            int best = 0;
            for (int j = 1; j < v; j++) {
                if (logits[i * v + j] > logits[i * v + best]) {
                    best = j;
                }
            }
            hits[i] = best == document[i + 1];
        }
        return hits;
    }
}
