package io.microgpt.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.spark.prepare.Prepared.Rejected;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bad rows never vanish and never kill the job: they are in the side table, with file, position and reason. */
class BadRowsTest {
    private static final String TOO_LONG = "over data.max-document-bytes = 20";

    @TempDir
    private Path directory;

    @Test
    void linesAreRejectedWithTheirOffset() {
        Prepared prepared = prepared(
                InputFormat.LINES,
                "a.txt",
                Texts.invalid("one\n\n \t\nb\u00E9d\n" + "x".repeat(21) + "\n" + "y".repeat(20) + "\n" + "two"));

        assertThat(prepared.texts()).containsExactlyInAnyOrder("one", "two", "y".repeat(20));
        assertThat(prepared.rejected())
                .containsExactly(
                        new Rejected("a.txt", 4, "empty", ""),
                        new Rejected("a.txt", 5, "empty", " \t"),
                        new Rejected("a.txt", 8, "not valid UTF-8", "b\uFFFDd"),
                        new Rejected("a.txt", 12, TOO_LONG, "x".repeat(21)));
        assertThat(prepared.statistics().rows()).isEqualTo(7);
        assertThat(prepared.statistics().rejected()).isEqualTo(4);
        assertThat(prepared.manifest().statistics()).containsEntry("rows", 7L).containsEntry("rejected", 4L);
    }

