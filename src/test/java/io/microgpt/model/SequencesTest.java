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

    @Test
    void aPositionPredictsTheNextToken() {
        Sequences sequences = Sequences.of(List.of(new int[] {9}, GOOD, new int[] {6, 0, 5, 4, 3, 2}), 1, 3, CONFIG);
        assertThat(sequences.count()).isEqualTo(2);
        assertThat(sequences.rows()).isEqualTo(7);
        assertThat(sequences.longest()).isEqualTo(5);
        assertThat(sequences.start(1)).isEqualTo(2);
        assertThat(sequences.length(0)).isEqualTo(2);
        assertThat(IntStream.range(0, 7).map(sequences::input)).containsExactly(1, 2, 6, 0, 5, 4, 3);
        assertThat(IntStream.range(0, 7).map(sequences::target)).containsExactly(2, 3, 0, 5, 4, 3, 2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8})
    void lengthsThatDoNotFit(int tokens) {
        assertThatThrownBy(() -> Sequences.of(List.of(GOOD, new int[tokens]), 0, 2, CONFIG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("document 1 has " + (tokens - 1) + " positions; a model with block size 5 takes 1 to 5");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 7, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void tokensOutsideTheVocabulary(int token) {
        for (int[] document : List.of(new int[] {token, 1}, new int[] {1, token})) {
            assertThatThrownBy(() -> Sequences.of(List.of(GOOD, document), 0, 2, CONFIG))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("document 1 holds token " + token + ", outside the vocabulary of 7");
        }
    }
}
