package io.microgpt.spark.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.DatasetException;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.Texts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of prompts: no row vanishes, and a bad one says what is wrong with it. */
class PromptsTest {
    @TempDir
    private Path directory;

    @Test
    void badLinesOfJsonAreRows() throws IOException {
        Path file = directory.resolve("a.jsonl");
        Files.write(file, """
                {"id": 1, "prompt": "ab", "tags": ["x"]}
                {"id": 2, "prompt": "ab
                {"id": 3, "prompt": 7}

                {"id": 5, "prompt": {"a": 1}}
                {"id": 6, "prompt": "\\ud800"}
                {"id": 7, "prompt": "b", "tags": []} {}
                ["prompt"]
                {"id": 9, "prompt": "\u00ff"}
                {"id": 10}
                """.getBytes(StandardCharsets.ISO_8859_1));

        List<Row> rows = read(file, "jsonl").collectAsList();

        assertThat(rows)
                .extracting(row -> row.<Long>getAs("id"))
                .containsExactly(1L, null, 3L, null, 5L, 6L, 7L, null, 9L, 10L);
        assertThat(rows)
                .extracting(PromptsTest::problem)
                .satisfiesExactly(
                        problem -> assertThat(problem).isNull(),
                        problem -> assertThat(problem)
                                .startsWith("not JSON: ")
                                .endsWith("; the line is: {\"id\": 2, \"prompt\": \"ab"),
                        problem ->
                                assertThat(problem).startsWith("field prompt is not a text; the line is: {\"id\": 3"),
                        problem -> assertThat(problem).isEqualTo("empty; the line is: "),
                        problem -> assertThat(problem).startsWith("field prompt is not a text"),
                        problem -> assertThat(problem).startsWith("not valid Unicode: half of a surrogate pair"),
                        problem -> assertThat(problem).startsWith("not JSON: "),
                        problem -> assertThat(problem).isNull(), // an array has no prompt: it is null
                        problem -> assertThat(problem).isEqualTo("not valid UTF-8"),
                        problem -> assertThat(problem).isNull());
        assertThat(rows.get(0).getList(rows.get(0).fieldIndex("tags"))).isEqualTo(List.of("x"));
        assertThat(rows.get(2).<String>getAs("prompt")).isEqualTo("7");
        assertThat(rows.get(9).<String>getAs("prompt")).isNull();
    }

    @Test
    void linesWithANameTwiceDoNotStopTheOthers() {
        Path file = Texts.write(directory.resolve("a.jsonl"), """
                {"prompt": "ab", "Prompt": 1}
                {"prompt": "ab", "prompt": "b"}
                """);

        List<Row> rows = read(file, "jsonl").collectAsList();

        assertThat(rows).extracting(row -> row.<String>getAs("prompt")).containsExactly("ab", "b");
        assertThat(rows).extracting(row -> row.<Long>getAs("Prompt")).containsExactly(1L, null);
        assertThat(rows).extracting(PromptsTest::problem).containsOnlyNulls();
    }

    @Test
    void namesOfDirectoriesAreColumns() {
        Texts.write(directory.resolve("in/day=1/a.jsonl"), "{\"prompt\": \"ab\"}\n");

        Row row = read(directory.resolve("in"), "jsonl").first();

        assertThat(row.<String>getAs("prompt")).isEqualTo("ab");
        assertThat(row.<Integer>getAs("day")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "a.JSONL, jsonl",
        "a.json.gz, jsonl",
        "a/*.csv, csv",
        "a.csv.bz2, csv",
        "a.parquet/, parquet",
        "a.snappy.parquet, parquet",
        "a.txt.gz, text",
        "jsonl, text"
    })
    void endingsOfNamesSayTheFormat(String path, String format) {
        assertThat(InputTable.format(path)).isEqualTo(format);
    }

    @Test
    void badRowsOfCsvAreRows() {
        Path file = Texts.write(directory.resolve("a.csv"), """
                id,prompt
                1,ab
                2
                3,a,b
                4,"two
                lines, ""quoted\"""
                5,""
                6,
                """);

        List<Row> rows = read(file, "csv").collectAsList();

        assertThat(rows).extracting(row -> row.getString(0)).containsExactly("1", "2", "3", "4", "5", "6");
        assertThat(rows)
                .extracting(row -> row.getString(1))
                .containsExactly("ab", null, "a", "two\nlines, \"quoted\"", "", null);
        assertThat(rows)
                .extracting(PromptsTest::problem)
                .containsExactly(
                        null,
                        "not a row of 2 fields, as the header has; the row is: 2",
                        "not a row of 2 fields, as the header has; the row is: 3,a,b",
                        null,
                        null,
                        null);
    }

    @Test
    void linesThatAreNotUtf8AreRows() throws IOException {
        Path file = directory.resolve("a.txt");
        Files.write(file, "ab\n\u00ff\n\nb".getBytes(StandardCharsets.ISO_8859_1));

        List<Row> rows = read(file, "text").collectAsList();

        assertThat(rows).extracting(PromptsTest::problem).containsExactly(null, "not valid UTF-8", null, null);
        assertThat(rows.get(2).getString(0)).isEmpty();
    }

    /** Or a run on another cluster could not go on. */
    @Test
    void partsFollowFromTheFilesAlone() {
        Texts.write(directory.resolve("in/a.txt"), "x".repeat(99).concat("\n").repeat(3000));
        Texts.write(directory.resolve("in/b.txt"), "y\n");

        Dataset<Row> rows = read(directory.resolve("in"), "text");

        assertThat(rows.javaRDD().getNumPartitions()).isEqualTo(5); // 300,002 bytes by 65,536
        assertThat(rows.count()).isEqualTo(3001);
    }

    @Test
    void filesWithoutAColumnOfTextAreRefused() {
        Path numbers = Texts.write(directory.resolve("n.jsonl"), "{\"prompt\": 1}\n");
        Path broken = Texts.write(directory.resolve("b.jsonl"), "{\n");

        assertThatThrownBy(() -> read(numbers, "jsonl"))
                .isInstanceOf(DatasetException.class)
                .hasMessage(
                        numbers
                                + ": column prompt is of type long, but texts must be strings; name the one of the texts with --column, or make it one");
        assertThatThrownBy(() -> read(broken, "jsonl"))
                .hasMessage(broken + ": there is no column prompt among []; name the one of the texts with --column");
        assertThatThrownBy(() -> read(directory.resolve("nothing"), "text"))
                .hasMessageStartingWith(directory.resolve("nothing") + ": no such file or directory");
    }

    private static Dataset<Row> read(Path path, String format) {
        return Prompts.read(LocalSpark.session().newSession(), path.toString(), format, "prompt", List.of());
    }

    private static String problem(Row row) {
        return row.getAs(Prompts.PROBLEM);
    }
}
