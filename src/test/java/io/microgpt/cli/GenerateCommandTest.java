package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.microgpt.cli.Cli.Ended;
import io.microgpt.spark.LocalSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Completions of one prompt and of files of them. */
class GenerateCommandTest {
    @TempDir
    private static Path shared;

    private static Path run;

    @TempDir
    private Path directory;

    @BeforeAll
    static void train() {
        Path config = Cli.write(shared.resolve("small.conf"), Cli.SMALL);
        Path text = Cli.write(shared.resolve("names.txt"), Cli.sample(160, 1));
        run = shared.resolve("run");
        Cli.run("train", "--no-spark", "--config", config, "--data", text, "--out", run)
                .well();
    }

    @Test
    void onePromptIsCompletedHereAndNow() {
        Ended one = Cli.run("generate", "--model", run, "--prompt", "anna ", "--seed", "3")
                .well();

        assertThat(one.out().lines())
                .hasSize(1)
                .allSatisfy(line -> assertThat(line).startsWith("anna "));
        assertThat(one.err()).isEmpty();
        assertThat(Cli.run("generate", "--model", run, "--prompt", "anna ", "--seed", "3")
                        .out())
                .isEqualTo(one.out());
    }

    @Test
    void samplesDifferAndTheFirstIsTheOneOfASingleSample() {
        Ended one = Cli.run("generate", "--model", run, "--prompt", "", "--temperature", "2")
                .well();
        Ended three = Cli.run("generate", "--model", run, "--prompt", "", "--temperature", "2", "--samples", "3")
                .well();

        assertThat(three.out().lines()).hasSize(3);
        assertThat(three.out().lines().distinct()).hasSizeGreaterThan(1);
        assertThat(three.out()).startsWith(one.out());
    }

    @Test
    void greedyCompletionNeedsNoSeed() {
        List<String> greedy = new ArrayList<>();
        for (int seed = 0; seed < 3; seed++) {
            greedy.add(Cli.run("generate", "--model", run, "--prompt", "b", "--temperature", "0", "--seed", seed)
                    .well()
                    .out());
        }

        assertThat(greedy).containsOnly(greedy.get(0));
    }

    @Test
    void tokensAreLimited() {
        Ended ended = Cli.run("generate", "--model", run, "--prompt", "be", "--max-tokens", 2, "--samples", 20)
                .well();

        assertThat(ended.out().lines())
                .hasSize(20)
                .allSatisfy(line -> assertThat(line).hasSizeBetween(2, 4));
    }

    @Test
    void furtherOptionsOfSampling() {
        Object[] base = {"generate", "--model", run, "--prompt", "a", "--samples", 20, "--temperature", 2};
        String plain = Cli.run(base).well().out();
        assertThat(withMore(base, "--min-p", 1).well().out().lines().distinct()).hasSizeLessThan(3);
        assertThat(withMore(base, "--repetition-penalty", 3).well().out()).isNotEqualTo(plain);
        List<String> stopped = withMore(base, "--stop", "n", "--stop", "e ")
                .well()
                .out()
                .lines()
                .toList();
        assertThat(stopped)
                .isEqualTo(plain.lines()
                        .map(line -> "a" + line.substring(1).split("n|e ", 2)[0])
                        .toList())
                .isNotEqualTo(plain.lines().toList());
        assertThat(withMore(base, "--set", "generate.stop=[\"n\",\"e \"]")
                        .well()
                        .out()
                        .lines()
                        .toList())
                .isEqualTo(stopped);
        assertThat(withMore(base, "--min-p", 1.5).error()).contains("`generate.min-p` = 1.5 in --min-p");
        assertThat(withMore(base, "--stop", "").error()).contains("`generate.stop`", "has an empty text");
        assertThat(withMore(base, "--top-p", 0).error())
                .contains("`generate.top-p` = 0.0 in --top-p must be a number in (0, 1]");
    }

