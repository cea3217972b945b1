package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.microgpt.cli.Cli.Ended;
import io.microgpt.report.Pages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** What a training says and draws: to a person, to a program, and into its directory. */
class TrainingOutputTest {
    @TempDir
    private static Path shared;

    private static Path config;
    private static Path data;
    private static Path run;
    private static Ended trained;

    @TempDir
    private Path directory;

    @BeforeAll
    static void train() {
        config = Cli.write(shared.resolve("small.conf"), Cli.SMALL);
        data = shared.resolve("data");
        run = shared.resolve("run");
        Path text = Cli.write(shared.resolve("names.txt"), Cli.sample(160, 1));
        Cli.run("prepare", "--config", config, "--input", text, "--out", data).well();
        trained = train(run);
    }

    private static Ended train(Path out, Object... more) {
        List<Object> arguments =
                new ArrayList<>(List.of("train", "--no-spark", "--config", config, "--data", data, "--out", out));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray()).well();
    }

    private static Document report(Path run) {
        return Pages.parse(Cli.read(run.resolve("report.html")));
    }

    @Test
    void theEndCanBeReadAloud() {
        assertThat(trained.err().lines().map(String::strip))
                .anyMatch(line ->
                        line.matches("Trained 12 steps in \\d+ seconds?: [0-9,]+ tokens, about [0-9,]+ a second\\."))
                .anyMatch(line ->
                        line.matches("The test loss (fell|rose) from \\d\\.\\d{4} at step 5 to \\d\\.\\d{4}\\..*"))
                .anyMatch(line ->
                        line.matches("On text that it was trained on, the model is as unsure as among \\d+\\.\\d"
                                + " equal choices for each token; on text that it has never seen, among \\d+\\.\\d\\."))
                .contains("The picture of the run is " + run + "/report.html.");
    }

    @Test
    void aQuietTrainingSaysItsResultsAlone() {
        Ended quiet = train(directory.resolve("run"), "--quiet");

        assertThat(quiet.out().replace(directory.toString(), shared.toString())).isEqualTo(trained.out());
        assertThat(quiet.err()).doesNotContain("parameters", "step ", "Trained", "left");
    }

    @Test
    void jsonLinesNameEveryEventAndEndWithTheNumbers() {
        Ended ended = train(directory.resolve("run"), "--json");

        List<JsonNode> events = ended.out().lines().map(Cli::json).toList();
        assertThat(events)
                .extracting(event -> event.path("event").asText())
                .startsWith("begin")
                .endsWith("end");
        JsonNode begin = events.get(0);
        assertThat(begin.path("run").asText())
                .isEqualTo(directory.resolve("run").toString());
        assertThat(begin.path("steps").asInt()).isEqualTo(12);
        assertThat(begin.path("from_step").asInt()).isZero();
        List<JsonNode> evaluated = events.stream()
                .filter(event -> event.has("test_loss") && event.has("lr"))
                .toList();
        assertThat(evaluated).extracting(event -> event.path("step").asInt()).containsExactly(5, 10, 12);
        assertThat(evaluated.get(2).path("seconds_left").asInt()).isZero();
        assertThat(events.stream()
                        .filter(event -> event.path("event").asText().equals("checkpoint"))
                        .map(event -> event.path("step").asInt()))
                .containsExactlyInAnyOrder(5, 10, 12);

        JsonNode end = events.get(events.size() - 1);
        assertThat(end.path("step").asInt()).isEqualTo(12);
        assertThat(end.path("stopped").asBoolean()).isFalse();
        assertThat(end.path("samples")).hasSize(10);
        assertThat(Summaries.format(
                        "step 12 loss %.4f train perplexity %.4f test perplexity %.4f weights sha256 %s",
                        end.path("loss").asDouble(),
                        end.path("train_perplexity").asDouble(),
                        end.path("test_perplexity").asDouble(),
                        end.path("weights_sha256").asText()))
                .isEqualTo(trained.lastLine());
        assertThat(end.path("test_loss")).isEqualTo(evaluated.get(2).path("test_loss"));
        assertThat(ended.err()).doesNotContain("step ");
    }

    @Test
    void jsonLinesHaveTheWarningsToo() {
        train(directory.resolve("run"), "--stop-at", 3);
        Ended resumed = Cli.run("train", "--no-spark", "--json", "--resume", "--out", directory.resolve("run"))
                .well();
        List<JsonNode> events = resumed.out().lines().map(Cli::json).toList();
        assertThat(events.get(0).path("from_step").asInt()).isEqualTo(3);
        assertThat(events.get(events.size() - 1).path("weights_sha256").asText())
                .isEqualTo(trained.sha256());
    }

    @Test
    void jsonLinesEndWithTheErrorOfATrainingThatFails() throws Exception {
        Path broken = directory.resolve("run");
        Files.createDirectories(broken.resolve("metrics.jsonl/directory"));
        Files.createDirectories(broken.resolve("metrics.jsonl.before/directory"));
        Ended ended = Cli.run(
                "train", "--no-spark", "--json", "--resume", "--config", config, "--data", data, "--out", broken);

        List<JsonNode> events = ended.out().lines().map(Cli::json).toList();
        assertThat(events).extracting(event -> event.path("event").asText()).containsExactly("begin", "error");
        assertThat(events.get(1).path("message").asText()).contains("metrics.jsonl: cannot be written: ");
        assertThat(ended.error())
                .isEqualTo("error: " + events.get(1).path("message").asText());
    }

    @Test
    void jsonLinesNameTheErrorOfATrainingThatDoesNotBegin() {
        Ended ended = Cli.run("train", "--no-spark", "--json", "--resume");
        assertThat(ended.error()).isEqualTo("error: --resume needs --out RUN, the run that is to go on");
        assertThat(ended.json().path("event").asText()).isEqualTo("error");
        assertThat(ended.json().path("message").asText())
                .isEqualTo("--resume needs --out RUN, the run that is to go on");
    }

    @Test
    void theReportHasCurvesSamplesAndConfiguration() {
        Document page = report(run);

        assertThat(Pages.curves(page)).contains("Loss/train loss 12", "Loss/test loss 3", "Perplexity/test 3");
        assertThat(Pages.texts(page, "code")).contains(trained.lastLine(), "schedule.base-lr", "0.02");
        List<JsonNode> samples = Cli.jsonLines(run.resolve("samples.jsonl"));
        assertThat(samples).extracting(line -> line.path("step").asInt()).containsExactly(5, 10, 12);
        assertThat(samples).allSatisfy(line -> assertThat(line.path("samples")).hasSize(3));
        for (JsonNode text : samples.get(2).path("samples")) {
            assertThat(Pages.texts(page, "li")).contains(text.asText());
        }
    }

    @Test
    void aResumedRunGoesOnWithItsCurvesAndSamples() {
        Path other = directory.resolve("run");
        train(other, "--stop-at", 7);
        assertThat(Pages.curves(report(other))).contains("Loss/train loss 7", "Loss/test loss 1");
        Cli.run("train", "--no-spark", "--resume", "--out", other).well();

        assertThat(Pages.curves(report(other))).containsExactlyElementsOf(Pages.curves(report(run)));
        assertThat(Cli.read(other.resolve("samples.jsonl"))).isEqualTo(Cli.read(run.resolve("samples.jsonl")));
    }

    @Test
    void eventFilesComeOnRequestAndChangeNoWeight() throws Exception {
        assertThat(run.resolve("tensorboard")).doesNotExist();
        Ended ended = train(directory.resolve("run"), "--set", "train.tensorboard=true");

        assertThat(ended.lastLine()).isEqualTo(trained.lastLine());
        try (Stream<Path> files = Files.list(directory.resolve("run/tensorboard"))) {
            assertThat(files).singleElement().satisfies(file -> assertThat(file).isNotEmptyFile());
        }
    }

    @Test
    void severalRunsAreDrawnIntoOnePicture() {
        Path other = directory.resolve("other");
        train(other, "--set", "schedule.base-lr=0.005", "--stop-at", 7);
        Path page = directory.resolve("new/compare.html");

        Ended ended = Cli.run("compare", run, other, "--out", page).well();

        assertThat(ended.out().strip()).isEqualTo("2 runs in " + page);
        Document compared = Pages.parse(Cli.read(page));
        assertThat(Pages.curves(compared)).contains("Train loss/run 12", "Train loss/other 7", "Test loss/run 3");
        assertThat(Pages.texts(compared, "tr")).contains("schedule.base-lr0.020.005");
    }

    @Test
    void whatIsNoRunCannotBeCompared() {
        Cli.run("compare", run, data, "--out", directory.resolve("page.html"))
                .failed(data + ": is no run: there is no metrics.jsonl in it; give the --out of trainings");
    }
}
