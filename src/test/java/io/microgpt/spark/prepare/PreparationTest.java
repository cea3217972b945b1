package io.microgpt.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.data.Part;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerKind;
import io.microgpt.text.VocabularyOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Documents to shards: which side, which chunks, which tokens. */
class PreparationTest {
    @TempDir
    private Path directory;

    @Test
    void everyDocumentIsThereOnceWithBoundariesAroundIt() {
        List<String> documents = Texts.documents(300, 1);

        Prepared prepared = lines(documents).into(directory.resolve("out"));

        assertThat(prepared.texts()).containsExactlyInAnyOrderElementsOf(documents);
        int boundary = prepared.tokenizer().boundary().orElseThrow();
        assertThat(prepared.documents(Part.TRAIN)).allSatisfy(tokens -> {
            assertThat(tokens).startsWith(boundary).endsWith(boundary);
            assertThat(tokens).hasSizeBetween(3, 17);
        });
        assertThat(prepared.statistics().rows()).isEqualTo(300);
        assertThat(prepared.statistics().rejected()).isZero();
        assertThat(prepared.statistics().tokens())
                .isEqualTo(documents.stream()
                        .mapToInt(text -> text.codePointCount(0, text.length()) + 2)
                        .sum());
    }

    @Test
    void equalDocumentsAreNeverOnBothSides() {
        List<String> documents = Texts.documents(60, 2);
        List<String> repeated = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            repeated.addAll(documents);
        }

        Prepared prepared = lines(repeated).into(directory.resolve("out"));

