package io.microgpt.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.data.Part;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.spark.input.InputRow;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Byte pair encoding, where a piece of text is not a token and the vocabulary not the pieces. */
class BpePreparationTest {
    private static final int BLOCK = 16;
    private static final List<String> DOCUMENTS = documents(300, 1);

    @TempDir
    private Path directory;

    @Test
    void sameVocabularyAndShardsFromOnePartitionAndFromSeven() {
        List<String> shuffled = new ArrayList<>(DOCUMENTS);
        Collections.shuffle(shuffled, new Random(2));
        List<List<String>> dealt = Texts.dealt(shuffled, 7);
        for (int i = 0; i < 7; i++) {
            Texts.write(directory.resolve("seven/" + i + ".txt"), Texts.lines(dealt.get(i)));
        }

        Prepared one = lines(DOCUMENTS).bpe(300).into(directory.resolve("1"));
        Prepared seven = Preparing.of(directory.resolve("seven"), InputFormat.LINES)
                .bpe(300)
                .into(directory.resolve("7"));

        assertThat(one.manifest().vocabularySize()).isEqualTo(300);
        assertThat(seven.content()).isEqualTo(one.content());
        assertThat(seven.manifest().fingerprint()).isEqualTo(one.manifest().fingerprint());
    }

    @Test
    void documentsAreRestoredAndTokensCounted() {
        Prepared prepared = lines(DOCUMENTS).bpe(300).blockSize(64).into(directory.resolve("out"));

        Tokenizer tokenizer = prepared.tokenizer();
        List<Integer> lengths = DOCUMENTS.stream()
                .map(document -> tokenizer.encode(document).length + 2)
                .toList();
        long over = lengths.stream().filter(length -> length > 64 + 1).count();
        assertThat(over).isPositive();
        assertThat(prepared.statistics().chunked()).isEqualTo(over);
        assertThat(prepared.statistics().tokens())
                .isEqualTo(lengths.stream().mapToInt(Integer::intValue).sum());
        assertThat(prepared.statistics().unknownTokens()).isZero();
        assertThat(prepared.statistics().leftOut()).isZero();
        List<String> whole = new ArrayList<>(DOCUMENTS);
        whole.removeIf(document -> tokenizer.encode(document).length + 2 > 64 + 1);
        assertThat(prepared.texts()).containsAll(whole);
    }

    @Test
    void givenTokenizerMakesTheSameDatasetAndTakesAnyText() {
        Prepared first = lines(DOCUMENTS).bpe(300).into(directory.resolve("first"));

        Prepared again = lines(DOCUMENTS).with(first.tokenizer()).into(directory.resolve("again"));
        Prepared other = lines(List.of("ΑΒΓ", "漢字")).with(first.tokenizer()).into(directory.resolve("other"));

        assertThat(again.content()).isEqualTo(first.content());
        assertThat(other.texts()).containsExactlyInAnyOrder("ΑΒΓ", "漢字");
        assertThat(other.statistics().rejected()).isZero();
    }

    /** Spaces before line ends, blank lines, indented lines: white space is one piece or several by what stands after the line. */
    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", " \n\n", "\n\n\t  ", "\u00A0\n\u3000", "x"})
    void continuousTextHasTheTokensOfTheWhole(String lineEnd) {
        String text = String.join(lineEnd, documents(200, 3)) + lineEnd;

        Prepared prepared = continuous(text).into(directory.resolve("out"));

        assertThat(joined(prepared)).isEqualTo(ints(prepared.tokenizer().encode(text)));
        assertThat(prepared.tokenizer()
                        .decode(joined(prepared).stream()
                                .mapToInt(Integer::intValue)
                                .toArray()))
                .isEqualTo(text);
        assertThat(prepared.statistics().tokens()).isEqualTo(joined(prepared).size());
    }

    @Test
    void continuousTextWithoutWhiteSpaceIsRestored() {
        String text = "漢字😀".repeat(30_000) + "\n" + "\n".repeat(70_000) + "end";

        Prepared prepared = continuous(text).blockSize(512).into(directory.resolve("out"));

        assertThat(prepared.tokenizer()
                        .decode(joined(prepared).stream()
                                .mapToInt(Integer::intValue)
                                .toArray()))
                .isEqualTo(text);
    }

