package io.microgpt.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One text without documents: cut into blocks, in its order. */
class ContinuousTextTest {
    private static final int BLOCK = 16;

    @TempDir
    private Path directory;

    @Test
    void trainingBlocksAndThenTestBlocksAreTheText() {
        String text = text(20_000, 1);

        Prepared prepared = continuous("a.txt", text).into(directory.resolve("out"));

        assertThat(prepared.tokenizer().boundary()).isEmpty();
        assertThat(prepared.texts()).isEqualTo(blocks(text));
        assertThat(restored(prepared)).isEqualTo(text);
    }

    @Test
    void lastPartIsHeldOut() {
        String text = text(BLOCK * 200 + 1, 2);

        Prepared prepared = continuous("a.txt", text).testFraction(0.1).into(directory.resolve("out"));

        assertThat(prepared.texts(Part.TRAIN)).isEqualTo(blocks(text).subList(0, 180));
        assertThat(prepared.texts(Part.TEST)).isEqualTo(blocks(text).subList(180, 200));
        assertThat(prepared.manifest().train())
                .extracting(Manifest.Shard::documents)
                .containsExactly(60, 60, 60);
    }

    @Test
    void lineEndsAndBlankLinesAreText() {
        String text = "\n\n one\r\n\r\n\ttwo \r three\n\n\n";

        Prepared prepared = continuous("a.txt", text).testFraction(0).into(directory.resolve("out"));

        assertThat(restored(prepared)).isEqualTo(text);
        assertThat(prepared.statistics().rejected()).isZero();
    }

    @Test
    void filesFollowEachOtherByNameAndNoBlockRunsOnIntoTheNext() {
        List<String> texts = List.of(text(777, 3), text(BLOCK + 1, 4), text(3_000, 5), text(2, 6));
        List<String> expected = new ArrayList<>();
        texts.forEach(text -> expected.addAll(blocks(text)));
        // Written in another order than that of the names; one more has nothing in it.
        Texts.write(directory.resolve("in/c.txt"), texts.get(2));
        Texts.write(directory.resolve("in/a/9.txt"), texts.get(0));
        Texts.write(directory.resolve("in/d.txt.gz"), texts.get(3));
        Texts.write(directory.resolve("in/b.txt.gz"), texts.get(1));
        Texts.write(directory.resolve("in/b2.txt"), "");

        Prepared prepared =
                Preparing.of(directory.resolve("in"), InputFormat.CONTINUOUS).into(directory.resolve("out"));

        assertThat(prepared.texts()).isEqualTo(expected);
        assertThat(prepared.texts(Part.TEST)).hasSize((int) Math.round(expected.size() * 0.25));
    }

    @Test
    void textWithoutAnyLineFeedIsCutBetweenCharacters() {
        // Three and four bytes a character: one of them lies across every border of 64 KiB.
        Random random = new Random(7);
        StringBuilder built = new StringBuilder("x");
        while (built.length() < 90_000) {
            built.appendCodePoint(random.nextBoolean() ? 0x6F22 + random.nextInt(20) : 0x1F600 + random.nextInt(20));
        }
        String text = built.toString();

        Prepared prepared = continuous("a.txt", text).blockSize(512).into(directory.resolve("out"));

        assertThat(prepared.statistics().rows()).isGreaterThan(2);
        assertThat(prepared.statistics().rejected()).isZero();
        assertThat(restored(prepared)).isEqualTo(text);
    }

    @Test
    void packedTextGivesTheSameBytes() {
        String text = text(5_000, 8);

        Prepared plain = continuous("a.txt", text).into(directory.resolve("1"));
        Prepared packed = continuous("b.txt.gz", text).into(directory.resolve("2"));

        assertThat(packed.content()).isEqualTo(plain.content());
        assertThat(packed.manifest().fingerprint()).isEqualTo(plain.manifest().fingerprint());
    }