        Set<String> train = new HashSet<>(prepared.texts(Part.TRAIN));
        Set<String> test = new HashSet<>(prepared.texts(Part.TEST));
        assertThat(train).doesNotContainAnyElementsOf(test);
        assertThat(test).isNotEmpty();
        assertThat(prepared.texts()).containsExactlyInAnyOrderElementsOf(repeated);
    }

    @Test
    void shareThatIsHeldOutIsAboutTheOneAskedFor() {
        List<String> documents =
                IntStream.range(0, 4_000).mapToObj(Integer::toString).toList();

        Prepared prepared = lines(documents).testFraction(0.2).into(directory.resolve("out"));

        // Five standard deviations of a fair draw, and as many for each of three shards.
        assertThat(prepared.texts(Part.TEST)).hasSizeBetween(800 - 127, 800 + 127);
        assertThat(prepared.manifest().train())
                .allSatisfy(shard -> assertThat(shard.documents()).isBetween(1067 - 140, 1067 + 140));
    }

    @Test
    void nothingIsHeldOutWhereNothingIsAskedFor() {
        List<String> documents = Texts.documents(20, 3);

        Prepared prepared = lines(documents).testFraction(0).into(directory.resolve("out"));

        assertThat(prepared.texts(Part.TRAIN)).hasSize(20);
        assertThat(prepared.texts(Part.TEST)).isEmpty();
        assertThat(prepared.manifest().test()).hasSize(3);
    }

    @Test
    void anotherSeedGivesAnotherOrderAndAnotherSplitOfTheSameDocuments() {
        List<String> documents = Texts.documents(100, 4);

        Prepared one = lines(documents).into(directory.resolve("one"));
        Prepared two = lines(documents).seed(Preparing.SEED + 1).into(directory.resolve("two"));

        assertThat(two.texts()).containsExactlyInAnyOrderElementsOf(one.texts());
        assertThat(two.texts(Part.TEST)).isNotEqualTo(one.texts(Part.TEST));
        assertThat(two.manifest().fingerprint()).isNotEqualTo(one.manifest().fingerprint());
    }

    @Test
    void documentOverTheBlockSizeIsCutIntoChunksThatOverlapByOneToken() {
        // With both boundaries, the first just fits 8 positions and the second is one token over.
        List<String> documents = List.of("1234567", "abcdefgh", "The quick brown fox.");

        Prepared prepared =
                lines(documents).testFraction(0).shards(1).blockSize(8).into(directory.resolve("out"));

        assertThat(prepared.statistics().chunked()).isEqualTo(2);
        assertThat(prepared.statistics().truncated()).isZero();
        assertThat(prepared.manifest().statistics())
                .containsEntry("chunked", 2L)
                .containsEntry("truncated", 0L);
        assertThat(joined(prepared)).containsExactlyInAnyOrderElementsOf(documents);
        assertThat(prepared.documents(Part.TRAIN))
                .extracting(tokens -> tokens.length)
                .containsExactlyInAnyOrder(9, 9, 2, 9, 9, 6);
    }

    @Test
    void documentOverTheBlockSizeIsTruncatedWhereThatIsAskedFor() {
        List<String> documents = List.of("1234567", "abcdefgh", "The quick brown fox.");

        Prepared prepared =
                lines(documents).testFraction(0).blockSize(8).truncate().into(directory.resolve("out"));

        assertThat(prepared.statistics().truncated()).isEqualTo(2);
        assertThat(prepared.statistics().chunked()).isZero();
        assertThat(prepared.texts()).containsExactlyInAnyOrder("1234567", "abcdefgh", "The quic");
    }

    @Test
    void chunksOfADocumentStayOnItsSide() {
        List<String> documents = IntStream.range(100, 160)
                .mapToObj(i -> (i + " ").repeat(20).strip())
                .toList();

        Prepared prepared = lines(documents).into(directory.resolve("out"));

        assertThat(prepared.statistics().chunked()).isEqualTo(60);
        assertThat(numbers(prepared, Part.TRAIN)).doesNotContainAnyElementsOf(numbers(prepared, Part.TEST));
        assertThat(joined(prepared)).containsExactlyInAnyOrderElementsOf(documents);
    }

    @Test
    void wordsBeyondTheVocabularyAreUnknownAndCounted() {
        List<String> documents = List.of("red red red", "red green blue", "green red", "red");

        // Besides <unk> and the boundary there is room for two: "red" and " red", three times each.
        Prepared prepared = lines(documents).testFraction(0).words(4).into(directory.resolve("out"));

        assertThat(prepared.manifest().vocabularySize()).isEqualTo(4);
        assertThat(prepared.statistics().unknownTokens()).isEqualTo(3);
        assertThat(prepared.manifest().statistics()).containsEntry("unknown_tokens", 3L);
        assertThat(prepared.texts()).containsExactlyInAnyOrder("red red red", "red<unk><unk>", "<unk> red", "red");
    }

    @Test
    void wordsThatAreTooRareAreUnknownAndCounted() {
        List<String> documents = List.of("red red red", "red green blue", "green red", "red");

        Prepared prepared =
                lines(documents).testFraction(0).words(0).minCount(3).into(directory.resolve("out"));

        assertThat(prepared.manifest().vocabularySize()).isEqualTo(4);
        assertThat(prepared.statistics().unknownTokens()).isEqualTo(3);
        assertThat(prepared.texts()).containsExactlyInAnyOrder("red red red", "red<unk><unk>", "<unk> red", "red");
    }

    @Test
    void wordsTooLongForAVocabularyAreUnknownAndCounted() {
        List<String> documents = List.of("red " + "x".repeat(1001), "red");

        Prepared prepared = lines(documents).testFraction(0).words(0).into(directory.resolve("out"));

        assertThat(prepared.statistics().leftOut()).isEqualTo(1);
        assertThat(prepared.statistics().unknownTokens()).isEqualTo(1);
        assertThat(prepared.statistics().tokens()).isEqualTo(3 + 4);
        assertThat(prepared.manifest().statistics())
                .containsEntry("unknown_tokens", 1L)
                .containsEntry("left_out_pieces", 1L);
        assertThat(prepared.texts()).containsExactlyInAnyOrder("red<unk>", "red");
    }

    @Test
    void withoutALimitNoWordIsUnknown() {
        List<String> documents = List.of("red, red", "don't – 漢字");

        Prepared prepared = lines(documents).words(0).into(directory.resolve("out"));

        assertThat(prepared.statistics().unknownTokens()).isZero();
        assertThat(prepared.texts()).containsExactlyInAnyOrderElementsOf(documents);
    }

    @Test
    void givenTokenizerRejectsRowsWithCharactersThatItHasNotSeen() {
        Tokenizer ofModel = letters("abc", false);

        Prepared prepared =
                lines(List.of("abc", "abd", "cab", "x")).with(ofModel).into(directory.resolve("out"));

        assertThat(prepared.texts()).containsExactlyInAnyOrder("abc", "cab");
        assertThat(prepared.tokenizer().toJson()).isEqualTo(ofModel.toJson());
        assertThat(prepared.statistics().rejected()).isEqualTo(2);
        assertThat(prepared.rejected())
                .containsExactly(
                        new Prepared.Rejected("in.txt", 4, unseen("'d' (U+0064)", 2), "abd"),
                        new Prepared.Rejected("in.txt", 12, unseen("'x' (U+0078)", 0), "x"));
    }

    @Test
    void givenTokenizerWithATokenForTheUnknownTakesAllRows() {
        Prepared prepared =
                lines(List.of("abc", "abd")).with(letters("abc", true)).into(directory.resolve("out"));

        assertThat(prepared.statistics().rejected()).isZero();
        assertThat(prepared.statistics().unknownTokens()).isEqualTo(1);
        assertThat(prepared.texts()).containsExactlyInAnyOrder("abc", "ab<unk>");
    }

    @Test
    void givenTokenizerMakesTheSameDatasetAsTheOneThatItCameFrom() {
        List<String> documents = Texts.documents(100, 5);
        Prepared first = lines(documents).into(directory.resolve("first"));

        Prepared again = lines(documents).with(first.tokenizer()).into(directory.resolve("again"));

        assertThat(again.content()).isEqualTo(first.content());
    }

    private Preparing lines(List<String> documents) {
        return Preparing.of(Texts.write(directory.resolve("in.txt"), Texts.lines(documents)), InputFormat.LINES);
    }

    private static Tokenizer letters(String letters, boolean unknown) {
        Map<String, Long> counts =
                letters.chars().mapToObj(Character::toString).collect(Collectors.toMap(letter -> letter, letter -> 1L));
        return TokenizerKind.CHAR.train(counts, new VocabularyOptions(true, unknown, VocabularyOptions.NO_LIMIT));
    }

    private static String unseen(String character, int position) {
        return "the text has " + character + " at position " + position
                + ", which the tokenizer has not seen in training; remove it from the text, or retrain with"
                + " data.unknown=unk";
    }

    /** {@return the documents made whole again, each from the one that begins with a boundary to the one that ends with it} */
    private static List<String> joined(Prepared prepared) {
        Tokenizer tokenizer = prepared.tokenizer();
        int boundary = tokenizer.boundary().orElseThrow();
        List<String> joined = new ArrayList<>();
        for (Part part : Part.values()) {
            for (int[] tokens : prepared.documents(part)) {
                String text = tokenizer.decode(tokens);
                if (tokens[0] == boundary) {
                    joined.add(text);
                } else {
                    String before = joined.remove(joined.size() - 1);
                    assertThat(before).endsWith(tokenizer.token(tokens[0]));
                    joined.add(
                            before + text.substring(tokenizer.token(tokens[0]).length()));
                }
            }
        }
        return joined;
    }

    private static Set<String> numbers(Prepared prepared, Part part) {
        return prepared.texts(part).stream()
                .flatMap(text -> text.length() < 5 ? java.util.stream.Stream.of() : inner(text))
                .collect(Collectors.toSet());
    }

    /** {@return the numbers of a chunk that are not cut off by its ends} */
    private static java.util.stream.Stream<String> inner(String text) {
        return java.util.regex.Pattern.compile("(?<= )\\d{3}(?= )")
                .matcher(text)
                .results()
                .map(java.util.regex.MatchResult::group);
    }
}
