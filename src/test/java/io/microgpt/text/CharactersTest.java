package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How many characters tokens spell: wherever they are cut, the parts add up to the text. */
class CharactersTest {
    private static final String TEXT = "na\u00EFve \uD83D\uDE00 \u6F22\u5B57 caf\u00E9, na\u00EFve";

    @ParameterizedTest
    @EnumSource(TokenizerKind.class)
    void partsAddUpToTheCodePointsOfTheText(TokenizerKind kind) {
        Tokenizer tokenizer = tokenizer(kind, TEXT);
        int[] ids = tokenizer.encode(TEXT);
        int codePoints = TEXT.codePointCount(0, TEXT.length());

        for (int cut = 0; cut <= ids.length; cut++) {
            assertThat(tokenizer.characters(ids, 0, cut) + tokenizer.characters(ids, cut, ids.length))
                    .isEqualTo(codePoints);
        }
        assertThat(tokenizer.characters(new int[] {tokenizer.boundary().orElseThrow()}, 0, 1))
                .isZero();
    }

    @Test
    void bytesOfACharacterCountOnce() {
        Tokenizer tokenizer = tokenizer(TokenizerKind.BPE, "abc"); // no merge knows the others
        int[] ids = tokenizer.encode("\uD83D\uDE00");

        assertThat(ids).hasSize(4);
        assertThat(tokenizer.characters(ids, 0, 4)).isEqualTo(1);
        assertThat(tokenizer.characters(ids, 1, 4)).isZero();
    }

    @Test
    void whatIsUnknownCountsAsOne() {
        Tokenizer words = tokenizer(TokenizerKind.WORD, "the cat");

        assertThat(words.characters(words.encode("the elephant"), 0, 2)).isEqualTo(4);
        assertThat(words.characters(words.encode("<unk>"), 0, 3)).isEqualTo(3); // pieces of text, none of them known
    }

    private static Tokenizer tokenizer(TokenizerKind kind, String text) {
        Map<String, Long> counts = new HashMap<>();
        kind.forEachPiece(text, piece -> counts.merge(piece, 1L, Long::sum));
        return kind.train(counts, new VocabularyOptions(true, false, kind == TokenizerKind.BPE ? 300 : 0));
    }
}
