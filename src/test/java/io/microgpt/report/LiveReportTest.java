package io.microgpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.train.HangingFileSystem;
import io.microgpt.train.MetricsLog;
import io.microgpt.train.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class LiveReportTest {
    private static final Configuration HADOOP = new Configuration(false);
    private static final float[] WEIGHTS = {1.5f};
    private static final int PATIENCE = 60;

    @TempDir
    private Path directory;

    private final List<String> warnings = new ArrayList<>();
    private int patience = PATIENCE;
    private Function<float[], List<String>> sampler = weights -> List.of("wrote <" + weights[0] + ">", "b");

    private LiveReport report(Configuration hadoop, Path run, long from) {
        return new LiveReport(
                hadoop,
                new org.apache.hadoop.fs.Path(run.toString()),
                "a run",
                40,
                List.of(),
                from,
                patience,
                weights -> sampler.apply(weights),
                warnings::add);
    }

    /** A session from one step to another, with the metrics that a training writes. */
    private void session(long from, long to) {
        org.apache.hadoop.fs.Path metrics = new org.apache.hadoop.fs.Path(directory.toString(), "metrics.jsonl");
        try (MetricsLog log = new MetricsLog(HADOOP, metrics, from, PATIENCE);
                LiveReport report = report(HADOOP, directory, from)) {
            for (long step = from + 1; step <= to; step++) {
                log.stepEnded(Steps.step(step));
                report.stepEnded(Steps.step(step));
                if (step % 10 == 0) {
                    report.evaluated(step, WEIGHTS);
                }
            }
            report.ended("it ended at " + to, Verdict.OVERFITTED);
        }
    }

    private String page() throws IOException {
        return Files.readString(directory.resolve(LiveReport.REPORT));
    }

    @Test
    void aResumedRunContinuesTheCurvesAndSamples() throws IOException {
        session(0, 40);
        String whole = page();
        String samples = Files.readString(directory.resolve(LiveReport.SAMPLES));
        assertThat(samples.lines()).hasSize(4).first().isEqualTo("{\"step\":10,\"samples\":[\"wrote <1.5>\",\"b\"]}");

        // It went on to step 33, but its last checkpoint is that of step 20.
        Files.delete(directory.resolve("metrics.jsonl"));
        session(0, 33);
        assertThat(page()).isNotEqualTo(whole);
        session(20, 40);

        assertThat(page()).isEqualTo(whole);
        assertThat(directory.resolve(LiveReport.SAMPLES)).hasContent(samples);
        Document page = Pages.parse(whole);
        assertThat(Pages.curves(page)).contains("Loss/train loss 40", "Loss/test loss 4");
        assertThat(Pages.texts(page, "li")).contains("wrote <1.5>");
        assertThat(Pages.texts(page, "code")).contains("it ended at 40");
        assertThat(Pages.texts(page, "p").get(0)).isEqualTo("Step 40 of 40; " + Verdict.OVERFITTED.meaning() + ".");
        assertThat(warnings).isEmpty();
    }

    @Test
    void whatATrainingTookBackIsInNoPicture() throws IOException {
        session(0, 20);
        String whole = page();
        Path other = Files.createDirectory(directory.resolve("other"));
        org.apache.hadoop.fs.Path metrics = new org.apache.hadoop.fs.Path(other.toString(), "metrics.jsonl");
        try (MetricsLog log = new MetricsLog(HADOOP, metrics, 0, PATIENCE);
                LiveReport report = report(HADOOP, other, 0)) {
            for (long last : new long[] {17, 20}) {
                for (long step = last == 17 ? 1 : 6; step <= last; step++) {
                    log.stepEnded(Steps.step(step));
                    report.stepEnded(Steps.step(step));
                    if (step % 10 == 0) {
                        report.evaluated(step, WEIGHTS);
                    }
                }
                if (last == 17) {
                    log.rolledBack(5);
                    report.rolledBack(5);
                }
            }
            report.ended("it ended at 20", Verdict.OVERFITTED);
        }
        assertThat(Files.readString(other.resolve(LiveReport.REPORT))).isEqualTo(whole);
        assertThat(other.resolve(LiveReport.SAMPLES)).hasSameTextualContentAs(directory.resolve(LiveReport.SAMPLES));
        assertThat(warnings).isEmpty();
    }

    /** A page that could not be written is no reason to keep what is taken back. */
    @Test
    void whatIsTakenBackIsTakenBackAfterAPageThatFailedToo() throws IOException {
        org.apache.hadoop.fs.Path metrics = new org.apache.hadoop.fs.Path(directory.toString(), "metrics.jsonl");
        Path obstacle = directory.resolve("." + LiveReport.REPORT + ".tmp");
        try (MetricsLog log = new MetricsLog(HADOOP, metrics, 0, PATIENCE);
                LiveReport report = report(HADOOP, directory, 0)) {
            Files.createDirectories(obstacle.resolve("in/the/way"));
            for (long step = 1; step <= 17; step++) {
                log.stepEnded(Steps.step(step));
                report.stepEnded(Steps.step(step));
            }
            report.evaluated(10, WEIGHTS);
            log.rolledBack(5);
            report.rolledBack(5);
            FileUtils.deleteDirectory(obstacle.toFile());
        }
        assertThat(Pages.curves(Pages.parse(page()))).contains("Loss/train loss 5");
        assertThat(directory.resolve(LiveReport.SAMPLES)).isEmptyFile();
        assertThat(warnings).singleElement().asString().contains(LiveReport.REPORT + ": cannot be written: ");
    }

    @Test
    void ofManySamplesSomeAreShownAndTheLastIs() {
        SampleHistory history = new SampleHistory();
        LongStream.rangeClosed(1, 1000).forEach(step -> history.add(new Sample(step, List.of("x"))));
        List<Long> steps = history.samples().stream().map(Sample::step).toList();
        assertThat(steps)
                .hasSizeBetween(9, 18)
                .startsWith(1L, 65L, 129L)
                .endsWith(1000L)
                .isSorted();
    }

    @Test
    void aModelThatCannotWriteEndsNothing() throws IOException {
        sampler = weights -> {
            throw new IllegalStateException("no number is finite");
        };
        session(0, 30);
        assertThat(warnings)
                .containsExactly("no sample of step 10: no number is finite; the training goes on without it");
        assertThat(Pages.curves(Pages.parse(page()))).contains("Loss/train loss 30");
    }

    @Test
    void storageThatRefusesEndsNothingAndIsWarnedOfOnce() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");
        try (LiveReport report = report(HADOOP, file, 0)) {
            for (long step = 1; step <= 30; step++) {
                report.stepEnded(Steps.step(step));
                report.evaluated(step, WEIGHTS);
            }
        }
        assertThat(warnings)
                .singleElement()
                .asString()
                .startsWith(file.toUri().getPath())
                .contains("the training goes on without it");
    }

    /** The training thread never waits for the page; only the end does, and not for ever. */
    @Test
    @Timeout(60)
    void storageThatDoesNotAnswerHoldsNoStepUp() {
        try (LiveReport report = report(HangingFileSystem.configuration(), directory, 0)) {
            HangingFileSystem.hang();
            for (long step = 1; step <= 30; step++) {
                report.stepEnded(Steps.step(step));
                report.checkpointBegins(step);
            }
            HangingFileSystem.recover();
        } finally {
            HangingFileSystem.recover();
        }
        assertThat(directory.resolve(LiveReport.REPORT)).content().contains("Step 30 of 40");
        assertThat(warnings).isEmpty();
    }

    @Test
    @Timeout(60)
    void storageThatNeverAnswersIsWarnedOfOnceAndNoLongerWaitedFor() {
        patience = 1;
        try (LiveReport report = report(HangingFileSystem.configuration(), directory, 0)) {
            report.stepEnded(Steps.step(1));
            HangingFileSystem.hang();
            report.evaluated(1, WEIGHTS);
            report.stepEnded(Steps.step(2));
            report.rolledBack(1);
            report.evaluated(2, WEIGHTS);
        } finally {
            HangingFileSystem.recover();
        }
        assertThat(warnings)
                .containsExactly(directory.resolve(LiveReport.REPORT)
                        + ": cannot be written: the file system did not answer within 1 s"
                        + " (engine.patience); the training goes on without it");
    }
}
