package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.microgpt.cli.Cli.Ended;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows in the order of their loss, and the likelier of two ways to go on. */
class RankTest {
    @TempDir
    private static Path shared;

    private static Path run;
    /** Words of one letter over and over, "low", and of any letters, "high"; two cannot be scored. */
    private static Path table;

    private static Path scored;
    private static JsonNode ranked;

    @TempDir
    private Path directory;

    @BeforeAll
    static void train() {
        Random random = new Random(3);
        List<String> lines = new ArrayList<>();
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 240; i++) {
            boolean low = i % 2 == 0;
            String word = low ? "ab".repeat(3 + random.nextInt(3)) : letters(random, 6 + random.nextInt(6));
            (i < 200 ? lines : rows).add(i < 200 ? word + (low ? " l" : " h") : word + (low ? ",l" : ",h"));
        }
        rows.add("ZZZ,h");
        rows.add(",l");
        rows.add("abab,");
        run = shared.resolve("run");
        table = Cli.write(shared.resolve("rows.csv"), "word,kind\n" + String.join("\n", rows) + "\n");
        Cli.run(
                        "train",
                        "--no-spark",
                        "--config",
                        Cli.write(shared.resolve("small.conf"), Cli.SMALL),
                        "--data",
                        Cli.write(shared.resolve("lines.txt"), String.join("\n", lines) + "\n"),
                        "--set",
                        "train.steps=60",
                        "--out",
                        run)
                .well();
        scored = shared.resolve("scored");
        ranked = rank("--label", "kind", "--positive", "h", "--per-document", scored)
                .json()
                .path("rank");
    }

    private static String letters(Random random, int length) {
        return random.ints(length, 'a', 'j')
                .mapToObj(letter -> String.valueOf((char) letter))
                .collect(Collectors.joining());
    }

    @Test
    void rowsWithALabelHaveHigherLossesThanTheOthers() {
        List<JsonNode> rows = Cli.parts(scored, "json").stream().map(Cli::json).toList();
        assertThat(rows).hasSize(43);
        List<Double> high = losses(rows, "h");
        List<Double> low = losses(rows, "l");
        double won = 0;
        for (double one : high) {
            for (double other : low) {
                won += one > other ? 1 : one == other ? 0.5 : 0;
            }
        }
        assertThat(ranked.path("auc").doubleValue())
                .isEqualTo(won / (high.size() * low.size()))
                .isGreaterThan(0.9);
        assertThat(ranked.path("positive").path("rows").asInt()).isEqualTo(20);
        assertThat(ranked.path("others").path("rows").asInt()).isEqualTo(20);
        assertThat(ranked.path("others").path("loss").doubleValue())
                .isCloseTo(low.stream().mapToDouble(d -> d).average().orElseThrow(), within(1e-12));
        assertThat(ranked.path("unlabelled").path("rows").asInt()).isEqualTo(1);
        assertThat(ranked.path("failed").asInt()).isEqualTo(2);
        assertThat(rows)
                .filteredOn(row -> !row.path("error").isNull())
                .extracting(row -> row.path("error").asText())
                .satisfiesExactlyInAnyOrder(
                        error -> assertThat(error).contains("'Z'"),
                        error -> assertThat(error).isEqualTo("the text is null"));
        assertThat(rows)
                .filteredOn(row -> row.path("error").isNull())
                .allSatisfy(row -> assertThat(row.path("perplexity").doubleValue())
                        .isEqualTo(StrictMath.exp(row.path("loss").doubleValue())));
    }

    @Test
    void theLikelierWayToGoOnIsChosen() {
        Ended ended = rank("--label", "kind", "--template", "{text} {choice}", "--choices", "l,h");

        JsonNode choices = ended.json().path("choices");
        assertThat(choices.path("accuracy").doubleValue())
                .isEqualTo(choices.path("correct").asInt() / 40.0)
                .isGreaterThan(0.8);
        assertThat(choices.path("auc").doubleValue()).isBetween(0.8, 1.0);
        assertThat(choices.path("labels").path("l").path("rows").asInt()).isEqualTo(20);
        assertThat(choices.path("unlabelled").asInt()).isEqualTo(1);
        assertThat(choices.path("failed").asInt()).isEqualTo(2);
        // The other way round, what is likelier stays so; the area is that of the other label.
        JsonNode turned = rank("--label", "kind", "--template", "{text} {choice}", "--choices", "h,l")
                .json()
                .path("choices");
        assertThat(turned.path("accuracy")).isEqualTo(choices.path("accuracy"));
        assertThat(turned.path("auc")).isEqualTo(choices.path("auc"));
    }

    /** Rows in another order and in files of their own, and for a person. */
    @Test
    void orderAndFilesDoNotMatter() {
        List<String> rows = new ArrayList<>(Cli.read(table).lines().skip(1).toList());
        rows.sort(Comparator.reverseOrder());
        Path other = directory.resolve("other.csv");
        Cli.write(other.resolve("a.csv"), "word,kind\n" + String.join("\n", rows.subList(0, 9)) + "\n");
        Cli.write(other.resolve("b.csv"), "word,kind\n" + String.join("\n", rows.subList(9, 43)) + "\n");

        JsonNode two = evaluate("--json", "--rank", other, "--column", "word", "--label", "kind", "--positive", "h")
                .json()
                .path("rank");

        assertThat(two).isEqualTo(ranked);
    }

    /** And says why, as the rows of a job of completions do. */
    @Test
    void badRowsKeepTheirPlace() {
        Path csv = Cli.write(directory.resolve("a.csv"), "word,kind\nabab\nabab,l,m\n\"\",l\n");
        Path json = Cli.write(directory.resolve("a.jsonl"), "{\"word\": \"abab\"}\n{\"word\": 5}\n\n{\"word\n");

        assertThat(errors(csv))
                .satisfiesExactly(
                        error -> assertThat(error).startsWith("not a row of 2 fields"),
                        error -> assertThat(error).startsWith("not a row of 2 fields"),
                        error -> assertThat(error).isEqualTo("null")); // the empty text has a loss: that of its end
        assertThat(errors(json))
                .satisfiesExactly(
                        error -> assertThat(error).isEqualTo("null"),
                        error -> assertThat(error).startsWith("field word is not a text"),
                        error -> assertThat(error).startsWith("empty"),
                        error -> assertThat(error).startsWith("not JSON"));
    }

    private List<String> errors(Path rows) {
        Path out = directory.resolve("out-of-" + rows.getFileName());
        evaluate("--rank", rows, "--column", "word", "--per-document", out);
        return Cli.parts(out, "json").stream()
                .map(line -> Cli.json(line).path("error").asText())
                .toList();
    }

    @Test
    void aPersonReadsIt() {
        Ended ended = evaluate("--rank", table, "--column", "word", "--label", "kind", "--positive", "h");

        assertThat(ended.out().lines().toList())
                .satisfiesExactly(
                        line -> assertThat(line).isEqualTo("model " + run + ", step 60; rows of " + table),
                        line -> assertThat(line).matches("h: 20 rows, mean loss \\d\\.\\d{4}"),
                        line -> assertThat(line).matches("others: 20 rows, mean loss \\d\\.\\d{4}"),
                        line -> assertThat(line).matches("without a label: 1 rows, mean loss \\d\\.\\d{4}"),
                        line -> assertThat(line)
                                .matches("AUC \\d\\.\\d{4}: so likely is the loss of a row labelled h above that of"
                                        + " another"),
                        line -> assertThat(line).isEqualTo("2 rows could not be scored; --per-document OUT says why"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--label kind | need --rank FILE",
                "--rank x.csv --data y | leave --data and --contamination away",
                "--rank x.csv --label kind | --label NAME and --positive LABEL need each other",
                "--rank x.csv --choices a,b | need each other",
                "--rank x.csv --template {text}{choice} | need each other",
                "--rank x.csv --template none | must have {text} once",
                "--rank x.csv --choices a,a --template {text}{choice} | must be two different ones",
                "--rank x.csv --choices a,b --template {text}{choice} --positive a | leave it away"
            })
    void optionsThatDoNotGoTogether(String options, String message) {
        List<Object> arguments = new ArrayList<>(List.of("evaluate", "--model", run));
        arguments.addAll(List.of(options.split(" ")));

        assertThat(Cli.run(arguments.toArray()).error()).contains(message);
    }

    @Test
    void columnsThatAreNotThere() {
        assertThat(failed("--column", "text")).contains("there is no column text among [word, kind]");
        assertThat(failed("--column", "word", "--label", "sort", "--positive", "h"))
                .contains("no column sort among [word, kind");
    }

    private String failed(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("evaluate", "--model", run, "--rank", table));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray()).error();
    }

    private static List<Double> losses(List<JsonNode> rows, String kind) {
        return rows.stream()
                .filter(row -> row.path("kind").asText().equals(kind)
                        && row.path("error").isNull())
                .map(row -> row.path("loss").doubleValue())
                .toList();
    }

    private static Ended rank(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("--json", "--rank", table, "--column", "word"));
        arguments.addAll(List.of(more));
        return evaluate(arguments.toArray());
    }

    private static Ended evaluate(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("evaluate", "--model", run));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray()).well();
    }
}
