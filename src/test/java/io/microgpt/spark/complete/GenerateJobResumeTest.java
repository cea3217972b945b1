package io.microgpt.spark.complete;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.WeightsHash;
import io.microgpt.data.DatasetException;
import io.microgpt.generate.Sampling;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.SmallHdfs;
import io.microgpt.spark.Texts;
import io.microgpt.spark.TinyGpt;
import io.microgpt.spark.tasks.BroadcastModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job of completions that dies in the middle, and is run again. */
@ExtendWith(SmallHdfs.Shared.class)
class GenerateJobResumeTest {
    private static final int ROWS = 60;
    /** Rows are wide, so that a few of them make a part. */
    private static final int PADDING = 4000;

    private static final GenerateOptions OPTIONS = GenerateOptions.DEFAULTS
            .withSampling(new Sampling(1.0, 0, 1.0))
            .withMaxTokens(3)
            .withSamples(2);
    private static final Map<String, String> SETTINGS = Map.of("generate.seed", "1");

    @TempDir
    private static Path shared;

    private static Path prompts;
    private static BroadcastModel model;
    private static String sha256;
    private static Path whole; // the output of a run that did not die
    private static GenerateJob.Report expected;
    private static final List<List<Long>> PROGRESS = new ArrayList<>(); // of that run; one call at a time

    @TempDir
    private Path directory;

    @BeforeAll
    static void writePrompts() {
        Random random = new Random(5);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < ROWS; i++) {
            String prompt = i % 10 == 3 ? "z" : "abcd ".substring(random.nextInt(5));
            lines.append("{\"id\": %d, \"prompt\": \"%s\", \"padding\": \"%s\"}\n"
                    .formatted(i, prompt, "x".repeat(PADDING)));
        }
        prompts = Texts.write(shared.resolve("prompts.jsonl"), lines.toString());
        RefusingFileSystem.configure(LocalSpark.context().hadoopConfiguration());
        Checkpoint checkpoint = TinyGpt.checkpoint(1);
        model = BroadcastModel.of(LocalSpark.session(), checkpoint, "tiny");
        sha256 = WeightsHash.sha256Hex(checkpoint.weights());
        whole = shared.resolve("whole");
        expected = job(whole.toString(), "jsonl")
                .run(
                        model,
                        sha256,
                        OPTIONS,
                        SETTINGS,
                        (rows, ended, parts) -> PROGRESS.add(List.of(rows, (long) ended, (long) parts)));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @AfterEach
    void recover() {
        RefusingFileSystem.recover();
    }

    @ParameterizedTest
    @ValueSource(strings = {"jsonl", "csv"}) // Parquet is on HDFS, below
    void runThatDiedIsGoneOnWithAndItsPartsStay(String format) {
        Path all = format.equals("jsonl") ? whole : directory.resolve("all");
        run(all.toString(), format);
        Path died = directory.resolve("died");

        RefusingFileSystem.refuse("part-00002");
        assertThatThrownBy(() -> run(RefusingFileSystem.uri(died), format)).hasStackTraceContaining("the disk is gone");
        Map<String, Object> parts = parts(died, GenerateJobResumeTest::identity);
        assertThat(parts)
                .isNotEmpty()
                .hasSizeLessThan(parts(all, GenerateJobResumeTest::content).size());
        assertThat(died.resolve("_SUCCESS")).doesNotExist();
        RefusingFileSystem.recover();
        GenerateJob.Report resumed = run(RefusingFileSystem.uri(died), format);

        assertThat(resumed.found()).isEqualTo(parts.size());
        assertThat(parts(died, GenerateJobResumeTest::identity)).containsAllEntriesOf(parts);
        assertThat(files(died, GenerateJobResumeTest::content)).isEqualTo(files(all, GenerateJobResumeTest::content));
        assertThat(resumed.reasons()).isEqualTo(expected.reasons());
        assertThat(resumed.prompts()).isEqualTo(ROWS);
        assertThat(resumed.errors()).isEqualTo(ROWS / 10);
        assertThat(resumed.completions()).isEqualTo(2 * ROWS - ROWS / 10);
    }

    @Test
    void runThatIsCompleteDoesNothingAgain() {
        Map<String, Object> files = files(whole, GenerateJobResumeTest::identity);
        assertThat(files)
                .containsKeys("_SUCCESS", "_generate.json", "part-00000.json")
                .doesNotContainKey(".attempts");

        GenerateJob.Report again = run(whole.toString(), "jsonl");

        assertThat(again.reasons()).isEqualTo(expected.reasons());
        assertThat(again.found()).isEqualTo(parts(whole, file -> file).size());
        assertThat(files(whole, GenerateJobResumeTest::identity)).isEqualTo(files);
    }

    @Test
    void otherJobMayNotGoOnWithIt() {
        String out = whole.toString();
        Checkpoint checkpoint = TinyGpt.checkpoint(2);
        String otherSha256 = WeightsHash.sha256Hex(checkpoint.weights());
        BroadcastModel other = BroadcastModel.of(LocalSpark.session(), checkpoint, "tiny");

        assertThatThrownBy(() ->
                        job(out, "csv").run(other, otherSha256, OPTIONS, Map.of("generate.seed", "2"), (a, b, c) -> {}))
                .isInstanceOf(DatasetException.class)
                .hasMessage(
                        out + ": holds completions of another job: --format was jsonl and is csv; generate.seed was 1"
                                + " and is 2; the model's weights was " + sha256 + " and is "
                                + otherSha256 + ". Give what it was begun with to go on, or another --out");
        other.close();
    }

