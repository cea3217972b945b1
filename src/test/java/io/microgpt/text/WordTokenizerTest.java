package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WordTokenizerTest {
    private static final VocabularyOptions PLAIN = new VocabularyOptions(false, false, VocabularyOptions.NO_LIMIT);

    @Test
    void wordsTakeOneSpaceBeforeThem() {
        assertThat(pieces("The cat  sat,\n on x_1."))
                .containsExactly("The", " cat", " ", " sat", ",", "\n", " on", " x_1", ".");
    }

    @Test
    void apostrophesBelongToWordsOnlyInside() {
        assertThat(pieces("'tis don't rock'n'roll dogs' l’été''x"))
                .containsExactly("'", "tis", " don't", " rock'n'roll", " dogs", "'", " l’été", "'", "'", "x");
    }

    @Test
    void marksBelongToTheLetterBeforeThem() {
        assertThat(pieces("e\u0301t नमस्ते ❤\uFE0Fx")).containsExactly("e\u0301t", " नमस्ते", " ", "❤", "\uFE0F", "x");
    }

    @Test
    void surrogatePairsStayTogether() {
        assertThat(pieces("a😀😀 𝔘𝔫\r\n")).containsExactly("a", "😀", "😀", " 𝔘𝔫", "\r", "\n");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyUnicodeTextRoundTrips(long seed) {
        String text = Texts.random(seed, 2000);
        Tokenizer tokenizer = train(PLAIN, text);

        int[] ids = tokenizer.encode(text);

        assertThat(ids).doesNotContain(tokenizer.unknown().getAsInt());
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }

    @Test
    void piecesRestoreEvenInvalidText() {
        String text = "a\uD800 \uDC00b\uD83D";

        assertThat(String.join("", pieces(text))).isEqualTo(text);
        Tokenizer tokenizer = train(PLAIN, "a b");
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo("a<unk><unk><unk><unk><unk>");
    }

    @Test
    void longRunsNeitherOverflowNorHang() {
        String run = "a".repeat(1_000_000);
        String apostrophes = "a'".repeat(500_000);

        assertThat(pieces(run)).containsExactly(run);
        assertThat(pieces(apostrophes)).containsExactly(apostrophes.substring(0, 999_999), "'");
    }

    @Test
    void idsFollowFrequencyThenCodePointsThenSpecials() {
        Map<String, Long> counts = Map.of("b", 2L, "a", 2L, " a", 2L, "zz", 7L, "😀", 1L, "\uFFFD", 1L);

        Tokenizer tokenizer = TokenizerKind.WORD.train(counts, new VocabularyOptions(true, true, 0));

        assertThat(tokens(tokenizer)).containsExactly("zz", " a", "a", "b", "\uFFFD", "😀", "<|boundary|>", "<unk>");
        assertThat(tokenizer.kind()).isEqualTo(TokenizerKind.WORD);
        assertThat(tokenizer.boundary()).hasValue(6);
        assertThat(tokenizer.unknown()).hasValue(7);
    }

    @Test
    void prefixesComeBeforeWhatTheyBegin() {
        Tokenizer tokenizer = train(PLAIN, "ab\nabc\na\n\n");

        assertThat(tokens(tokenizer)).containsExactly("\n", "a", "ab", "abc", "<unk>");
    }

    @Test
    void limitCountsSpecialTokens() {
        Map<String, Long> counts = Map.of("c", 1L, "b", 1L, "a", 1L, "d", 5L);

        Tokenizer tokenizer = TokenizerKind.WORD.train(counts, new VocabularyOptions(true, false, 4));

        assertThat(tokens(tokenizer)).containsExactly("d", "a", "<|boundary|>", "<unk>");
        assertThat(tokenizer.encode("d,c")).containsExactly(0, 3, 3);
        assertThatThrownBy(() -> TokenizerKind.WORD.train(counts, new VocabularyOptions(false, false, 1)))
                .hasMessageContaining("at most 1 tokens has no room for text beside its 1 special tokens");
    }

    @Test
    void limitBeyondWhatThereIsChangesNothing() {
        Map<String, Long> counts = Map.of("a", 1L, "b", 2L);

        assertThat(TokenizerKind.WORD
                        .train(counts, new VocabularyOptions(true, true, 1000))
                        .toJson())
                .isEqualTo(TokenizerKind.WORD
                        .train(counts, new VocabularyOptions(true, true, 0))
                        .toJson());
    }

    @Test
    void specialTokensInTextAreText() {
        String text = "<unk> <|boundary|>";
        Tokenizer tokenizer = train(new VocabularyOptions(true, true, 0), text);

        int[] ids = tokenizer.encode(text);

        assertThat(pieces(text)).containsExactly("<", "unk", ">", " ", "<", "|", "boundary", "|", ">");
        assertThat(ids)
                .doesNotContain(
                        tokenizer.unknown().getAsInt(), tokenizer.boundary().getAsInt());
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }

    @Test
    void dataThatIsNoWordIsLeftToUnknown() {
        String blob = "x".repeat(1001);
        Tokenizer tokenizer = train(PLAIN, blob + "," + "y".repeat(1000));

        assertThat(tokens(tokenizer)).containsExactly(",", "y".repeat(1000), "<unk>");
        assertThat(tokenizer.encode(blob)).containsExactly(2);
    }

    @Test
    void vocabularyBeyondAnyUseIsRefused() {
        Map<String, Long> counts = new HashMap<>();
        for (int i = 0; i < 1 << 20; i++) {
            counts.put("w" + i, 1L);
        }

        assertThatThrownBy(() -> TokenizerKind.WORD.train(counts, PLAIN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the vocabulary has 1048577 tokens, but must have 1 to 1048576; limit its size");
    }

    private static Tokenizer train(VocabularyOptions options, String... texts) {
        return TokenizerKind.WORD.train(Texts.counts(TokenizerKind.WORD, texts), options);
    }

    private static List<String> pieces(String text) {
        List<String> pieces = new ArrayList<>();
        TokenizerKind.WORD.forEachPiece(text, pieces::add);
        return pieces;
    }

    private static List<String> tokens(Tokenizer tokenizer) {
        List<String> tokens = new ArrayList<>();
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            tokens.add(tokenizer.token(id));
        }
        return tokens;
    }

    @Test
    void rareWordsAreLeftOut() {
        Map<String, Long> counts = Map.of("a", 3L, "b", 2L, "c", 1L);

        Tokenizer tokenizer = TokenizerKind.WORD.train(counts, new VocabularyOptions(false, true, 0, 2));

        assertThat(tokenizer.vocabularySize()).isEqualTo(3);
        assertThat(tokenizer.decode(tokenizer.encode("abc"))).isEqualTo("<unk>");
        assertThat(tokenizer.decode(tokenizer.encode("a,b,c"))).isEqualTo("a<unk>b<unk><unk>");
        assertThatThrownBy(() -> TokenizerKind.WORD.train(counts, new VocabularyOptions(false, true, 0, 4)))
                .hasMessageEndingWith("check that the input is not empty, or lower data.min-count = 4");
    }
}
