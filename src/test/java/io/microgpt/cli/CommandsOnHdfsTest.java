package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.microgpt.cli.Cli.Ended;
import io.microgpt.spark.SmallHdfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The same on HDFS: data, runs, prompts and completions. */
@ExtendWith(SmallHdfs.Shared.class)
class CommandsOnHdfsTest {
    @TempDir
    private static java.nio.file.Path local;

    private static SmallHdfs hdfs;
    private static String config;
    private static String expected;

    @BeforeAll
    static void trainOnLocalDisks(SmallHdfs shared) throws IOException {
        hdfs = shared;
        config = write("/conf/small.conf", Cli.SMALL);
        java.nio.file.Path text = Cli.write(local.resolve("names.txt"), Cli.sample(160, 1));
        write("/text/names.txt", Cli.sample(160, 1));
        expected = Cli.run("train", "--no-spark", "--config", config, "--data", text, "--out", local.resolve("run"))
                .well()
                .lastLine();
    }

    @Test
    void preparedAndTrainedThereTheWeightsAreTheSame() throws IOException {
        String data = hdfs.uri("/prepared/data");
        String run = hdfs.uri("/prepared/run");

        Cli.run("prepare", "--config", config, "--input", hdfs.uri("/text/names.txt"), "--out", data)
                .well();
        Ended first = Cli.run("train", "--config", config, "--data", data, "--out", run, "--stop-at", 3)
                .well();
        assertThat(first.err()).contains("go on with: --resume --out " + run);
        Ended second = Cli.run("train", "--no-spark", "--resume", "--out", run).well();

        assertThat(second.lastLine()).isEqualTo(expected);
        assertThat(second.out()).contains("model in " + run + "; ");
        assertThat(read(run + "/metrics.jsonl").lines()).hasSize(12);
        JsonNode there = Cli.run("evaluate", "--no-spark", "--json", "--model", run)
                .well()
                .json();
        assertThat(there)
                .isEqualTo(Cli.run("evaluate", "--no-spark", "--json", "--model", local.resolve("run"))
                        .well()
                        .json());
    }

    @Test
    void textThereIsPreparedIntoTheRunThere() throws IOException {
        String run = hdfs.uri("/own/run");

        Cli.run(
                        "train",
                        "--no-spark",
                        "--config",
                        config,
                        "--data",
                        hdfs.uri("/text/names.txt"),
                        "--out",
                        run,
                        "--stop-at",
                        7)
                .well();
        Ended resumed = Cli.run("train", "--no-spark", "--resume", "--out", run).well();

        assertThat(resumed.lastLine()).isEqualTo(expected);
        assertThat(names(run))
                .containsExactly(
                        "checkpoints", "config.conf", "dataset", "metrics.jsonl", "report.html", "samples.jsonl");
        assertThat(names(run + "/checkpoints")).containsExactly("step-00000007", "step-00000010", "step-00000012");

        String prompts = write("/own/prompts.txt", "anna\nzoë\n");
        Ended generated = Cli.run("generate", "--model", run, "--prompts", prompts, "--out", hdfs.uri("/own/out"))
                .well();
        assertThat(generated.out()).startsWith("2 completions in " + hdfs.uri("/own/out") + ": {error=1, ");
        assertThat(names(hdfs.uri("/own/out"))).contains("_SUCCESS");
    }

    private static String write(String path, String text) throws IOException {
        try (var out = hdfs.files().create(new Path(path))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return hdfs.uri(path);
    }

    private static String read(String file) throws IOException {
        try (var in = hdfs.files().open(new Path(file))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static java.util.List<String> names(String directory) throws IOException {
        return java.util.Arrays.stream(hdfs.files().listStatus(new Path(directory)))
                .map(status -> status.getPath().getName())
                .sorted()
                .toList();
    }
}