    @Test
    void badLinesOfAContinuousTextAreStillListed() {
        Path file = Texts.write(directory.resolve("a.txt"), Texts.invalid("good \nb\u00E9d\nend\n"));

        Prepared prepared = Preparing.of(file, InputFormat.CONTINUOUS)
                .bpe(0)
                .testFraction(0)
                .into(directory.resolve("out"));

        assertThat(prepared.tokenizer()
                        .decode(joined(prepared).stream()
                                .mapToInt(Integer::intValue)
                                .toArray()))
                .isEqualTo("good \nend\n");
        assertThat(prepared.rejected())
                .containsExactly(new Prepared.Rejected("a.txt", 6, "not valid UTF-8", "b\uFFFDd"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7})
    void driverKeepsTheMostFrequentWordsAndCountsTheOthers(int partitions) {
        List<InputRow> rows = new ArrayList<>();
        for (int word = 0; word < 60; word++) {
            // Words 0 to 19 three times, the others once.
            for (int i = 0; i < (word < 20 ? 3 : 1); i++) {
                rows.add(InputRow.of("f", word, Character.toString('a' + word % 26) + " " + "x".repeat(word)));
            }
        }
        rows.add(InputRow.of("f", 99, "y".repeat(2000)));

        Survey all = survey(rows, partitions, 1000);
        Survey some = survey(rows, partitions, 50);

        assertThat(all.pieces()).hasSizeGreaterThan(50);
        assertThat(all.leftOut()).isEqualTo(1); // the long one
        assertThat(some.pieces()).hasSize(50);
        List<String> expected = all.pieces().entrySet().stream()
                .sorted((a, b) -> a.getValue().equals(b.getValue())
                        ? a.getKey().compareTo(b.getKey())
                        : Long.compare(b.getValue(), a.getValue()))
                .limit(50)
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .sorted()
                .toList();
        assertThat(some.pieces().entrySet().stream()
                        .map(Object::toString)
                        .sorted()
                        .toList())
                .isEqualTo(expected);
        long occurrences =
                all.pieces().values().stream().mapToLong(Long::longValue).sum();
        assertThat(some.leftOut())
                .isEqualTo(1
                        + occurrences
                        - some.pieces().values().stream()
                                .mapToLong(Long::longValue)
                                .sum());
        assertThat(some.rows()).isEqualTo(rows.size());
    }

    private static Survey survey(List<InputRow> rows, int partitions, int kept) {
        return Survey.of(LocalSpark.context().parallelize(rows, partitions), TokenizerKind.BPE, 10, kept);
    }

    private Preparing lines(List<String> documents) {
        return Preparing.of(Texts.write(directory.resolve("in.txt"), Texts.lines(documents)), InputFormat.LINES);
    }

    private Preparing continuous(String text) {
        return Preparing.of(Texts.write(directory.resolve("in.txt"), text), InputFormat.CONTINUOUS)
                .bpe(300)
                .blockSize(BLOCK);
    }

    /** {@return all tokens of a continuous text, without the one that each block has of the one before} */
    private static List<Integer> joined(Prepared prepared) {
        List<Integer> joined = new ArrayList<>();
        for (Part part : Part.values()) {
            for (int[] tokens : prepared.documents(part)) {
                joined.addAll(ints(Arrays.copyOfRange(tokens, joined.isEmpty() ? 0 : 1, tokens.length)));
            }
        }
        return joined;
    }

    private static List<Integer> ints(int[] values) {
        return Arrays.stream(values).boxed().toList();
    }

    private static List<String> documents(int count, long seed) {
        Random random = new Random(seed);
        List<String> words = List.of("the", "cat", "sat", "don't", "Straße", "漢字", "no.", "(a)", "--", "😀", "42");
        return IntStream.range(0, count)
                .mapToObj(i -> random.ints(1 + random.nextInt(30), 0, words.size())
                        .mapToObj(words::get)
                        .collect(Collectors.joining(random.nextInt(4) == 0 ? "  " : " ", i + " ", "")))
                .toList();
    }
}
