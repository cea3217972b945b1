package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SequencesTest {
    private static final GptConfig CONFIG = new GptConfig(7, 6, 2, 1, 5, 5);
    private static final int[] GOOD = {1, 2, 3};

    private final Sequences sequences = new Sequences(CONFIG);

    @Test
    void aPositionPredictsTheNextToken() {
        sequences.run(null, false);
        sequences.add(GOOD, 3, 0, 0L);
        sequences.add(new int[] {6, 0, 5, 4, 3, 2}, 6, 1, 0L);
        assertThat(sequences.count()).isEqualTo(2);
        assertThat(sequences.rows()).isEqualTo(7);
        assertThat(sequences.start(0)).isZero();
        assertThat(sequences.start(1)).isEqualTo(2);
        assertThat(sequences.length(0)).isEqualTo(2);
        assertThat(sequences.length(1)).isEqualTo(5);
        assertThat(inputs()).containsExactly(1, 2, 6, 0, 5, 4, 3);
        assertThat(targets()).containsExactly(2, 3, 0, 5, 4, 3, 2);
    }

    /** The array may be longer and is the caller's again afterwards. */
    @Test
    void onlyTheFirstTokensAreTaken() {
        int[] tokens = {4, 5, 6, 99, -1, 0, 0, 0, 0};
        sequences.run(null, false);
        sequences.add(tokens, 3, 0, 0L);
        java.util.Arrays.fill(tokens, 1);
        assertThat(sequences.rows()).isEqualTo(2);
        assertThat(inputs()).containsExactly(4, 5);
        assertThat(targets()).containsExactly(5, 6);
    }

    @Test
    void runsShareOutTheRows() {
        float[][] gradients = new float[7][0];
        for (int i = 0; i < gradients.length; i++) {
            sequences.run(gradients[i], i % 2 == 0);
            for (int d = 0; d < i % 3; d++) { // none, one, two
                sequences.add(GOOD, 3, 0, 0L);
            }
        }
        assertThat(sequences.runs()).isEqualTo(7);
        int row = 0;
        for (int i = 0; i < gradients.length; i++) {
            Sequences.Run run = sequences.run(i);
            assertThat(run.start).isEqualTo(row);
            row += i % 3 * 2;
            assertThat(run.end).isEqualTo(row);
            assertThat(run.gradient).isSameAs(gradients[i]);
            assertThat(run.fresh).isEqualTo(i % 2 == 0);
        }
        assertThat(sequences.rows()).isEqualTo(row);
    }

    @Test
    void filledAgainAndAgain() {
        for (int documents : new int[] {3, 100, 1, 40}) {
            sequences.clear();
            assertThat(sequences.rows()).isZero();
            assertThat(sequences.count()).isZero();
            assertThat(sequences.runs()).isZero();
            sequences.run(null, false);
            for (int d = 0; d < documents; d++) {
                sequences.add(new int[] {d % 7, (d + 1) % 7, (d + 2) % 7}, 3 - d % 2, d, 0L);
            }
            assertThat(sequences.count()).isEqualTo(documents);
            int row = 0;
            for (int d = 0; d < documents; d++) {
                assertThat(sequences.start(d)).isEqualTo(row);
                assertThat(sequences.length(d)).isEqualTo(2 - d % 2);
                for (int t = 0; t < sequences.length(d); t++, row++) {
                    assertThat(sequences.input(row)).isEqualTo((d + t) % 7);
                    assertThat(sequences.target(row)).isEqualTo((d + t + 1) % 7);
                }
            }
            assertThat(sequences.rows()).isEqualTo(row).isEqualTo(sequences.run(0).end);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8})
    void lengthsThatDoNotFit(int tokens) {
        sequences.run(null, false);
        sequences.add(GOOD, 3, 0, 0L);
        assertThatThrownBy(() -> sequences.add(new int[9], tokens, 1, 0L))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("document 1 has " + (tokens - 1) + " positions; a model with block size 5 takes 1 to 5");
        assertThat(sequences.rows()).isEqualTo(2);
        assertThat(sequences.count()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 7, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void tokensOutsideTheVocabulary(int token) {
        sequences.run(null, false);
        sequences.add(GOOD, 3, 0, 0L);
        for (int[] document : List.of(new int[] {token, 1}, new int[] {1, token})) {
            assertThatThrownBy(() -> sequences.add(document, 2, 1, 0L))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("document 1 holds token " + token + ", outside the vocabulary of 7");
        }
        assertThat(sequences.rows()).isEqualTo(2);
        assertThat(sequences.count()).isEqualTo(1);
    }

    private IntStream inputs() {
        return IntStream.range(0, sequences.rows()).map(sequences::input);
    }

    private IntStream targets() {
        return IntStream.range(0, sequences.rows()).map(sequences::target);
    }
}
