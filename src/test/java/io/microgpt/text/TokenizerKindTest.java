package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TokenizerKindTest {
    private static final VocabularyOptions OPTIONS = new VocabularyOptions(true, true, 300);

    @Test
    void kindsHaveKeys() {
        assertThat(TokenizerKind.ofKey("char")).isEqualTo(TokenizerKind.CHAR);
        assertThat(TokenizerKind.ofKey("word")).isEqualTo(TokenizerKind.WORD);
        assertThat(TokenizerKind.ofKey("bpe")).isEqualTo(TokenizerKind.BPE);
        assertThat(TokenizerKind.WORD.key()).isEqualTo("word");
        assertThatThrownBy(() -> TokenizerKind.ofKey("Char"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("data.tokenizer = Char is not one of char, word, bpe");
    }

    @ParameterizedTest
    @EnumSource
    void piecesAreTheText(TokenizerKind kind) {
        for (long seed = 0; seed < 100; seed++) {
            String text = Texts.random(seed, 100);
            List<String> pieces = new ArrayList<>();

            kind.forEachPiece(text, pieces::add);

            assertThat(String.join("", pieces)).isEqualTo(text);
            // Alone, a piece is cut like within its text: what was counted can be looked up.
            pieces.forEach(
                    piece -> kind.forEachPiece(piece, again -> assertThat(again).isEqualTo(piece)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void trainingDependsOnTheCountsAlone(TokenizerKind kind) {
        Map<String, Long> counts = Texts.counts(kind, Texts.random(42, 3000));
        String expected = kind.train(counts, OPTIONS).toJson();

        List<String> order = new ArrayList<>(counts.keySet());
        for (int seed = 0; seed < 20; seed++) {
            Collections.shuffle(order, new Random(seed));
            Map<String, Long> shuffled = new LinkedHashMap<>();
            order.forEach(piece -> shuffled.put(piece, counts.get(piece)));
            assertThat(kind.train(shuffled, OPTIONS).toJson()).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingCountedIsAnError(TokenizerKind kind) {
        assertThatThrownBy(() -> kind.train(Map.of(), OPTIONS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("there is no text to make a " + kind.key()
                        + " vocabulary of; check that the input is not empty");
    }

    @ParameterizedTest
    @EnumSource
    void onlyPiecesOfValidTextMayBeCounted(TokenizerKind kind) {
        for (String piece : new String[] {"", "a b", "a\n", "<unk>", "<|boundary|>", "\uD800", "\uDC00", "  a", null}) {
            assertThatThrownBy(() -> kind.train(counts(piece, 1L), OPTIONS))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("was counted, but is not one piece of valid text to a " + kind.key());
        }
        assertThatThrownBy(() -> kind.train(Map.of("<unk>", 1L), OPTIONS)).hasMessageStartingWith("\"<unk>\" was");
        assertThatThrownBy(() -> kind.train(Map.of("ab cd".repeat(20), 1L), OPTIONS))
                .hasMessageStartingWith("\"" + "ab cd".repeat(8) + "...\" was");
    }

    @ParameterizedTest
    @EnumSource
    void onlyPiecesThatOccurMayBeCounted(TokenizerKind kind) {
        for (Long count : new Long[] {0L, -1L, null}) {
            assertThatThrownBy(() -> kind.train(counts("a", count), OPTIONS))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("'a' (U+0061) has the count " + count + "; count only pieces that occur");
        }
    }

    private static Map<String, Long> counts(String piece, Long count) {
        Map<String, Long> counts = new HashMap<>();
        counts.put(piece, count);
        return counts;
    }
}
