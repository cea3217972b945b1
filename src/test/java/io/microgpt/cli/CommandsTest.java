package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.microgpt.cli.Cli.Ended;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From text to a model and its numbers, and the same weights whichever way they are trained. */
class CommandsTest {
    private static final List<String> METRICS = List.of(
            "step",
            "loss",
            "lr",
            "grad_norm",
            "positions",
            "tokens_per_second",
            "ms_broadcast",
            "ms_compute",
            "ms_gather",
            "ms_update");

    @TempDir
    private static Path shared;

    private static Path config;
    private static Path data;
    private static Path run;
    private static Ended prepared;
    private static Ended trained;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepareAndTrain() {
        config = Cli.write(shared.resolve("small.conf"), Cli.SMALL);
        Path text = Cli.write(shared.resolve("names.txt"), Cli.sample(160, 1));
        data = shared.resolve("data");
        run = shared.resolve("run");
        prepared = Cli.run("prepare", "--config", config, "--input", text, "--out", data)
                .well();
        trained = Cli.run("train", "--no-spark", "--threads", 1, "--config", config, "--data", data, "--out", run)
                .well();
    }

    @Test
    void prepareSumsUpWhatItMade() {
        Manifest manifest = manifest();

        assertThat(prepared.out().lines())
                .containsExactly(
                        String.format(
                                Locale.ROOT,
                                "prepared %s: 160 rows, %,d tokens, vocabulary of %d, 0 chunked, 0 truncated, 0 rejected",
                                data,
                                manifest.positions(Part.TRAIN) + manifest.positions(Part.TEST) + 160,
                                manifest.vocabularySize()),
                        String.format(
                                Locale.ROOT,
                                "  train %d documents, %,d positions; test %d documents, %,d positions; 8 shards,"
                                        + " block size 16",
                                manifest.documents(Part.TRAIN),
                                manifest.positions(Part.TRAIN),
                                manifest.documents(Part.TEST),
                                manifest.positions(Part.TEST)));
    }