    private static Ended withMore(Object[] base, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(base));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray());
    }

    @Test
    void linesOfTextAreRowsWithTheCompletionsOfTheirPrompts() {
        Path prompts = Cli.write(directory.resolve("prompts.txt"), "anna\n\nben a\n");
        Path out = directory.resolve("out");

        Ended ended = Cli.run("generate", "--model", run, "--prompts", prompts, "--out", out, "--samples", 3)
                .well();

        List<JsonNode> rows = jsonRows(out);
        assertThat(rows)
                .extracting(row -> row.path("prompt").asText())
                .containsExactly("anna", "anna", "anna", "", "", "", "ben a", "ben a", "ben a");
        assertThat(rows).extracting(row -> row.path("sample").asInt()).containsExactly(0, 1, 2, 0, 1, 2, 0, 1, 2);
        assertThat(ended.out()).startsWith("9 completions in " + out + ": {");
        // A row is completed as its prompt is alone.
        assertThat(rows.subList(0, 3))
                .extracting(row -> "anna" + row.path("completion").asText())
                .isEqualTo(Cli.run("generate", "--model", run, "--prompt", "anna", "--samples", 3)
                        .well()
                        .out()
                        .lines()
                        .toList());
    }

    @Test
    void rowThatCannotBeServedKeepsItsPlaceWithAnError() {
        Path prompts = Cli.write(directory.resolve("prompts.jsonl"), """
                {"id": 0, "prompt": "anna"}
                {"id": 1, "prompt": null}
                {"id": 2, "prompt": "zoë"}
                {"id": 3, "prompt": "anna anna anna anna"}
                {"id": 4}
                {"id": 5, "prompt": ""}
                """);
        Path out = directory.resolve("out");

        Ended ended = Cli.run("generate", "--model", run, "--prompts", prompts, "--out", out, "--samples", 2)
                .well();

        List<JsonNode> rows = jsonRows(out);
        assertThat(rows).extracting(row -> row.path("id").asInt()).containsExactly(0, 0, 1, 2, 3, 4, 5, 5);
        assertThat(rows)
                .extracting(row -> row.path("error").asText(null))
                .satisfiesExactly(
                        error -> assertThat(error).isNull(),
                        error -> assertThat(error).isNull(),
                        error -> assertThat(error).isEqualTo("the prompt is null"),
                        error -> assertThat(error).startsWith("the text has 'z' (U+007A) at position 0"),
                        error -> assertThat(error)
                                .isEqualTo("the prompt has 20 tokens with the one that begins a document,"
                                        + " over the block size of 16 of this model; make it 4 tokens shorter"),
                        error -> assertThat(error).isEqualTo("the prompt is null"),
                        error -> assertThat(error).isNull(),
                        error -> assertThat(error).isNull());
        assertThat(rows).allSatisfy(row -> {
            boolean failed = row.hasNonNull("error");
            assertThat(row.path("finish_reason").asText().equals("error")).isEqualTo(failed);
            assertThat(row.hasNonNull("completion")).isEqualTo(!failed);
            assertThat(row.path("tokens").asInt() == 0)
                    .isEqualTo(failed || row.path("completion").asText().isEmpty());
        });
        assertThat(ended.out()).startsWith("8 completions in " + out + ": {error=4");
    }

    @Test
    void formatsOfInputAndOutputHoldTheSameRows() {
        List<String> prompts = new ArrayList<>();
        Random random = new Random(4);
        for (int i = 0; i < 40; i++) {
            prompts.add(List.of("anna", " ben", "cleo ", "a", "o, \"x\"").get(random.nextInt(5)));
        }
        StringBuilder jsonl = new StringBuilder();
        StringBuilder csv = new StringBuilder("prompt\n");
        for (String prompt : prompts) {
            jsonl.append("{\"prompt\": \"").append(prompt.replace("\"", "\\\"")).append("\"}\n");
            csv.append('"').append(prompt.replace("\"", "\"\"")).append("\"\n");
        }
        Path parquet = directory.resolve("prompts.parquet");
        LocalSpark.session()
                .createDataset(prompts, Encoders.STRING())
                .toDF("prompt")
                .coalesce(1)
                .write()
                .parquet(parquet.toString());

        List<List<Object>> fromJson = completed(Cli.write(directory.resolve("p.jsonl"), jsonl.toString()), "parquet");
        List<List<Object>> fromCsv = completed(Cli.write(directory.resolve("p.csv"), csv.toString()), "jsonl");
        List<List<Object>> fromParquet = completed(parquet, "csv");

        assertThat(fromJson).extracting(row -> row.get(0)).isEqualTo(prompts);
        assertThat(fromCsv).isEqualTo(fromJson);
        assertThat(fromParquet).isEqualTo(fromJson);
        // What formats lose most easily: white space at an end (the prompts have it), and no value.
        assertThat(fromJson).extracting(row -> row.get(1)).contains((Object) null);
    }

    @Test
    void sameCommandAgainGoesOnAndAnotherIsRefused() throws IOException {
        Path prompts = Cli.write(directory.resolve("prompts.txt"), "anna\nben\n");
        Path out = directory.resolve("out");
        Object[] command = {"generate", "--model", run, "--prompts", prompts, "--out", out, "--seed", 5};
        String summary = Cli.run(command).well().out();
        String completions = Cli.read(out.resolve("part-00000.json"));
        Files.delete(out.resolve("_SUCCESS"));
        Files.delete(out.resolve("part-00000.json"));

        assertThat(Cli.run(command).well().out()).isEqualTo(summary);
        assertThat(Cli.read(out.resolve("part-00000.json"))).isEqualTo(completions);
        assertThat(Cli.run(command).well().err()).contains("1 parts were there from a run before");
        command[command.length - 1] = 6;
        Cli.run(command)
                .failed(out + ": holds completions of another job: generate.seed was 5 and is 6."
                        + " Give what it was begun with to go on, or another --out");
    }

    @Test
    void tooManyErrorsEndTheJobWithAnErrorAndItsOutputWhole() {
        Path prompts = Cli.write(directory.resolve("prompts.txt"), "anna\nzoë\nben\n");
        Path out = directory.resolve("out");
        String errors = "1 of 3 prompts could not be served; their rows say why in the column error";

        Ended few = Cli.run("generate", "--model", run, "--prompts", prompts, "--out", out)
                .well();
        assertThat(few.out()).contains(errors);
        Cli.run(
                        "generate",
                        "--model",
                        run,
                        "--prompts",
                        prompts,
                        "--out",
                        out,
                        "--set",
                        "generate.max-error-fraction=0.2")
                .failed(out + ": " + errors
                        + ". These are more than generate.max-error-fraction = 0.2 allows; the output is whole");

        assertThat(jsonRows(out)).hasSize(3);
        assertThat(out.resolve("_SUCCESS")).exists();
    }

    @Test
    void columnOfThePromptsCanBeNamed() {
        Path prompts = Cli.write(directory.resolve("p.csv"), "id,question\n7,anna\n");

        Cli.run(
                        "generate",
                        "--model",
                        run,
                        "--prompts",
                        prompts,
                        "--column",
                        "question",
                        "--out",
                        directory.resolve("out"))
                .well();

        assertThat(jsonRows(directory.resolve("out"))).singleElement().satisfies(row -> {
            assertThat(row.path("id").asText()).isEqualTo("7");
            assertThat(row.path("question").asText()).isEqualTo("anna");
            assertThat(row.hasNonNull("completion")).isTrue();
        });
    }

    /** A row is completed as its prompt is alone with that seed. */
    @Test
    void seedsOfRows() {
        Path prompts = Cli.write(directory.resolve("p.csv"), "prompt,s\nanna,5\nanna,6\nanna,\nanna,x\n");
        Path out = directory.resolve("out");
        Object[] base = {"generate", "--model", run, "--temperature", 2};
        withMore(base, "--prompts", prompts, "--seed-column", "s", "--seed", 9, "--out", out)
                .well();
        List<JsonNode> rows = jsonRows(out);
        for (int i = 0; i < 3; i++) {
            assertThat("anna" + rows.get(i).path("completion").asText() + System.lineSeparator())
                    .isEqualTo(withMore(
                                    base,
                                    "--prompt",
                                    "anna",
                                    "--seed",
                                    List.of(5, 6, 9).get(i))
                            .well()
                            .out());
        }
        assertThat(rows.get(3).path("error").asText()).isEqualTo("the seed is x, which is not an integer of 64 bits");
    }

    /** {@return prompt, completion, tokens, finish reason and error of every row, in their order} */
    private List<List<Object>> completed(Path prompts, String format) {
        Path out = directory.resolve("out-" + format);
        Cli.run(
                        "generate",
                        "--model",
                        run,
                        "--prompts",
                        prompts,
                        "--out",
                        out,
                        "--format",
                        format,
                        "--temperature",
                        3,
                        "--max-tokens",
                        4)
                .well();
        var reader = LocalSpark.session().read();
        List<Row> rows = switch (format) {
            case "parquet" -> reader.parquet(out.toString()).collectAsList();
            case "csv" ->
                reader.option("header", true)
                        .option("escape", "\"")
                        .option("multiLine", true)
                        .csv(out.toString())
                        .collectAsList();
            default -> reader.json(out.toString()).collectAsList();
        };
        List<List<Object>> values = new ArrayList<>();
        for (Row row : rows) {
            List<Object> value = new ArrayList<>();
            for (String column : List.of("prompt", "completion", "tokens", "finish_reason", "error")) {
                Object cell = row.getAs(column);
                value.add(column.equals("tokens") ? Integer.valueOf(cell.toString()) : cell);
            }
            values.add(Collections.unmodifiableList(value));
        }
        return values;
    }

    private static List<JsonNode> jsonRows(Path directory) {
        return Cli.parts(directory, "json").stream().map(Cli::json).toList();
    }
}