    @Test
    void blockWithABadLineIsRejectedAsAWhole() {
        byte[] text = Texts.invalid("\n\r\n \t\none\nline\n\n\n\t \nb\u00E9d\nsame block\n\nelevenchars\nelevenchars\n"
                + "\n" + "x".repeat(21) + "\nsame block\n\r\n\r\nlast\r\nblock");

        Prepared prepared = prepared(InputFormat.BLOCKS, "a.txt", text);

        assertThat(prepared.texts()).containsExactlyInAnyOrder("one\nline", "last\nblock");
        assertThat(prepared.rejected())
                .containsExactly(
                        new Rejected("a.txt", 20, "not valid UTF-8", "b\uFFFDd"),
                        new Rejected("a.txt", 36, TOO_LONG, "elevenchars"),
                        new Rejected("a.txt", 61, TOO_LONG, "x".repeat(21)));
        assertThat(prepared.statistics().rows()).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({"LINES, in.txt", "BLOCKS, in.txt", "CSV, in.csv", "PARQUET, in.parquet"})
    void documentOfJustTheLimitIsGood(InputFormat format, String name) {
        List<String> documents = List.of("x".repeat(20), "漢".repeat(6) + "xx", "x".repeat(21), "漢".repeat(7));
        Path file = directory.resolve(name);
        switch (format) {
            case CSV -> Texts.write(file, Texts.csv(documents));
            case PARQUET -> parquet(file, DataTypes.StringType, documents);
            default -> Texts.write(file, String.join("\n\n", documents));
        }

        Prepared prepared =
                Preparing.of(file, format).maxDocumentBytes(20).blockSize(30).into(directory.resolve("out"));

        assertThat(prepared.texts()).containsExactlyInAnyOrderElementsOf(documents.subList(0, 2));
        assertThat(prepared.rejected().stream().map(Rejected::reason).filter(reason -> !reason.equals("empty")))
                .containsExactly(TOO_LONG, TOO_LONG);
    }

    @Test
    void carriageReturnBeforeTheLineFeedDoesNotCountAgainstTheLimit() {
        String windows = "x".repeat(20) + "\r\ny\r\n";

        Prepared prepared = prepared(InputFormat.LINES, "a.txt", windows.getBytes(StandardCharsets.UTF_8));

        assertThat(prepared.texts()).containsExactlyInAnyOrder("x".repeat(20), "y");
    }

    @Test
    void jsonLinesAreRejectedWithTheirOffset() {
        List<String> lines = List.of(
                "{\"text\": \"good\"}",
                "{\"text\": null}",
                "{\"text\": \"\"}",
                "{\"other\": 1}",
                "{\"text\": 5}",
                "[\"text\"]",
                "{\"text\": \"cut",
                "",
                "{\"text\":\"" + "x".repeat(21) + "\"}",
                "{\"text\": \"ok\"}");

        Prepared prepared =
                prepared(InputFormat.JSONL, "a.jsonl", Texts.lines(lines).getBytes(StandardCharsets.UTF_8));

        List<Rejected> rejected = prepared.rejected();
        assertThat(prepared.texts()).containsExactlyInAnyOrder("good", "ok");
        assertThat(rejected).extracting(Rejected::position).containsExactlyElementsOf(offsets(lines, 1, 9));
        assertThat(rejected)
                .extracting(Rejected::reason)
                .satisfiesExactly(
                        reason -> assertThat(reason).isEqualTo("null"),
                        reason -> assertThat(reason).isEqualTo("empty"),
                        reason -> assertThat(reason).isEqualTo("no field text"),
                        reason -> assertThat(reason).isEqualTo("field text is not a text"),
                        reason -> assertThat(reason).isEqualTo("no field text"),
                        reason -> assertThat(reason).startsWith("not JSON: Unexpected end-of-input"),
                        reason -> assertThat(reason).isEqualTo("empty"),
                        reason -> assertThat(reason).isEqualTo("over data.max-document-bytes = 30"));
        assertThat(rejected.get(5).excerpt()).isEqualTo("{\"text\": \"cut");
    }

    /** Two rows that lost the line feed between them are no row of one document. */
    @Test
    void whatFollowsTheObjectOfAJsonLineIsNotPassedOver() {
        Prepared prepared = prepared(
                InputFormat.JSONL,
                "a.jsonl",
                "{\"text\":\"a\"}{\"text\":\"b\"}\n{\"text\":\"c\"} x\n{\"text\":\"d\"} \n"
                        .getBytes(StandardCharsets.UTF_8));

        assertThat(prepared.texts()).containsExactly("d");
        assertThat(prepared.rejected()).extracting(Rejected::position).containsExactly(0L, 25L);
    }

    /** JSON can spell what is no Unicode text: half of a character beyond U+FFFF. */
    @Test
    void loneSurrogateIsABadRow() {
        Prepared prepared = prepared(
                InputFormat.JSONL,
                "a.jsonl",
                "{\"text\":\"good\"}\n{\"text\":\"a\\ud83d\"}\n{\"text\":\"\\ude00b\"}\n{\"text\":\"\\ud83d\\ude00\"}\n"
                        .getBytes(StandardCharsets.UTF_8));

        assertThat(prepared.texts()).containsExactlyInAnyOrder("good", "😀");
        assertThat(prepared.rejected()).extracting(Rejected::position).containsExactly(16L, 35L);
    }

    @Test
    void csvRowsAreRejectedWithTheirLine() {
        byte[] csv = Texts.invalid("id,text\n0,good\n1\n2,\n3,b\u00E9d\n4,\"two\nlines\"\n5,\"\"\n6,\" \"\n7,"
                + "x".repeat(21) + "\n8,\"o\"\"k\",more\n");

        Prepared prepared = prepared(InputFormat.CSV, "a.csv", csv);

        assertThat(prepared.texts()).containsExactlyInAnyOrder("good", "two\nlines", "o\"k");
        assertThat(prepared.rejected())
                .containsExactly(
                        new Rejected("a.csv", 2, "has 1 fields and no text", "[1]"),
                        new Rejected("a.csv", 3, "null", null),
                        new Rejected("a.csv", 4, "not valid UTF-8", "b\uFFFDd"),
                        new Rejected("a.csv", 7, "null", null),
                        new Rejected("a.csv", 8, "empty", " "),
                        new Rejected("a.csv", 9, TOO_LONG, "x".repeat(21)));
        assertThat(prepared.statistics().rows()).isEqualTo(9);
    }

    /** CSV has no comments. */
    @Test
    void csvRowThatBeginsWithAHashIsARow() {
        Prepared prepared = prepared(
                InputFormat.CSV, "a.csv", "text,id\none,1\n#two,2\n three ,3\n".getBytes(StandardCharsets.UTF_8));

        assertThat(prepared.texts()).containsExactlyInAnyOrder("one", "#two", " three ");
    }

    @Test
    void csvQuoteThatIsNeverClosedLosesNoRow() {
        List<String> rows = new ArrayList<>(List.of("text,id", "good,0", "\"open,1"));
        IntStream.range(2, 40).forEach(i -> rows.add("row" + i + "," + i));

        Prepared prepared = prepared(InputFormat.CSV, "a.csv", Texts.lines(rows).getBytes(StandardCharsets.UTF_8));

        // Where the quote should have ended nobody knows: what it swallowed is one row, and too long.
        assertThat(prepared.texts()).containsExactly("good");
        assertThat(prepared.rejected())
                .containsExactly(
                        new Rejected("a.csv", 2, TOO_LONG, Texts.lines(rows).substring(16, 216)));
    }

    @Test
    void parquetRowsAreRejectedWithTheirNumber() {
        Path file = directory.resolve("in");
        parquet(file, DataTypes.StringType, Arrays.asList("good", null, "", "  ", "x".repeat(21), "ok"));

        Prepared prepared =
                Preparing.of(file, InputFormat.PARQUET).maxDocumentBytes(20).into(directory.resolve("out"));

        assertThat(prepared.texts()).containsExactlyInAnyOrder("good", "ok");
        assertThat(prepared.rejected())
                .satisfiesExactly(
                        row -> assertThat(row.file()).startsWith("part-00000").endsWith(".parquet"),
                        row -> assertThat(row.reason()).isEqualTo("empty"),
                        row -> assertThat(row.excerpt()).isEqualTo("  "),
                        row -> assertThat(row.reason()).isEqualTo(TOO_LONG));
        assertThat(prepared.rejected()).extracting(Rejected::position).containsExactly(1L, 2L, 3L, 4L);
        assertThat(prepared.rejected().get(0).reason()).isEqualTo("null");
    }

    @Test
    void parquetBytesThatAreNoTextAreRejected() {
        Path file = directory.resolve("in");
        parquet(
                file,
                DataTypes.BinaryType,
                List.of("漢字".getBytes(StandardCharsets.UTF_8), Texts.invalid("b\u00E9d"), new byte[0]));

        Prepared prepared = Preparing.of(file, InputFormat.PARQUET).into(directory.resolve("out"));

        assertThat(prepared.texts()).containsExactly("漢字");
        assertThat(prepared.rejected())
                .extracting(Rejected::position, Rejected::reason, Rejected::excerpt)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(1L, "not valid UTF-8", "b\uFFFDd"),
                        org.assertj.core.groups.Tuple.tuple(2L, "empty", ""));
    }

