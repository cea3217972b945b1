package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BpeTokenizerTest {
    private static final Map<String, Long> CLASSIC = Map.of("low", 5L, "lower", 2L, "newest", 6L, "widest", 3L);

    @Test
    void mergesOfTheClassicExample() {
        Tokenizer tokenizer = train(CLASSIC, 0);

        // es and st both occur 9 times: the lower left id wins. Pairs that occur once are left.
        assertThat(merges(tokenizer))
                .containsExactly(
                        "e s", "es t", "l o", "lo w", "e w", "n ew", "new est", "d est", "i dest", "w idest", "e r",
                        "low er");
        assertThat(tokens(tokenizer, "lowest newer")).containsExactly("low", "est", "Ġ", "new", "er");
        assertThat(tokenizer.vocabularySize()).isEqualTo(256 + 12 + 1);
        assertThat(tokenizer.boundary()).hasValue(268);
        assertThat(tokenizer.unknown()).isEmpty();
    }

    @Test
    void vocabularyEndsAtItsTarget() {
        Tokenizer tokenizer = train(CLASSIC, 260);

        assertThat(tokenizer.vocabularySize()).isEqualTo(260);
        assertThat(merges(tokenizer)).containsExactly("e s", "es t", "l o");
    }

    @Test
    void targetThatNobodyChoseIsEightThousand() {
        Random random = new Random(1);
        Map<String, Long> counts = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            counts.merge(word(random, 26, 3 + random.nextInt(5)), 2L, Long::sum);
        }

        assertThat(train(counts, 0).vocabularySize()).isEqualTo(8192);
    }

    @ParameterizedTest
    @CsvSource({"1", "256", "1048577"})
    void targetThatCannotBeIsRefused(int size) {
        assertThatThrownBy(() -> train(CLASSIC, size))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "a bpe vocabulary of at most " + size + " tokens cannot be: it has the 256 bytes and 1 special"
                                + " tokens, and may have 1048576; set the limit to 257 or more, or to 0 for 8192");
    }

    /** Few letters, so that the same token arises in several ways, pairs overlap and counts are equal. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 6})
    void mergesAndEncodingAreThoseOfTheDefinition(int letters) {
        for (int seed = 0; seed < 10; seed++) {
            Random random = new Random(seed);
            Map<String, Long> counts = new HashMap<>();
            for (int i = 0; i < 30; i++) {
                counts.merge(word(random, letters, 1 + random.nextInt(12)), 1L + random.nextInt(3), Long::sum);
            }
            BpeReference reference = BpeReference.train(counts, 256 + 40);

            Tokenizer tokenizer = train(counts, 256 + 40 + 1);

            assertThat(merges(tokenizer)).isEqualTo(reference.merges());
            for (int i = 0; i < 30; i++) {
                String piece = word(random, letters + 1, 1 + random.nextInt(40));
                assertThat(tokens(tokenizer, piece)).isEqualTo(reference.tokens(piece));
            }
        }
    }

    @Test
    void tokenThatTwoMergesMakeIsOneToken() {
        // (a b), then (ab c) = abc, then (b c), and where that stands after an a: (a bc) = abc again.
        Map<String, Long> counts = Map.of("abc", 9L, "ab", 9L, "xbc", 8L, "aabcx", 2L);
        Tokenizer tokenizer = train(counts, 0);

        assertThat(merges(tokenizer)).doesNotHaveDuplicates();
        assertThat(tokenizer.vocabularySize() - 257)
                .isLessThanOrEqualTo(merges(tokenizer).size());
        assertThat(TokenizerJson.parse(tokenizer.toJson(), "test").toJson()).isEqualTo(tokenizer.toJson());
    }

    @Test
    void anyTextComesBack() {
        Tokenizer tokenizer = train(Texts.counts(TokenizerKind.BPE, Texts.random(7, 20_000)), 2000);
        for (int seed = 0; seed < 200; seed++) {
            String text = Texts.random(1000 + seed, 200);

            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
        assertThat(tokenizer.encode("")).isEmpty();
    }

    @Test
    void everyCodePointComesBack() {
        Tokenizer tokenizer = train(CLASSIC, 0);
        for (int first = 0; first <= Character.MAX_CODE_POINT; first += 0x1000) {
            int[] codePoints = IntStream.range(first, first + 0x1000)
                    .filter(codePoint -> Character.getType(codePoint) != Character.SURROGATE)
                    .toArray();
            String text = new String(codePoints, 0, codePoints.length);

            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void anyIdsDecodeAsTheirBytes() {
        Tokenizer tokenizer = train(Texts.counts(TokenizerKind.BPE, Texts.random(3, 5000)), 600);
        Random random = new Random(4);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            int[] ids = new int[bytes.length];
            for (int at = 0; at < bytes.length; at++) {
                ids[at] = ByteAlphabet.id(bytes[at]);
            }
            assertThat(tokenizer.decode(ids)).isEqualTo(new String(bytes, StandardCharsets.UTF_8));
        }
    }

    @Test
    void halfACharacterIsShownAsTheReplacementCharacter() {
        Tokenizer tokenizer = train(CLASSIC, 0);
        int[] ids = tokenizer.encode("low 漢");

        assertThat(ids).hasSize(5);
        assertThat(tokenizer.decode(Arrays.copyOf(ids, 4))).isEqualTo("low \uFFFD");
        assertThat(tokenizer.decode(Arrays.copyOfRange(ids, 3, 5))).isEqualTo("\uFFFD\uFFFD");
    }

    @Test
    void boundaryIsNoText() {
        Tokenizer tokenizer = train(CLASSIC, 0);
        int boundary = tokenizer.boundary().orElseThrow();
        int[] ids = tokenizer.encode("<|boundary|>");

        assertThat(ids).doesNotContain(boundary);
        assertThat(tokenizer.decode(ids)).isEqualTo("<|boundary|>");
        assertThat(tokenizer.decode(new int[] {boundary, ids[0], boundary})).isEqualTo("<");
        assertThat(tokenizer.token(boundary)).isEqualTo("<|boundary|>");
        assertThatThrownBy(() -> tokenizer.token(boundary + 1)).hasMessageStartingWith("there is no token 269");
        assertThatThrownBy(() -> tokenizer.decode(new int[] {-1})).hasMessageStartingWith("there is no token -1");
    }

    @Test
    void loneSurrogatesAreRefused() {
        Tokenizer tokenizer = train(CLASSIC, 0);

        assertThatThrownBy(() -> tokenizer.encode("😀a\uD83D"))
                .isInstanceOf(UnseenTextException.class)
                .hasMessage("the text has U+D83D (half of a surrogate pair, which is not valid Unicode) at position 2;"
                        + " remove it from the text");
        assertThatThrownBy(() -> tokenizer.encode("\uDE00\uD83D")).isInstanceOf(UnseenTextException.class);
    }

    @Test
    void piecesAreThoseOfGpt2() {
        List<String> pieces = new ArrayList<>();

        TokenizerKind.BPE.forEachPiece("I'll say:  don't\n\n 42€ x²’s 'tis\t\r\n ", pieces::add);

        assertThat(pieces)
                .containsExactly(
                        "I", "'ll", " say", ":", " ", " don", "'t", "\n\n", " 42", "€", " x", "²", "’", "s", " '",
                        "tis", "\t\r\n ");
    }

    @Test
    void longPiecesAreEncodedWithoutDelay() {
        Tokenizer tokenizer = train(Map.of("aaaa", 3L, "ab", 2L), 0);
        String text = "a".repeat(1_000_001);

        int[] ids = tokenizer.encode(text);

        assertThat(tokens(tokenizer, "aaaaa")).containsExactly("aaaa", "a");
        assertThat(ids).hasSize(250_001);
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }

    @Test
    void moreWordsThanAreKeptEncodeTheSame() {
        Tokenizer tokenizer = train(CLASSIC, 0);
        for (int i = 0; i < 70_000; i++) {
            tokenizer.encode(" " + i + "lowest");
        }

        assertThat(tokens(tokenizer, "69999lowest 80000lower"))
                .containsExactly("6", "9", "9", "9", "9", "low", "est", "Ġ", "8", "0", "0", "0", "0", "lower");
    }

    private static Tokenizer train(Map<String, Long> counts, int size) {
        return TokenizerKind.BPE.train(counts, new VocabularyOptions(true, false, size));
    }

    private static String word(Random random, int letters, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append((char) ('a' + random.nextInt(letters)));
        }
        return word.toString();
    }

    private static List<String> tokens(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text)).mapToObj(tokenizer::token).toList();
    }

    private static List<String> merges(Tokenizer tokenizer) {
        try {
            return StreamSupport.stream(
                            new ObjectMapper()
                                    .readTree(tokenizer.toJson())
                                    .at("/model/merges")
                                    .spliterator(),
                            false)
                    .map(merge -> merge.textValue())
                    .toList();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
