package io.microgpt.spark.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.DatasetException;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFiles.Range;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Input that would fill the memory if it were believed: rows without an end, and rows of more parts than characters. */
class HostileRowsTest {
    private static final int MOST_BYTES = 1 << 20;
    /** What a row of CSV may have: its text, and 16 MB for everything else. */
    private static final int MOST_ROW = MOST_BYTES + (16 << 20);

    @TempDir
    private Path directory;

    /** Bytes that may follow the first of a character, but no first: a cut between characters never comes. */
    @Test
    void continuousTextOfNoCharactersStillComesInPieces() throws IOException {
        int piece = 1000;
        ByteLines lines = ByteLines.inPieces(new Endless("\u0080", 1_000_000), 0, piece);
        long offset = 0;
        while (lines.next()) {
            assertThat(lines.start()).isEqualTo(offset);
            assertThat(lines.text()).isNull();
            int length = lines.shown().length(); // a replacement for each byte
            assertThat(length).isLessThanOrEqualTo(piece + 3);
            offset += length;
        }
        assertThat(offset).isEqualTo(1_000_000);
    }

    @Test
    void quoteThatIsNeverClosedIsNotReadToTheEndOfAnEndlessFile() throws IOException {
        CsvRows rows = csv("text,id\ngood,1\n\"open,", new Endless("x", Long.MAX_VALUE));
        assertThat(rows.next()).isEqualTo(InputRow.of("f", 1, "good"));
        assertThat(rows.next()).isEqualTo(endless(2));
        assertThat(rows.next()).isNull();
    }

    @Test
    void rowOfManyLongFieldsIsNotReadToTheEndOfAnEndlessFile() throws IOException {
        CsvRows rows = csv("text,id\n", new Endless("y".repeat(10_000) + ",", Long.MAX_VALUE));
        assertThat(rows.next()).isEqualTo(endless(1));
        assertThat(rows.next()).isNull();
    }

    @Test
    void headerWithoutAnEndIsRefused() {
        assertThatThrownBy(() -> csv("text,", new Endless("z", Long.MAX_VALUE)))
                .isInstanceOf(DatasetException.class)
                .hasMessage(
                        "f: has no header of CSV: a row of over " + MOST_ROW + " characters; is a quote not closed?");
    }

    @Test
    void headerOfTooManyColumnsIsRefused() {
        assertThatThrownBy(() -> csv("text" + ",".repeat(20_000) + "\n", InputStream.nullInputStream()))
                .isInstanceOf(DatasetException.class)
                .hasMessageStartingWith("f: has no header of CSV: ");
    }

    /** Or a broken disk would look like one bad row, and what is behind it would be lost in silence. */
    @Test
    void storageThatFailsIsNoBadRow() throws IOException {
        InputStream failing = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("the disk is gone");
            }
        };
        CsvRows rows = csv("text,id\n" + "row,1\n".repeat(400_000), failing);
        assertThat(rows.next()).isEqualTo(InputRow.of("f", 1, "row"));
        assertThatThrownBy(() -> {
                    for (InputRow row = rows.next(); row != null; row = rows.next()) {
                        assertThat(row.text()).isEqualTo("row");
                    }
                })
                .isInstanceOf(IOException.class)
                .hasMessage("the disk is gone");
    }

    @Test
    void jsonLineOfMoreTokensThanMemoryBearsIsABadRow() {
        String many = "{\"a\":[" + "{},".repeat(500_000) + "{}],\"text\":\"x\"}";
        String some = "{\"a\":[" + "{},".repeat(1000) + "{}],\"text\":\"x\"}";
        List<InputRow> rows = json(8 << 20, many + "\n" + some + "\n");
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).rejection())
                .startsWith("not JSON: Token count (1000001) exceeds the maximum allowed (1000000");
        assertThat(rows.get(1).text()).isEqualTo("x");
    }

    @Test
    void jsonTextIsAsLongAsTheConfigurationAllows() {
        String text = "x".repeat(21_000_000); // of its own accord, the parser stops at 20 million
        assertThat(json(22_000_000, "{\"text\":\"" + text + "\"}\n"))
                .extracting(InputRow::text)
                .containsExactly(text);
    }

    private List<InputRow> json(int mostBytes, String lines) {
        Path file = Texts.write(directory.resolve("a.jsonl"), lines);
        List<InputRow> rows = new ArrayList<>();
        new RowReader(new Configuration(), InputFormat.JSONL, "text", mostBytes)
                .read(new Range(0, file.toUri().toString(), 0, Long.MAX_VALUE))
                .forEachRemaining(rows::add);
        return rows;
    }

    private static CsvRows csv(String begin, InputStream end) throws IOException {
        InputStream in = new SequenceInputStream(new ByteArrayInputStream(begin.getBytes(StandardCharsets.UTF_8)), end);
        return new CsvRows("f", in, "text", MOST_BYTES);
    }

    private static InputRow endless(long line) {
        return InputRow.rejected(
                "f",
                line,
                "not CSV from here on: a row of over " + MOST_ROW + " characters; is a quote not closed?",
                null);
    }

    /** The same bytes again and again. */
    private static final class Endless extends InputStream {
        private final byte[] bytes;
        private long left;
        private int at;

        Endless(String latin1, long count) {
            bytes = latin1.getBytes(StandardCharsets.ISO_8859_1);
            left = count;
        }

        @Override
        public int read() {
            if (left == 0) {
                return -1;
            }
            left--;
            int next = bytes[at] & 0xFF;
            at = (at + 1) % bytes.length;
            return next;
        }
    }
}