    @Test
    void wordsAreRestoredToo() {
        Random random = new Random(9);
        List<String> words = List.of("the", "of", "don't", "Straße", "漢字", "no.", "(a)", "\n", "--");
        StringBuilder built = new StringBuilder();
        for (int i = 0; i < 3_000; i++) {
            built.append(words.get(random.nextInt(words.size()))).append(i % 7 == 0 ? "  " : " ");
        }
        String text = built.toString();

        Prepared prepared = continuous("a.txt", text).words(0).into(directory.resolve("out"));

        assertThat(prepared.tokenizer().vocabularySize()).isLessThan(40);
        assertThat(restored(prepared)).isEqualTo(text);
    }

    @Test
    void wordsInALimitedVocabularyKeepTheirPlaces() {
        String text = "one two two one\nthree two two\n";

        // The limit leaves " two", "\n" and <unk>.
        Prepared prepared = continuous("a.txt", text).words(3).testFraction(0).into(directory.resolve("out"));

        assertThat(restored(prepared)).isEqualTo("<unk> two two<unk>\n<unk> two two\n");
        assertThat(prepared.statistics().unknownTokens()).isEqualTo(3);
        assertThat(prepared.statistics().tokens()).isEqualTo(9);
    }

    @Test
    void lineThatIsNotValidIsLeftOutAndListed() {
        Path file = Texts.write(directory.resolve("a.txt"), Texts.invalid("good\nb\u00E9d\nend\n"));

        Prepared prepared =
                Preparing.of(file, InputFormat.CONTINUOUS).testFraction(0).into(directory.resolve("out"));

        assertThat(restored(prepared)).isEqualTo("good\nend\n");
        assertThat(prepared.rejected())
                .containsExactly(new Prepared.Rejected("a.txt", 5, "not valid UTF-8", "b\uFFFDd"));
        assertThat(prepared.manifest().statistics()).containsEntry("rows", 3L).containsEntry("rejected", 1L);
    }

    @Test
    void tokenizerOfSingleDocumentsDoesNotFit() {
        Path file = Texts.write(directory.resolve("a.txt"), "abc\n");
        Tokenizer documents = Preparing.of(file, InputFormat.LINES)
                .into(directory.resolve("1"))
                .tokenizer();

        assertThatThrownBy(() -> Preparing.of(file, InputFormat.CONTINUOUS)
                        .with(documents)
                        .maxRejectedFraction(0.5)
                        .into(directory.resolve("2")))
                .hasMessageContaining("a.txt");
        Texts.write(file, "abc");
        assertThatThrownBy(() -> Preparing.of(file, InputFormat.CONTINUOUS)
                        .with(documents)
                        .into(directory.resolve("2")))
                .hasMessage(file + ": data.format = continuous does not fit the model's tokenizer, which was made for"
                        + " single documents");
    }

    private Preparing continuous(String name, String text) {
        return Preparing.of(Texts.write(directory.resolve(name), text), InputFormat.CONTINUOUS)
                .blockSize(BLOCK);
    }

    private static String text(int characters, long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < characters; i++) {
            text.append(random.nextInt(30) == 0 ? "\n" : Texts.characters(random, 1));
        }
        return text.toString();
    }

    /** {@return the blocks that one file is cut into: each begins with the last character of the one before} */
    private static List<String> blocks(String text) {
        int[] characters = text.codePoints().toArray();
        List<String> blocks = new ArrayList<>();
        for (int at = 0; at < characters.length - 1; at += BLOCK) {
            int end = Math.min(characters.length, at + BLOCK + 1);
            blocks.add(new String(Arrays.copyOfRange(characters, at, end), 0, end - at));
        }
        return blocks;
    }

    /** {@return all blocks one after another, without the token that each has of the one before} */
    private static String restored(Prepared prepared) {
        Tokenizer tokenizer = prepared.tokenizer();
        StringBuilder text = new StringBuilder();
        for (Part part : Part.values()) {
            for (int[] tokens : prepared.documents(part)) {
                int skipped = text.isEmpty() ? 0 : 1;
                text.append(tokenizer.decode(Arrays.copyOfRange(tokens, skipped, tokens.length)));
            }
        }
        return text.toString();
    }
}