    @Test
    void shareOfBadRowsMayBeJustTheOneAllowed() {
        Path file = Texts.write(directory.resolve("a.txt"), "a\nb\nc\n\n");

        Prepared prepared =
                Preparing.of(file, InputFormat.LINES).maxRejectedFraction(0.25).into(directory.resolve("out"));

        assertThat(prepared.statistics().rejected()).isEqualTo(1);
    }

    @Test
    void jobFailsPastTheShareAndNamesTheFirstRowsAndTheSideTable() {
        Path one = Texts.write(directory.resolve("in/1.txt"), Texts.invalid("good\n\nb\u00E9d\n"));
        Texts.write(directory.resolve("in/2.txt"), "good\n\n\ngood\n");
        Path out = directory.resolve("out");
        String place = one.getParent().toUri().toString().replace("file:///", "file:/");

        assertThatThrownBy(() -> Preparing.of(one.getParent(), InputFormat.LINES)
                        .maxRejectedFraction(0.5)
                        .into(out))
                .hasMessage(one.getParent() + ": 4 of 7 rows are bad, more than data.max-rejected-fraction = 0.5"
                        + " allows. The first:\n  " + place + "1.txt at 5: empty\n  " + place
                        + "1.txt at 6: not valid UTF-8\n  " + place + "2.txt at 5: empty\nAll are in " + out
                        + "-rejected. Mend the input, check data.format and data.column, or raise"
                        + " data.max-rejected-fraction");
        assertThat(out).doesNotExist();
        assertThat(Prepared.rejected(out + "-rejected"))
                .containsExactly(
                        new Rejected("1.txt", 5, "empty", ""),
                        new Rejected("1.txt", 6, "not valid UTF-8", "b\uFFFDd"),
                        new Rejected("2.txt", 5, "empty", ""),
                        new Rejected("2.txt", 6, "empty", ""));
    }

    @Test
    void badRowsAloneAreNeverEnough() {
        Path file = Texts.write(directory.resolve("a.txt"), "\n \n");

        assertThatThrownBy(() -> Preparing.of(file, InputFormat.LINES)
                        .maxRejectedFraction(1)
                        .into(directory.resolve("out")))
                .hasMessageStartingWith(file + ": 2 of 2 rows are bad")
                .hasMessageContaining(" at 0: empty")
                .hasMessageNotContaining("more than data.max-rejected-fraction = 1.0");
    }

    private Prepared prepared(InputFormat format, String name, byte[] content) {
        return Preparing.of(Texts.write(directory.resolve(name), content), format)
                .maxDocumentBytes(format == InputFormat.JSONL ? 30 : 20)
                .blockSize(40)
                .into(directory.resolve("out"));
    }

    /** {@return the offsets of lines {@code [from, to)}} */
    private static List<Long> offsets(List<String> lines, int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> (long) Texts.lines(lines.subList(0, i)).length())
                .toList();
    }

    private static void parquet(Path to, DataType type, List<?> values) {
        List<Row> rows = new ArrayList<>();
        values.forEach(value ->
                rows.add(RowFactory.create(Collections.singletonList(value).toArray())));
        LocalSpark.session()
                .createDataFrame(rows, new StructType().add("text", type))
                .coalesce(1)
                .write()
                .parquet(to.toString());
    }
}
