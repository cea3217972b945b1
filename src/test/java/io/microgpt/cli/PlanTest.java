package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.cli.Cli.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code train --plan}: what a training would move, hold and take, without a step. */
class PlanTest {
    @TempDir
    private static Path shared;

    private static Path config;
    private static Path text;
    private static Path data;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() {
        config = Cli.write(shared.resolve("small.conf"), Cli.SMALL);
        text = Cli.write(shared.resolve("names.txt"), Cli.sample(160, 1));
        data = shared.resolve("data");
        Cli.run("prepare", "--config", config, "--input", text, "--out", data).well();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--no-spark", "--network=25"})
    void aPlanTakesNoStepAndLeavesNothing(String option) {
        Path run = directory.resolve("run");
        Ended plan = Cli.run("train", "--plan", option, "--config", config, "--data", data, "--out", run)
                .well();
        assertThat(plan.out())
                .contains("a step: ", "nothing leaves this JVM; driver heap ", "the same training on other clusters")
                .containsPattern(
                        "suggested schedule.base-lr for 1,\\d{3} parameters: 0.02\\d, by lr ~ 1/sqrt\\(parameters\\) from"
                                + " 0.001 at 460,000; configured: 0.02")
                .contains(option.equals("--no-spark") ? "  10 Gbit/s" : "  25 Gbit/s");
        assertThat(plan.out().lines().filter(line -> line.matches("\\s+[1248] .*%.*")))
                .hasSize(4);
        assertThat(Files.exists(run)).isFalse();
    }

    @Test
    void aPlanOfTextSaysHowToPrepareIt() {
        String path = "file:" + text;
        Cli.run("train", "--plan", "--no-spark", "--config", config, "--data", text)
                .failed(path
                        + ": is no prepared dataset, whose size a plan needs; make one with jobs/prepare.sh --input "
                        + path + " --out DATASET, then give it as --data DATASET");
    }

    @Test
    void whatCannotWorkIsRefusedBeforeTheFirstStepWithTheOptionThatHelps() {
        Path run = directory.resolve("run");
        Ended ended = Cli.run(
                "train",
                "--config",
                config,
                "--data",
                data,
                "--out",
                run,
                "--set",
                "model.n-embd=4096",
                "--set",
                "model.n-layer=6");
        assertThat(ended.error())
                .contains("parameters cannot be trained here: the driver needs a heap of at least ")
                .contains("; give --driver-memory ");
        assertThat(Files.exists(run.resolve("metrics.jsonl"))).isFalse();
    }

    @Test
    void everyRunSaysBrieflyWhatAStepMoves() {
        Ended run = Cli.run("train", "--config", config, "--data", data, "--out", directory.resolve("run"))
                .well();
        assertThat(run.err()).contains("  nothing leaves this JVM; driver heap ", "; overhead some ");
    }

    /** A model of a fourteenth of the heap: one thread holds nine and its activations, each further thread one more. */
    @Test
    void thereAreNoMoreThreadsThanTheHeapIsEnoughFor() {
        int width = 512;
        long layer = 12L * width * width * Float.BYTES;
        String layers = "model.n-layer=" + Runtime.getRuntime().maxMemory() / 14 / layer;
        Object[] plan = {
            "train",
            "--plan",
            "--no-spark",
            "--config",
            config,
            "--data",
            data,
            "--set",
            "model.n-embd=" + width,
            "--set",
            layers
        };
        List<Object> eight = new ArrayList<>(List.of(plan));
        eight.addAll(List.of("--threads", "8"));
        Matcher error = Pattern.compile(
                        "--threads 8 takes more heap than there is, which is enough for --threads ([2-7]); give that,"
                                + " or MICROGPT_JAVA_OPTIONS=-Xmx\\d+m")
                .matcher(Cli.run(eight.toArray()).error());
        assertThat(error.find()).as(Cli.run(eight.toArray()).error()).isTrue();

        List<Object> enough = new ArrayList<>(List.of(plan));
        enough.addAll(List.of("--threads", error.group(1)));
        assertThat(Cli.run(enough.toArray()).well().out()).contains("tasks: " + error.group(1) + ",");
    }

    /** Threads of a large model divide its products: whatever they are, gradients are those of one, and fewer threads are no help. */
    @Test
    void threadsOfALargeModelTakeNoHeap() {
        Object[] plan = {
            "train",
            "--plan",
            "--no-spark",
            "--threads",
            "64",
            "--config",
            config,
            "--data",
            data,
            "--set",
            "model.n-embd=1024",
            "--set",
            "model.n-layer=6"
        };
        Ended ended = Cli.run(plan);
        assertThat(ended.out()).contains("a model of 302", "; tasks: 1, which send 1 sums");
        assertThat(ended.error()).contains("; give MICROGPT_JAVA_OPTIONS=-Xmx").doesNotContain("--threads");
    }
}
