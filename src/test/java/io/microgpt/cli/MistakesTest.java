package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.cli.Cli.Ended;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user does wrong, and what is said to it: the message, exit code 1 or 2, never a stack trace. */
class MistakesTest {
    @TempDir
    private static Path shared;

    private static Path config;
    private static Path text;
    private static Path data;
    private static Path run;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepareAndTrain() {
        config = Cli.write(shared.resolve("small.conf"), Cli.SMALL);
        text = Cli.write(shared.resolve("names.txt"), Cli.sample(160, 1));
        data = shared.resolve("data");
        run = shared.resolve("run");
        Cli.run("prepare", "--config", config, "--input", text, "--out", data).well();
        Cli.run("train", "--no-spark", "--config", config, "--data", data, "--out", run)
                .well();
    }

    @Test
    void noSuchData() {
        Path nothing = directory.resolve("nothing.txt");

        Cli.run("prepare", "--input", nothing, "--out", directory.resolve("out"))
                .failed(nothing + ": no such file or directory (looked on file:///); check the path");
        assertThat(train("--no-spark", "--data", nothing).error())
                .endsWith("nothing.txt: no such file or directory (looked on file:///); check the path");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void noSuchFileSystem() {
        Cli.run("train", "--no-spark", "--data", data, "--out", "nowhere://host/run")
                .failed("UnsupportedFileSystemException: No FileSystem for scheme \"nowhere\"");
    }

    @Test
    void emptyData() {
        Path empty = Cli.write(directory.resolve("empty.txt"), "");

        Cli.run("prepare", "--input", empty, "--out", directory.resolve("out"))
                .failed(empty + ": the file is empty; at least one row of text is needed");
    }

    @Test
    void noDataAtAll() {
        Cli.run("train", "--out", directory.resolve("out"))
                .failed("`data.path` is not set (file, directory or glob of the input, on any Hadoop file system);"
                        + " give it with --set data.path=... or in a configuration file");
    }

    @Test
    void columnThatTheCsvDoesNotHave() {
        Path csv = Cli.write(directory.resolve("a.csv"), "id,content\n1,a\n");

        assertThat(Cli.run("prepare", "--input", csv, "--out", directory.resolve("out"), "--set", "data.format=csv")
                        .error())
                .endsWith("a.csv: has no column text in its header [id, content]; name one of them with data.column");
    }

    @Test
    void dataThatIsCutOff() throws IOException {
        Path cut = directory.resolve("cut.txt.gz");
        Files.write(cut, new byte[] {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3});

        assertThat(Cli.run("prepare", "--input", cut, "--out", directory.resolve("out"))
                        .error())
                .contains("cut.txt.gz");
    }

    @Test
    void dataWithTooManyBadRows() {
        Path file = Cli.write(directory.resolve("a.txt"), "good\n\n");

        Cli.run("prepare", "--input", file, "--out", directory.resolve("out"))
                .failed(file
                        + ": 1 of 2 rows are bad, more than data.max-rejected-fraction = 0.01 allows. The first:\n  "
                        + uri(file) + " at 5: empty\nAll are in " + directory.resolve("out-rejected")
                        + ". Mend the input, check data.format and data.column, or raise data.max-rejected-fraction");
    }

    @Test
    void dataOfWhichNothingIsLeftForTraining() {
        Path file = Cli.write(directory.resolve("a.txt"), "anna\n");

        assertThat(train("--no-spark", "--data", file, "--set", "data.test-fraction=0.999999")
                        .error())
                .isEqualTo("error: a training set of 0 documents; it must have 1 to 3000000000"
                        + " (is data.test-fraction too large for so few rows?)");
    }

    @Test
    void unknownKey() {
        train("--data", data, "--set", "model.n-embed=8")
                .failed("unknown configuration key `model.n-embed` in --set model.n-embed=8;"
                        + " did you mean `model.n-embd`?");
        Path wrong = Cli.write(directory.resolve("wrong.conf"), "train {\n  step = 5\n}\n");
        Cli.run("prepare", "--config", wrong, "--input", text, "--out", directory.resolve("out"))
                .failed("unknown configuration key `train.step` in " + wrong + ":2; did you mean `train.steps`?");
    }

    @Test
    void widthThatTheHeadsCannotShare() {
        train("--data", data, "--set", "model.n-embd=10", "--set", "model.n-head=4")
                .failed("model.n-embd = 10 is not divisible by model.n-head = 4: every head takes an equal share of"
                        + " the embedding. Nearest widths that are: 8 and 12");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void outputThatExists() {
        Cli.run("train", "--config", config, "--data", data, "--out", run)
                .failed(run + ": exists already; go on with it by --resume, or give another --out");
        Cli.run("prepare", "--input", text, "--out", data)
                .failed(data + ": exists already; give another directory or remove it");
        Cli.run("generate", "--model", run, "--prompts", text, "--out", data)
                .failed(data + ": exists already; give another --out or remove it");
        Cli.run("evaluate", "--model", run, "--per-document", data)
                .failed(data + ": exists already; give another --per-document or remove it");
    }

    @Test
    void datasetOfAnotherBlockSize() {
        train("--no-spark", "--data", data, "--set", "model.block-size=32")
                .failed(uri(data) + ": was prepared for model.block-size = 16, the configuration says 32;"
                        + " set model.block-size=16 or prepare the data again");
    }

    @Test
    void resumeWithoutARun() {
        Cli.run("train", "--resume", "--data", data).failed("--resume needs --out RUN, the run that is to go on");
    }

    @Test
    void threadsThatCannotBe() {
        for (Object[] threads : new Object[][] {{"--threads", 2}, {"--threads=0"}}) {
            train(threads)
                    .failed(
                            "--threads is of --no-spark: give both; on Spark --set engine.tasks=N says how many tasks a step"
                                    + " has, and --conf spark.task.cpus=N how many threads each of them");
        }
        for (int threads : new int[] {0, -3}) {
            train("--no-spark", "--threads", threads, "--data", data)
                    .failed("--threads " + threads + " must be at least 1");
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void resumeWithAnotherDataset() throws IOException {
        Path other = directory.resolve("other");
        Cli.run("prepare", "--config", config, "--input", text, "--out", other, "--set", "data.seed=2")
                .well();
        Path copy = copyOfRun();

        String error = Cli.run("train", "--no-spark", "--resume", "--out", copy, "--data", other)
                .error();

        assertThat(error)
                .startsWith("error: the checkpoint of step 12 is not one of this training with ")
                .contains("dataset fingerprint is ", " in the checkpoint and ")
                .doesNotContain("tokenizer SHA-256", "model.")
                .endsWith(
                        ". Give the configuration and data that it was made with, or start a new run with another --out");
    }

    @Test
    void resumeWithAnotherArchitecture() throws IOException {
        Path copy = copyOfRun();

        assertThat(Cli.run(
                                "train",
                                "--no-spark",
                                "--resume",
                                "--out",
                                copy,
                                "--set",
                                "model.n-layer=2",
                                "--set",
                                "model.mlp-dim=9")
                        .error())
                .contains("model.n-layer is 1 in the checkpoint and 2 here; model.mlp-dim is 32 in the checkpoint and 9"
                        + " here.");
        // What was tried is not what the run is resumed with next.
        Cli.run("train", "--no-spark", "--resume", "--out", copy).well();
    }

    @Test
    void truncatedCheckpointIsPassedOverForAnOlderOne() throws IOException {
        Path copy = copyOfRun();
        truncate(copy.resolve("checkpoints/step-00000012/model.safetensors"));
        String warning = "warning: checkpoint " + uri(copy) + "/checkpoints/step-00000012 is broken and passed over: ";

        Ended generated =
                Cli.run("generate", "--model", copy, "--prompt", "anna").well();
        assertThat(generated.err()).startsWith(warning).contains("the file was truncated");
        Ended resumed =
                Cli.run("train", "--no-spark", "--resume", "--out", copy).well();
        assertThat(resumed.err()).contains(warning).contains("going on from step 10");
        assertThat(Cli.run("generate", "--model", copy, "--prompt", "anna")
                        .well()
                        .err())
                .isEmpty();
    }

    @Test
    void truncatedCheckpointsAloneAreAnError() throws IOException {
        Path copy = copyOfRun();
        for (String step : List.of("step-00000005", "step-00000010", "step-00000012")) {
            truncate(copy.resolve("checkpoints/" + step + "/optimizer.safetensors"));
        }

        for (Ended ended : List.of(
                Cli.run("generate", "--model", copy, "--prompt", "anna"),
                Cli.run("train", "--no-spark", "--resume", "--out", copy))) {
            assertThat(ended.error())
                    .startsWith("error: " + uri(copy) + "/checkpoints: none of its 3 checkpoints is whole;"
                            + " restore one, or delete them to start anew: ")
                    .contains("step-00000012/optimizer.safetensors: is ", ": the file was truncated; ");
        }
    }

    @Test
    void checkpointThatIsTruncatedAndAskedForByName() throws IOException {
        Path step = copyOfRun().resolve("checkpoints/step-00000012");
        truncate(step.resolve("tokenizer.json"));

        assertThat(Cli.run("generate", "--model", step, "--prompt", "anna").error())
                .startsWith("error: " + uri(step) + "/tokenizer.json: is ")
                .endsWith(": the file was truncated");
    }

    @Test
    void modelThatIsNone() {
        for (Path model : List.of(directory, directory.resolve("nothing"), data)) {
            Cli.run("generate", "--model", model, "--prompt", "anna")
                    .failed(model + ": is neither a run directory with checkpoints/step-... in it nor a checkpoint;"
                            + " a model is the --out of a training");
        }
        assertThat(Cli.run("evaluate", "--model", text).error()).contains(text.toString());
    }

    @Test
    void promptThatCannotBeCompleted() {
        Cli.run("generate", "--model", run, "--prompt", "anna?")
                .failed("the text has '?' (U+003F) at position 4, which the tokenizer has not seen in training;"
                        + " remove it from the text, or retrain with data.unknown=unk");
        Cli.run("generate", "--model", run, "--prompt", "a".repeat(16))
                .failed("the prompt has 17 tokens with the one that begins a document, over the block size of 16 of"
                        + " this model; make it 1 tokens shorter");
    }

    @Test
    void promptsThatCannotBeRead() {
        Path out = directory.resolve("out");
        Path csv = Cli.write(directory.resolve("p.csv"), "id,question\n1,anna\n");
        Path taken = Cli.write(directory.resolve("p.jsonl"), "{\"prompt\":\"a\",\"error\":\"b\"}\n");

        Cli.run("generate", "--model", run, "--prompts", csv, "--out", out)
                .failed(csv
                        + ": there is no column prompt among [id, question]; name the one of the texts with --column");
        Cli.run("generate", "--model", run, "--prompts", taken, "--out", out)
                .failed(taken + ": there is a column error already, which is to be added; rename it");
        assertThat(Cli.run("generate", "--model", run, "--prompts", directory.resolve("x.txt"), "--out", out)
                        .error())
                .startsWith("error: " + directory.resolve("x.txt") + ": no such file or directory");
        Cli.run("generate", "--model", run, "--prompts", csv)
                .failed("--prompts needs --out PATH, a new directory for the completions");
        Cli.run("generate", "--model", run, "--prompts", csv, "--out", out, "--format", "xml")
                .failed("--format xml is not one of jsonl, parquet, csv");
        Cli.run("generate", "--model", run, "--prompts", csv, "--out", out, "--prompts-format", "xml")
                .failed("the format of prompts is xml, but must be text, jsonl, csv or parquet");
        assertThat(out).doesNotExist();
    }

    @Test
    void configurationThatIsNotThere() {
        Path missing = directory.resolve("missing.conf");

        for (List<Object> command : List.<List<Object>>of(
                List.of("prepare", "--input", text, "--out", directory.resolve("out")),
                List.of("train", "--data", data, "--out", directory.resolve("out")),
                List.of("evaluate", "--model", run),
                List.of("generate", "--model", run, "--prompt", "a"))) {
            List<Object> arguments = new ArrayList<>(command);
            arguments.addAll(List.of("--config", missing));
            Cli.run(arguments.toArray()).failed(missing + ": no such configuration file; check --config");
        }
    }

    @Test
    void configurationThatIsNone() throws IOException {
        Path large = directory.resolve("large.conf");
        try (RandomAccessFile sparse = new RandomAccessFile(large.toFile(), "rw")) {
            sparse.setLength(1L << 40);
        }
        Path latin = Files.write(directory.resolve("latin.conf"), new byte[] {'#', (byte) 0xE9});
        String tooLong = ": is over 1048576 bytes, so it is not what it should be";

        Cli.run("train", "--data", data, "--config", large).failed(large + tooLong);
        Cli.run("train", "--data", data, "--config", uri(large)).failed(uri(large) + tooLong);
        Cli.run("train", "--data", data, "--config", latin).failed(latin + ": is not valid UTF-8 (Input length = 1)");
        Path copy = copyOfRun();
        Files.move(large, copy.resolve("config.conf"), StandardCopyOption.REPLACE_EXISTING);
        Cli.run("train", "--resume", "--out", copy).failed(uri(copy.resolve("config.conf")) + tooLong);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "trane",
                "train --steps 5",
                "prepare",
                "generate --model x",
                "evaluate",
                "generate --model x --prompt a --prompts b",
                "generate --model x --prompt a --top-k many"
            })
    void wrongCommandLine(String line) {
        Ended ended = Cli.run((Object[]) (line.isEmpty() ? new String[0] : line.split(" ")));

        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err()).isNotBlank().doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "--version", "train --help", "generate -h"})
    void questionIsNoMistake(String line) {
        Ended ended = Cli.run((Object[]) line.split(" "));

        assertThat(ended.code()).isZero();
        assertThat(ended.out()).contains("microgpt");
        assertThat(ended.err()).isEmpty();
    }

    private Ended train(Object... more) {
        List<Object> arguments =
                new ArrayList<>(List.of("train", "--config", config, "--out", directory.resolve("run")));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray());
    }

    private Path copyOfRun() throws IOException {
        Path copy = directory.resolve("copy");
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(run.relativize(file)));
            }
        }
        return copy;
    }

    private static void truncate(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length / 2));
        // Beside it, Hadoop keeps a checksum that is none of the checkpoint's own.
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    }

    private static String uri(Path path) {
        return "file:" + path;
    }
}