    @Test
    void promptsThatChangedAreAnotherJob() throws IOException {
        Path own = Texts.write(directory.resolve("own.jsonl"), "{\"prompt\": \"a\"}\n");
        String out = directory.resolve("out").toString();
        job(own, out, "jsonl").run(model, sha256, OPTIONS, SETTINGS, (a, b, c) -> {});
        Files.writeString(own, Files.readString(own) + "{\"prompt\": \"a\"}\n");

        assertThatThrownBy(() -> job(own, out, "jsonl").run(model, sha256, OPTIONS, SETTINGS, (a, b, c) -> {}))
                .isInstanceOf(DatasetException.class)
                .hasMessageContaining("another job: the listing of --prompts was ");
    }

    /** Whoever mistyped an option has not begun anything, which would have to be removed first. */
    @Test
    void jobThatIsRefusedLeavesNothing() {
        Path out = directory.resolve("out");

        assertThatThrownBy(() -> job(out.toString(), "jsonl")
                        .run(model, sha256, OPTIONS.withSeedColumn("sede"), SETTINGS, (a, b, c) -> {}))
                .isInstanceOf(DatasetException.class)
                .hasMessageStartingWith("the prompts have no column sede among [id, padding, prompt]");

        assertThat(out).doesNotExist();
        Path tagged = Texts.write(directory.resolve("tagged.jsonl"), "{\"prompt\": \"a\", \"tags\": [\"b\"]}\n");
        assertThatThrownBy(
                        () -> job(tagged, out.toString(), "csv").run(model, sha256, OPTIONS, SETTINGS, (a, b, c) -> {}))
                .isInstanceOf(DatasetException.class)
                .hasMessage(
                        tagged + ": column tags is of type array, which is not written as csv; give another --format");
        assertThat(out).doesNotExist();
        Path named = Texts.write(directory.resolve("named.jsonl"), "{\"prompt\": \"a\", \"Error\": \"b\"}\n");
        assertThatThrownBy(() ->
                        job(named, out.toString(), "jsonl").run(model, sha256, OPTIONS, SETTINGS, (a, b, c) -> {}))
                .isInstanceOf(DatasetException.class)
                .hasMessage(named + ": there is a column Error already, which is to be added; rename it");
        assertThat(out).doesNotExist();
    }

    @Test
    void directoryOfSomebodyElseIsLeftAlone() {
        Texts.write(directory.resolve("out/mine.txt"), "mine");

        assertThatThrownBy(() -> run(directory.resolve("out").toString(), "jsonl"))
                .isInstanceOf(DatasetException.class)
                .hasMessage(directory.resolve("out") + ": exists already; give another --out or remove it");
    }

    @Test
    void onHdfsPartsThatAreThereStayAsWell(SmallHdfs hdfs) throws IOException {
        String out = hdfs.uri("/completions");
        FileSystem files = hdfs.files();
        run(out, "parquet");
        Map<String, FileStatus> before = new TreeMap<>();
        for (FileStatus file : files.listStatus(new org.apache.hadoop.fs.Path(out))) {
            before.put(file.getPath().getName(), file);
        }
        for (String gone : List.of("_SUCCESS", "part-00001.snappy.parquet", "part-00003.snappy.parquet")) {
            assertThat(before.remove(gone)).as(gone).isNotNull();
            files.delete(new org.apache.hadoop.fs.Path(out, gone), false);
        }

        GenerateJob.Report resumed = run(out, "parquet");

        assertThat(resumed.found()).isEqualTo(before.size() - 1);
        assertThat(resumed.prompts()).isEqualTo(ROWS);
        for (FileStatus file : files.listStatus(new org.apache.hadoop.fs.Path(out))) {
            FileStatus old = before.remove(file.getPath().getName());
            assertThat(old == null || old.getModificationTime() == file.getModificationTime())
                    .as("%s is the file that was there, or is new", file.getPath())
                    .isTrue();
        }
        assertThat(before).isEmpty();
    }

    @Test
    void progressCountsRowsAndParts() {
        long parts = parts(whole, file -> file).size();

        assertThat(PROGRESS).last().isEqualTo(List.of((long) ROWS, parts, parts));
        assertThat(PROGRESS).isSortedAccordingTo((a, b) -> Long.compare(a.get(0), b.get(0)));
        assertThat(PROGRESS).isSortedAccordingTo((a, b) -> Long.compare(a.get(1), b.get(1)));
        assertThat(PROGRESS).allSatisfy(call -> assertThat(call.get(0)).isBetween(0L, (long) ROWS));
    }

    private static GenerateJob job(String out, String format) {
        return job(prompts, out, format);
    }

    private static GenerateJob job(Path from, String out, String format) {
        return new GenerateJob(
                LocalSpark.session(),
                new GenerateJob.Input(from.toString(), "jsonl"),
                new GenerateJob.Output(out, format));
    }

    private static GenerateJob.Report run(String out, String format) {
        return job(out, format).run(model, sha256, OPTIONS, SETTINGS, (a, b, c) -> {});
    }

    private static <T> Map<String, T> parts(Path out, Function<Path, T> what) {
        Map<String, T> parts = files(out, what);
        parts.keySet().removeIf(name -> !name.startsWith("part-"));
        return parts;
    }

    /** {@return what there is of every file, hidden directories among them, but for checksums} */
    private static <T> Map<String, T> files(Path out, Function<Path, T> what) {
        try (Stream<Path> files = Files.list(out)) {
            Map<String, T> found = new TreeMap<>();
            files.filter(file -> !file.toString().endsWith(".crc"))
                    .forEach(file -> found.put(file.getFileName().toString(), what.apply(file)));
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return what only the same file has} */
    private static Object identity(Path file) {
        try {
            var attributes = Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class);
            return List.of(attributes.fileKey(), attributes.lastModifiedTime());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String content(Path file) {
        try {
            return io.microgpt.data.Sha256.of(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
