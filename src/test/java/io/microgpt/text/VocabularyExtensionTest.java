package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VocabularyExtensionTest {
    private static final VocabularyOptions DOCUMENTS = new VocabularyOptions(true, false, 0);

    private static Map<String, Long> counts(TokenizerKind kind, String text) {
        Map<String, Long> counts = new HashMap<>();
        kind.forEachPiece(text, piece -> counts.merge(piece, 1L, Long::sum));
        return counts;
    }

    private static Tokenizer made(TokenizerKind kind, String text) {
        return kind.train(counts(kind, text), DOCUMENTS);
    }

    @Test
    void idsOfOldTokensStay() {
        Tokenizer older = made(TokenizerKind.CHAR, "bad");
        Tokenizer newer = VocabularyExtension.extend(older, counts(TokenizerKind.CHAR, "cabz"), DOCUMENTS);
        assertThat(newer.encode("bad")).isEqualTo(older.encode("bad"));
        assertThat(newer.boundary()).isEqualTo(older.boundary());
        assertThat(newer.encode("cz")).containsExactly(4, 5);
        assertThat(newer.decode(newer.encode("abzdc"))).isEqualTo("abzdc");
        assertThat(TokenizerJson.parse(newer.toJson(), "it").toJson()).isEqualTo(newer.toJson());
        assertThat(VocabularyExtension.difference(older, newer)).isEmpty();
        assertThat(VocabularyExtension.difference(newer, newer)).isEmpty();
        assertThat(VocabularyExtension.difference(newer, older))
                .hasValue("of 6 and 4 tokens, 'c' (U+0063), 'z' (U+007A) only in the older and none only in the newer");
    }

    @Test
    void wordsComeByFrequencyUpToTheLimit() {
        Tokenizer older = made(TokenizerKind.WORD, "red blue");
        VocabularyOptions room = new VocabularyOptions(true, false, older.vocabularySize() + 1, 1);
        Tokenizer newer =
                VocabularyExtension.extend(older, counts(TokenizerKind.WORD, "red green pink pink green pink"), room);
        assertThat(newer.vocabularySize()).isEqualTo(older.vocabularySize() + 1);
        assertThat(newer.token(older.vocabularySize())).isEqualTo(" pink");
        assertThat(newer.encode(" green")).containsExactly(newer.unknown().orElseThrow());
        Tokenizer full = VocabularyExtension.extend(
                older, counts(TokenizerKind.WORD, "pink"), new VocabularyOptions(true, false, 2, 1));
        assertThat(full.toJson()).isEqualTo(older.toJson()); // the limit takes nothing away
        Tokenizer frequent = VocabularyExtension.extend(
                older, counts(TokenizerKind.WORD, " one two two"), new VocabularyOptions(true, false, 0, 2));
        assertThat(frequent.vocabularySize()).isEqualTo(older.vocabularySize() + 1);
    }

    @Test
    void unknownMayBeAdded() {
        Tokenizer older = made(TokenizerKind.CHAR, "ab");
        Tokenizer newer = VocabularyExtension.extend(
                older, counts(TokenizerKind.CHAR, "ab"), new VocabularyOptions(true, true, 0));
        assertThat(newer.unknown()).hasValue(older.vocabularySize());
        assertThat(VocabularyExtension.difference(older, newer)).isEmpty();
    }

    @Test
    void bytesNeedNoNewTokens() {
        Tokenizer older = made(TokenizerKind.BPE, "a banana is a banana");
        Tokenizer newer = VocabularyExtension.extend(older, counts(TokenizerKind.BPE, "\u00e9t\u00e9"), DOCUMENTS);
        assertThat(newer.toJson()).isEqualTo(older.toJson());
        assertThat(VocabularyExtension.difference(older, made(TokenizerKind.BPE, "an apple")))
                .isPresent();
    }

    @Test
    void differencesAreNamed() {
        assertThat(VocabularyExtension.difference(made(TokenizerKind.CHAR, "ab"), made(TokenizerKind.CHAR, "bc")))
                .hasValue("of 3 and 3 tokens, 'a' (U+0061) only in the older and 'c' (U+0063) only in the newer");
        assertThat(VocabularyExtension.difference(made(TokenizerKind.CHAR, "ab"), made(TokenizerKind.WORD, "ab")))
                .hasValue("one cuts text by data.tokenizer = char, the other by word");
    }
}
