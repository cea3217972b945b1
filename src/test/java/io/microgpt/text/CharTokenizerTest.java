package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CharTokenizerTest {
    private static final VocabularyOptions PLAIN = new VocabularyOptions(false, false, VocabularyOptions.NO_LIMIT);
    private static final VocabularyOptions BOUNDARY = new VocabularyOptions(true, false, VocabularyOptions.NO_LIMIT);
    private static final VocabularyOptions UNKNOWN = new VocabularyOptions(true, true, VocabularyOptions.NO_LIMIT);

    @Test
    void namesGiveTheAlphabetAndTheBoundary() {
        Tokenizer tokenizer = train(BOUNDARY, "thequickbrownfox", "jumpsoverthelazydog");

        assertThat(tokenizer.kind()).isEqualTo(TokenizerKind.CHAR);
        assertThat(tokenizer.vocabularySize()).isEqualTo(27);
        assertThat(tokenizer.boundary()).hasValue(26);
        assertThat(tokenizer.unknown()).isEmpty();
        assertThat(tokenizer.encode("azbe")).containsExactly(0, 25, 1, 4);
        assertThat(tokenizer.token(25)).isEqualTo("z");
        assertThat(tokenizer.token(26)).isEqualTo("<|boundary|>");
        assertThat(tokenizer.decode(new int[] {26, 4, 12, 12, 0, 26})).isEqualTo("emma");
    }

    @Test
    void idsFollowCodePointsNotUtf16() {
        Tokenizer tokenizer = train(UNKNOWN, "😀\uFFFDéa\n");

        assertThat(tokenizer.encode("\naé\uFFFD😀")).containsExactly(0, 1, 2, 3, 4);
        assertThat(tokenizer.boundary()).hasValue(5);
        assertThat(tokenizer.unknown()).hasValue(6);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyUnicodeTextRoundTrips(long seed) {
        String text = Texts.random(seed, 2000);
        Tokenizer tokenizer = train(PLAIN, text);

        int[] ids = tokenizer.encode(text);

        assertThat(ids).hasSize(text.codePointCount(0, text.length()));
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }

    @Test
    void emptyTextIsNoTokens() {
        Tokenizer tokenizer = train(PLAIN, "a");

        assertThat(tokenizer.encode("")).isEmpty();
        assertThat(tokenizer.decode(new int[0])).isEmpty();
    }

    @Test
    void specialTokensInTextAreText() {
        String text = "<unk> and <|boundary|>";
        Tokenizer tokenizer = train(UNKNOWN, text);

        int[] ids = tokenizer.encode(text);

        assertThat(ids)
                .doesNotContain(
                        tokenizer.unknown().getAsInt(), tokenizer.boundary().getAsInt());
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }

    @Test
    void unseenCharacterIsNamedWithItsPlaceAndTheRemedy() {
        Tokenizer tokenizer = train(PLAIN, "abc😀");

        UnseenTextException unseen = catchThrowableOfType(UnseenTextException.class, () -> tokenizer.encode("a😀bé"));

        assertThat(unseen)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the text has 'é' (U+00E9) at position 3, which the tokenizer has not seen in training;"
                        + " remove it from the text, or retrain with data.unknown=unk");
        assertThat(unseen.codePoint()).isEqualTo('é');
        assertThat(unseen.position()).isEqualTo(3);
    }

    @Test
    void unseenCharactersThatDoNotShowAreNamedInWords() {
        Tokenizer tokenizer = train(PLAIN, "abc");

        assertThatThrownBy(() -> tokenizer.encode("\u0007")).hasMessageContaining("the text has U+0007 (BEL");
        assertThatThrownBy(() -> tokenizer.encode("\u00A0")).hasMessageContaining("has U+00A0 (NO-BREAK SPACE)");
        assertThatThrownBy(() -> tokenizer.encode("\uFFFF")).hasMessageContaining("has U+FFFF (unassigned)");
        assertThatThrownBy(() -> tokenizer.encode("😀")).hasMessageContaining("has '😀' (U+1F600)");
    }

    @Test
    void unpairedSurrogateIsUnseenText() {
        assertThatThrownBy(() -> train(PLAIN, "abc").encode("ab\uD83D"))
                .isInstanceOf(UnseenTextException.class)
                .hasMessageContaining(
                        "has U+D83D (half of a surrogate pair, which is not valid Unicode) at position 2");

        Tokenizer lenient = train(UNKNOWN, "abc");
        assertThat(lenient.encode("\uDE00a")).containsExactly(lenient.unknown().getAsInt(), 0);
    }

    @Test
    void unknownStandsForUnseenText() {
        Tokenizer tokenizer = train(UNKNOWN, "abc");

        int[] ids = tokenizer.encode("b😀é");

        assertThat(ids).containsExactly(1, 4, 4);
        assertThat(tokenizer.decode(ids)).isEqualTo("b<unk><unk>");
    }

    @Test
    void limitKeepsTheMostFrequentAndThenTheLowest() {
        Map<String, Long> counts = Map.of("z", 9L, "y", 2L, "x", 2L, "\uFFFD", 1L, "😀", 1L, "w", 1L);

        Tokenizer tokenizer = TokenizerKind.CHAR.train(counts, new VocabularyOptions(true, true, 7));

        assertThat(tokenizer.vocabularySize()).isEqualTo(7);
        assertThat(tokenizer.encode("wxyz\uFFFD😀")).containsExactly(0, 1, 2, 3, 4, 6);
    }

    @Test
    void limitNeedsUnknownAndRoom() {
        Map<String, Long> counts = Map.of("a", 1L);

        assertThatThrownBy(() -> TokenizerKind.CHAR.train(counts, new VocabularyOptions(true, false, 100)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("limited to 100 tokens needs <unk>")
                .hasMessageContaining("set data.unknown=unk");
        assertThatThrownBy(() -> TokenizerKind.CHAR.train(counts, new VocabularyOptions(true, true, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no room for text beside its 2 special tokens; raise the limit to 3 or more");
        assertThatThrownBy(() -> new VocabularyOptions(true, true, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("limited to -1 tokens; the limit must be positive, or 0 for none");
    }

    @Test
    void idsOutsideTheVocabularyAreRefused() {
        Tokenizer tokenizer = train(PLAIN, "abc");

        for (int id : new int[] {-1, 3, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThatThrownBy(() -> tokenizer.decode(new int[] {0, id}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("there is no token " + id + ": this vocabulary has the ids 0 to 2");
            assertThatThrownBy(() -> tokenizer.token(id)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void everyCodePointHasItsOwnId() {
        int[] all = IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                .filter(codePoint -> Character.getType(codePoint) != Character.SURROGATE)
                .filter(codePoint -> codePoint % 17 == 0)
                .toArray();
        String text = new String(all, 0, all.length);

        int[] ids = train(PLAIN, text).encode(text);

        int[] expected = new int[all.length];
        Arrays.setAll(expected, id -> id);
        assertThat(ids).isEqualTo(expected);
    }

    private static Tokenizer train(VocabularyOptions options, String... texts) {
        return TokenizerKind.CHAR.train(Texts.counts(TokenizerKind.CHAR, texts), options);
    }
}
