package io.microgpt.spark.score;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Pass;
import io.microgpt.model.PositionScores;
import io.microgpt.model.TinyModels;
import io.microgpt.model.Weights;
import io.microgpt.spark.score.TextScorer.Passage;
import io.microgpt.spark.score.TextScorer.Score;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerKind;
import io.microgpt.text.VocabularyOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The loss of a text is that of its tokens, between boundaries, as far as they are scored. */
class TextScorerTest {
    private static final Kernels KERNELS =
            KernelProvider.choose(KernelProvider.Choice.AUTO).kernels();
    private static final int BLOCK = 8;

    private final Tokenizer chars = tokenizer(TokenizerKind.CHAR, "the cat sat: on", true);
    private final Weights weights = weights(chars);

    @Test
    void aTextIsADocument() {
        PositionScores whole = document(weights, boundary(chars, "the cat"));

        assertThat(score(new Passage("", "the cat"))).isEqualTo(new Score(whole.lossSum(0), 8, null));
    }

    @Test
    void whatStandsBeforeIsReadButNotScored() {
        PositionScores whole = document(weights, boundary(chars, "the cat"));

        // Positions 0 to 3 predict "the ", the others "cat" and the end.
        assertThat(score(new Passage("the ", "cat"))).isEqualTo(new Score(whole.lossSum(4), 4, null));
        assertThat(score(new Passage("the cat", ""))).isEqualTo(new Score(whole.lossSum(7), 1, null));
    }

    @Test
    void aLongTextIsScoredInPieces() {
        int[] tokens = boundary(chars, "the cat sat on the cat"); // 23 positions: 8, 8 and 7
        PositionScores one = document(weights, Arrays.copyOfRange(tokens, 0, 9));
        PositionScores two = document(weights, Arrays.copyOfRange(tokens, 8, 17));
        PositionScores three = document(weights, Arrays.copyOfRange(tokens, 16, 24));

        assertThat(score(new Passage("", "the cat sat on the cat")))
                .isEqualTo(new Score(one.lossSum(0) + two.lossSum(0) + three.lossSum(0), 23, null));
        assertThat(score(new Passage("the cat sat ", "on the cat")))
                .isEqualTo(new Score(two.lossSum(4) + three.lossSum(0), 11, null));
    }

    @Test
    void aTokenThatIsPartlyBeforeIsScored() {
        Tokenizer words = tokenizer(TokenizerKind.WORD, "the cat sat : on", true);
        Weights ofWords = weights(words);
        PositionScores whole = document(ofWords, boundary(words, "the cat sat"));

        // "the cat " ends in a space of its own, which with "sat" behind it is one token.
        assertThat(new TextScorer(ofWords, words).score(List.of(new Passage("the cat ", "sat"))))
                .containsExactly(new Score(whole.lossSum(2), 2, null));
    }

    @Test
    void continuousTextHasNoBoundaries() {
        Tokenizer continuous = tokenizer(TokenizerKind.CHAR, "the cat", false);
        Weights ofContinuous = weights(continuous);
        PositionScores whole = document(ofContinuous, continuous.encode("tea"));
        TextScorer scorer = new TextScorer(ofContinuous, continuous);

        List<Score> scores =
                scorer.score(List.of(new Passage("", "tea"), new Passage("t", "ea"), new Passage("", "t")));

        assertThat(scores.get(0)).isEqualTo(new Score(whole.lossSum(0), 2, null));
        assertThat(scores.get(1))
                .isEqualTo(scores.get(0)); // nothing is before the first token, so it is not scored anyhow
        assertThat(scores.get(2).error()).contains("there is nothing to score");
    }

    @Test
    void oneThatFailsLeavesTheOthers() {
        List<Score> scores = new TextScorer(weights, chars)
                .score(List.of(
                        new Passage("", "the"), new Passage("", "dog"), new Passage("", null), new Passage("", "cat")));

        assertThat(scores.get(0)).isEqualTo(score(new Passage("", "the")));
        assertThat(scores.get(1).error()).contains("'d'");
        assertThat(scores.get(2).error()).isEqualTo("the text is null");
        assertThat(scores.get(3)).isEqualTo(score(new Passage("", "cat")));
    }

    @Test
    void aDamagedModelIsAnError() {
        float[] flat = new float[weights.config().parameters()];
        Arrays.fill(flat, Float.NaN);

        assertThat(new TextScorer(new Weights(weights.config(), flat, KERNELS), chars)
                        .score(List.of(new Passage("", "the")))
                        .get(0)
                        .error())
                .contains("not finite");
    }

    private Score score(Passage passage) {
        return new TextScorer(weights, chars).score(List.of(passage)).get(0);
    }

    private static int[] boundary(Tokenizer tokenizer, String text) {
        int[] content = tokenizer.encode(text);
        int[] tokens = new int[content.length + 2];
        Arrays.fill(tokens, tokenizer.boundary().orElseThrow());
        System.arraycopy(content, 0, tokens, 1, content.length);
        return tokens;
    }

    private static PositionScores document(Weights weights, int[] tokens) {
        Gpt gpt = new Gpt(weights.config(), KERNELS);
        List<PositionScores> scores = new ArrayList<>();
        gpt.scores(weights, List.of(tokens), new Pass(gpt), (document, score) -> scores.add(score));
        return scores.get(0);
    }

    private static Tokenizer tokenizer(TokenizerKind kind, String text, boolean boundary) {
        Map<String, Long> counts = new HashMap<>();
        kind.forEachPiece(text, piece -> counts.merge(piece, 1L, Long::sum));
        return kind.train(counts, new VocabularyOptions(boundary, false, 0));
    }

    private static Weights weights(Tokenizer tokenizer) {
        GptConfig config = new GptConfig(tokenizer.vocabularySize(), 8, 2, 1, BLOCK, 16);
        return new Weights(config, TinyModels.weights(config, 3), KERNELS);
    }
}