    @Test
    void trainEndsWithTheNumbersOfTheModel() {
        assertThat(trained.trained().group(1)).isEqualTo("12");
        assertThat(trained.out()).contains("model in " + run + "; ");
        // Before the two last lines: ten samples, to show what was learned.
        assertThat(trained.out().lines()).hasSize(12);
        assertThat(trained.err()).contains("12 steps of 24 documents", "this process, one thread");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 99})
    void anyNumberOfThreadsGivesTheSameWeights(int threads) {
        Ended several = train("--no-spark", "--threads", threads);

        assertThat(several.lastLine()).isEqualTo(trained.lastLine());
        assertThat(several.err()).contains("this process, " + Math.min(threads, 8) + " threads");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void anyNumberOfTasksGivesTheSameWeights(int tasks) {
        Ended spark = train("--set", "engine.tasks=" + tasks);

        assertThat(spark.lastLine()).isEqualTo(trained.lastLine());
        assertThat(spark.out().replace(directory.toString(), shared.toString())).isEqualTo(trained.out());
        assertThat(spark.err()).contains(" on local[2], " + Math.min(tasks, 8) + (tasks == 1 ? " task " : " tasks "));
    }

    @Test
    void scalarKernelsGiveTheSameWeights() {
        Ended scalar = train("--no-spark", "--set", "engine.kernels=scalar");

        assertThat(scalar.err()).contains("scalar kernels, by configuration");
        assertThat(scalar.lastLine()).isEqualTo(trained.lastLine());
    }

    @Test
    void anotherSeedGivesOtherWeights() {
        assertThat(train("--no-spark", "--set", "train.seed=2").sha256()).isNotEqualTo(trained.sha256());
    }

    @Test
    void runThatStopsInsideAnEpochAndGoesOnElsewhereEndsAlike() {
        Ended first = train("--no-spark", "--stop-at", "3");
        assertThat(first.trained().group(1)).isEqualTo("3");
        assertThat(first.err())
                .contains("stopped at step 3 of 12; go on with: --resume --out " + directory.resolve("run"));

        Ended second = resume("--set", "engine.tasks=3", "--stop-at", "8");
        assertThat(second.trained().group(1)).isEqualTo("8");
        assertThat(second.err()).contains("going on from step 3").doesNotContain("warning");

        Ended third = resume("--no-spark", "--set", "engine.kernels=scalar");
        assertThat(third.err()).contains("going on from step 8").doesNotContain("warning");
        assertThat(third.lastLine()).isEqualTo(trained.lastLine());

        // The metrics read as if nothing had happened, but for the times.
        List<String> losses = losses(directory.resolve("run"));
        assertThat(losses).hasSize(12).isEqualTo(losses(run));

        // All is done: once more changes nothing and says the same.
        assertThat(resume("--no-spark").lastLine()).isEqualTo(trained.lastLine());
        assertThat(losses(directory.resolve("run"))).isEqualTo(losses);
    }

    @Test
    void resumeWithoutACheckpointStartsAtTheBeginning() {
        Ended started = train("--no-spark", "--resume");

        assertThat(started.err()).doesNotContain("going on");
        assertThat(started.lastLine()).isEqualTo(trained.lastLine());
    }

    @Test
    void resumeWithAnotherRateSaysWhatChanged() {
        train("--no-spark", "--stop-at", "3");

        Ended resumed = resume("--no-spark", "--set", "schedule.base-lr=0.001", "--set", "model.dropout=0.1");

        assertThat(resumed.err())
                .contains("warning: schedule.base-lr was 0.02 up to step 3 and is 0.001 from now on;"
                        + " the weights may not be those of one run with either")
                .contains("warning: model.dropout was 0.0 up to step 3 and is 0.1 from now on;");
        assertThat(resumed.sha256()).isNotEqualTo(trained.sha256());
    }

    @Test
    void trainPreparesTextByItselfAndGoesOnWithThat() {
        Path text = shared.resolve("names.txt");
        Path out = directory.resolve("run");

        Ended first = Cli.run("train", "--no-spark", "--config", config, "--data", text, "--out", out, "--stop-at", 5)
                .well();
        assertThat(first.err()).contains("prepared " + out.toUri().toString().replace("file:///", "file:/"));
        assertThat(Dataset.open(new Configuration(), out + "/dataset")
                        .manifest()
                        .fingerprint())
                .isEqualTo(manifest().fingerprint());

        assertThat(resume("--no-spark").lastLine()).isEqualTo(trained.lastLine());
    }

    @Test
    void metricsHaveALineAStep() {
        List<JsonNode> lines = Cli.jsonLines(run.resolve("metrics.jsonl"));

        assertThat(lines)
                .extracting(line -> line.path("step").asInt())
                .isEqualTo(IntStream.rangeClosed(1, 12).boxed().toList());
        assertThat(lines).allSatisfy(line -> {
            List<String> keys = new ArrayList<>(METRICS);
            if (List.of(5, 10, 12).contains(line.path("step").asInt())) {
                keys.add("test_loss");
            }
            assertThat(line.fieldNames()).toIterable().containsExactlyInAnyOrderElementsOf(keys);
            assertThat(line).allSatisfy(value -> assertThat(value.isNumber()).isTrue());
        });
        assertThat(lines.get(11).path("test_loss").doubleValue())
                .isEqualTo(evaluated("--no-spark").path("test").path("loss").doubleValue());
        assertThat(lines.get(11).path("loss").doubleValue())
                .isLessThan(lines.get(0).path("loss").doubleValue());
    }

    @Test
    void configurationOfTheRunIsCompleteAndRepeatsIt() {
        Config written = ConfigFactory.parseString(Cli.read(run.resolve("config.conf")));
        for (ConfigKey key : ConfigKey.values()) {
            assertThat(written.hasPathOrNull(key.path())).as(key.path()).isTrue();
        }
        assertThat(written.getInt("train.steps")).isEqualTo(12);
        assertThat(written.getInt("model.mlp-dim")).isEqualTo(32);
        assertThat(written.getString("data.path"))
                .isEqualTo(data.toUri().toString().replace("file:///", "file:/").replaceAll("/$", ""));

        Ended again = Cli.run(
                        "train",
                        "--no-spark",
                        "--config",
                        run.resolve("config.conf"),
                        "--out",
                        directory.resolve("again"))
                .well();

        assertThat(again.lastLine()).isEqualTo(trained.lastLine());
        assertThat(Cli.read(directory.resolve("again/config.conf"))).isEqualTo(Cli.read(run.resolve("config.conf")));
    }

    @Test
    void evaluateIsAJsonObjectOfBothParts() {
        JsonNode spark = evaluated();

        assertThat(spark.fieldNames()).toIterable().containsExactly("step", "train", "test", "verdict", "overfitting");
        assertThat(spark.path("step").asInt()).isEqualTo(12);
        for (Part part : Part.values()) {
            JsonNode node = spark.path(part.key());
            assertThat(node.fieldNames())
                    .toIterable()
                    .containsExactlyInAnyOrder(
                            "loss",
                            "perplexity",
                            "bits_per_character",
                            "accuracy",
                            "positions",
                            "documents",
                            "characters");
            assertThat(node.path("documents").asLong()).isEqualTo(manifest().documents(part));
            assertThat(node.path("positions").asLong()).isEqualTo(manifest().positions(part));
            assertThat(node.path("perplexity").doubleValue())
                    .isEqualTo(Math.exp(node.path("loss").doubleValue()));
        }
        assertThat(fourDigits(spark.path("train"))).isEqualTo(trained.trained().group(2));
        assertThat(fourDigits(spark.path("test"))).isEqualTo(trained.trained().group(3));
        // To the last digit the same in one process, in any number of tasks, and by the checkpoint as by the run.
        assertThat(evaluated("--no-spark")).isEqualTo(spark);
        assertThat(evaluated("--set", "engine.tasks=1")).isEqualTo(spark);
        assertThat(evaluated("--set", "engine.tasks=7")).isEqualTo(spark);
        assertThat(Cli.run("evaluate", "--no-spark", "--json", "--model", run.resolve("checkpoints/step-00000012"))
                        .well()
                        .json())
                .isEqualTo(spark);
    }

    @Test
    void evaluateIsReadableToo() {
        Ended ended = Cli.run("evaluate", "--no-spark", "--model", run).well();
        JsonNode json = evaluated("--no-spark");

        assertThat(ended.out().lines().toList())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("model " + run + ", step 12; data "),
                        line -> assertThat(line).isEqualTo(line("train", json.path("train"))),
                        line -> assertThat(line).isEqualTo(line("test ", json.path("test"))),
                        line -> assertThat(line)
                                .startsWith(json.path("verdict").asText().replace('-', ' ') + ": "));
    }

    @Test
    void evaluateScoresEveryDocument() {
        Path out = directory.resolve("losses");

        JsonNode all = evaluated("--per-document", out);

        List<JsonNode> rows = Cli.parts(out, "json").stream().map(Cli::json).toList();
        assertThat(rows).hasSize(160);
        for (Part part : Part.values()) {
            double sum = rows.stream()
                    .filter(row -> row.path("part").asText().equals(part.key()))
                    .mapToDouble(row -> row.path("loss").doubleValue()
                            * row.path("positions").asInt())
                    .sum();
            assertThat(sum / manifest().positions(part))
                    .isCloseTo(all.path(part.key()).path("loss").doubleValue(), within(1e-9));
        }
        assertThat(rows)
                .extracting(row -> row.path("text").asText())
                .containsExactlyInAnyOrderElementsOf(
                        Cli.read(shared.resolve("names.txt")).lines().toList());
    }

    /** Another text is looked for in the one that the model was trained on. */
    @Test
    void evaluateFindsTestDocumentsInTheTrainingText() {
        String lines = Cli.read(shared.resolve("names.txt"));
        Path other = Cli.write(directory.resolve("other.txt"), lines + lines.replace(" ", "  "));

        Ended ended = Cli.run(
                        "evaluate",
                        "--contamination",
                        "--model",
                        run,
                        "--data",
                        other,
                        "--set",
                        "data.test-fraction=0.9")
                .well();

        assertThat(ended.out())
                .containsPattern(
                        "\\d+ of \\d+ test documents stand in the training text: \\d\\d+ exactly, \\d\\d+ more up to"
                                + " white space and case\n  test \"(\\w+)  (\\w+.*)\"  train \"\\1 \\2");
        JsonNode itself = evaluated("--contamination").path("contamination");
        assertThat(itself.path("test_documents").asLong()).isEqualTo(manifest().documents(Part.TEST));
        assertThat(itself.path("exact").asInt()).isZero(); // equal documents are on one side of the split
    }

    @Test
    void evaluateTakesTextAndEncodesItWithTheModelsTokenizer() {
        // Two rows have characters that the model does not know.
        Path other = Cli.write(directory.resolve("other.txt"), Cli.sample(200, 2) + "zoë\nben?\n");

        Ended ended =
                Cli.run("evaluate", "--json", "--model", run, "--data", other).well();

        assertThat(ended.json().path("train").path("documents").asInt()
                        + ended.json().path("test").path("documents").asInt())
                .isEqualTo(200);
        assertThat(ended.err()).contains("202 rows").contains("2 rejected");
        // The encoded text was there for this evaluation alone.
        assertThat(run).isDirectoryNotContaining("glob:**/.evaluate-*");
    }

    private Ended train(Object... more) {
        List<Object> arguments = new ArrayList<>(
                List.of("train", "--config", config, "--data", data, "--out", directory.resolve("run")));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray()).well();
    }

    private Ended resume(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--resume", "--out", directory.resolve("run")));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray()).well();
    }

    private static JsonNode evaluated(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("evaluate", "--json", "--model", run));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray()).well().json();
    }

    private static Manifest manifest() {
        return Dataset.open(new Configuration(), data.toString()).manifest();
    }

    private static List<String> losses(Path run) {
        return Cli.jsonLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.path("step") + " " + line.path("loss") + " " + line.path("lr") + " "
                        + line.path("grad_norm") + " " + line.path("positions") + " " + line.path("test_loss"))
                .toList();
    }

    private static String fourDigits(JsonNode part) {
        return String.format(Locale.ROOT, "%.4f", part.path("perplexity").doubleValue());
    }

    private static String line(String name, JsonNode part) {
        return String.format(
                Locale.ROOT,
                "%s  loss %.4f  perplexity %s  %.4f bits a character  top-1 %.2f %%  %,d documents, %,d positions",
                name,
                part.path("loss").doubleValue(),
                fourDigits(part),
                part.path("bits_per_character").doubleValue(),
                100 * part.path("accuracy").doubleValue(),
                part.path("documents").asLong(),
                part.path("positions").asLong());
    }
}
