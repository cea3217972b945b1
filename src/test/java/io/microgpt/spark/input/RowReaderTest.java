package io.microgpt.spark.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFiles.Range;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files cut into ranges of bytes: every line belongs to exactly one. */
class RowReaderTest {
    private static final int MOST_BYTES = 12;
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private Path directory;

    @Test
    void linesComeWithTheOffsetOfTheirFirstByte() {
        Path file = Texts.write(directory.resolve("a.txt"), "one\r\n\nzwölf\n漢字\n0123456789abc\nlast");

        assertThat(whole(InputFormat.LINES, file))
                .containsExactly(
                        InputRow.of(name(file), 0, "one"),
                        InputRow.rejected(name(file), 5, "empty", ""),
                        InputRow.of(name(file), 6, "zwölf"),
                        InputRow.of(name(file), 13, "漢字"),
                        InputRow.rejected(name(file), 20, "over data.max-document-bytes = 12", "0123456789abc"),
                        InputRow.of(name(file), 34, "last"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "one\ntwo\n\nthree\n",
                "one\r\ntwo\r\n\r\nthree\r\n",
                "\n\n\r\n\n",
                "no line feed",
                "zwölf\n漢字\n😀\r\nno last line feed",
                "short\nthis line is over the limit\nshort\n",
                "\rcarriage\rreturn\n\r\r\n",
                "x"
            })
    void everyLineIsInExactlyOneRangeWhereverTheFileIsCut(String text) {
        Path file = Texts.write(directory.resolve("a.txt"), text);
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        List<InputRow> whole = whole(InputFormat.LINES, file);

        for (int first = 0; first <= bytes; first++) {
            for (int second = first; second <= bytes; second++) {
                assertThat(rows(InputFormat.LINES, file, 0, first, second, bytes))
                        .as("cut at %d and %d", first, second)
                        .isEqualTo(whole);
            }
        }
        int[] everywhere = new int[bytes + 1];
        for (int i = 0; i < everywhere.length; i++) {
            everywhere[i] = i;
        }
        assertThat(rows(InputFormat.LINES, file, everywhere)).isEqualTo(whole);
    }

    @Test
    void lineBelongsToTheRangeThatItBeginsIn() {
        Path file = Texts.write(directory.resolve("a.txt"), "ab\ncd\nef\n");

        assertThat(texts(rows(InputFormat.LINES, file, 0, 3))).containsExactly("ab");
        assertThat(texts(rows(InputFormat.LINES, file, 3, 6))).containsExactly("cd");
        assertThat(texts(rows(InputFormat.LINES, file, 0, 4))).containsExactly("ab", "cd");
        assertThat(texts(rows(InputFormat.LINES, file, 4, 6))).isEmpty();
        assertThat(texts(rows(InputFormat.LINES, file, 4, 7))).containsExactly("ef");
        assertThat(texts(rows(InputFormat.LINES, file, 7, 9))).isEmpty();
    }

    @Test
    void lineThatIsNotValidIsRejectedByTheRangeThatItBeginsIn() {
        Path file = Texts.write(directory.resolve("a.txt"), Texts.invalid("good\nb\u00E9d\ngood\n\u00FF"));
        List<InputRow> whole = whole(InputFormat.LINES, file);

        assertThat(whole)
                .containsExactly(
                        InputRow.of(name(file), 0, "good"),
                        InputRow.rejected(name(file), 5, "not valid UTF-8", "b\uFFFDd"),
                        InputRow.of(name(file), 9, "good"),
                        InputRow.rejected(name(file), 14, "not valid UTF-8", "\uFFFD"));
        for (int cut = 0; cut <= 15; cut++) {
            assertThat(rows(InputFormat.LINES, file, 0, cut, 15)).isEqualTo(whole);
        }
    }

    @Test
    void jsonLinesAreCutAlike() {
        Path file = Texts.write(
                directory.resolve("a.jsonl"), "{\"t\":\"ä\"}\r\n{\"t\":1}\n\n{\"u\":2}\n{\"t\":\n{\"t\":\"b\"}");
        List<InputRow> whole = whole(InputFormat.JSONL, file);

        assertThat(texts(whole)).containsExactly("ä", null, null, null, null, "b");
        for (int cut = 0; cut <= 44; cut++) {
            assertThat(rows(InputFormat.JSONL, file, 0, cut, 44)).isEqualTo(whole);
        }
    }

    @Test
    void lineLongerThanAnyBufferIsOneRow() {
        String line = "漢字かな".repeat(50_000);
        Path file = Texts.write(directory.resolve("a.txt"), "first\n" + line + "\nlast\n");
        RowReader reader = new RowReader(HADOOP, InputFormat.LINES, "t", 1 << 20);
        List<InputRow> rows = new ArrayList<>();

        for (long start : new long[] {0, 6, 300_000}) {
            reader.read(new Range(0, name(file), start, start == 0 ? 6 : start == 6 ? 300_000 : 1 << 20))
                    .forEachRemaining(rows::add);
        }

        assertThat(texts(rows)).containsExactly("first", line, "last");
    }

    @Test
    void largeFilesAreCutWithoutGapsButForFormatsAndCompressionThatForbidIt() throws IOException {
        long length = (130L << 20) + 1;
        Path plain = directory.resolve("large.txt");
        try (RandomAccessFile sparse = new RandomAccessFile(plain.toFile(), "rw")) {
            sparse.setLength(length);
        }
        Path packed = Texts.write(directory.resolve("z.txt.gz"), "packed\n");
        List<FileStatus> files = InputFiles.list(HADOOP, directory.toString());

        List<Range> ranges = InputFiles.ranges(HADOOP, files, false);

        assertThat(ranges)
                .containsExactly(
                        new Range(0, name(plain), 0, 64L << 20),
                        new Range(0, name(plain), 64L << 20, 128L << 20),
                        new Range(0, name(plain), 128L << 20, length),
                        new Range(1, name(packed), 0, Long.MAX_VALUE));
        assertThat(InputFiles.ranges(HADOOP, files, true))
                .containsExactly(
                        new Range(0, name(plain), 0, Long.MAX_VALUE), new Range(1, name(packed), 0, Long.MAX_VALUE));
    }

    private static List<InputRow> whole(InputFormat format, Path file) {
        return rows(format, file, 0, (int) file.toFile().length());
    }

    private static List<InputRow> rows(InputFormat format, Path file, int... cuts) {
        RowReader reader = new RowReader(HADOOP, format, "t", MOST_BYTES);
        List<InputRow> rows = new ArrayList<>();
        for (int i = 1; i < cuts.length; i++) {
            reader.read(new Range(0, name(file), cuts[i - 1], cuts[i])).forEachRemaining(rows::add);
        }
        return rows;
    }

    private static List<String> texts(List<InputRow> rows) {
        return rows.stream().map(InputRow::text).toList();
    }

    private static String name(Path file) {
        try {
            return FileSystem.getLocal(HADOOP)
                    .makeQualified(new org.apache.hadoop.fs.Path(file.toString()))
                    .toString();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
