package io.microgpt.report;

import io.microgpt.train.StepLog;
import io.microgpt.train.StepReport;
import io.microgpt.train.TrainingListener;
import io.microgpt.train.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Keeps {@code report.html} of a run fresh while it trains, and {@code samples.jsonl} with what the model writes at each evaluation. The
 * page is written off the training thread, one at a time; a refresh that comes too early is left to the next. Nothing here ends a
 * training: what cannot be written is warned of, once.
 */
public final class LiveReport implements TrainingListener, AutoCloseable {
    /** A file of a run directory. */
    public static final String REPORT = "report.html";
    /** A file of a run directory: a line of text samples an evaluation. */
    public static final String SAMPLES = "samples.jsonl";

    private static final long MOST_WAIT_SECONDS = 30;

    private final Configuration hadoop;
    private final Path directory;
    private final String name;
    private final long steps;
    private final List<Run.Setting> settings;
    private final Function<float[], List<String>> sampler;
    private final Consumer<String> warnings;
    private final ExecutorService writer = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "report-writer");
        thread.setDaemon(true);
        return thread;
    });
    private Curves curves = new Curves();
    private SampleHistory history = new SampleHistory();
    private StepLog samples; // null once it cannot be written
    private Future<?> pending;
    private boolean warned;
    private String result = "";
    private Verdict verdict; // null until the end

    /**
     * Goes on with what a run directory holds already, up to the step that training goes on from.
     *
     * @param name of the run, for people
     * @param steps that the configuration asks for
     * @param sampler from weights, which it must not keep, to a few texts, the same for the same weights
     */
    public LiveReport(
            Configuration hadoop,
            Path directory,
            String name,
            long steps,
            List<Run.Setting> settings,
            long from,
            Function<float[], List<String>> sampler,
            Consumer<String> warnings) {
        this.hadoop = hadoop;
        this.directory = directory;
        this.name = name;
        this.steps = steps;
        this.settings = List.copyOf(settings);
        this.sampler = sampler;
        this.warnings = warnings;
        try {
            Path file = new Path(directory, SAMPLES);
            samples = new StepLog(hadoop, file, from);
            if (from > 0) {
                history = SampleHistory.read(hadoop, file);
                curves = Curves.read(hadoop, new Path(directory, "metrics.jsonl"));
            }
        } catch (UncheckedIOException e) {
            warn(e.getMessage());
        }
    }

    @Override
    public void stepEnded(StepReport report) {
        curves.add(report);
    }

    @Override
    public void evaluated(long step, float[] weights) {
        try {
            Sample sample = new Sample(step, sampler.apply(weights));
            history.add(sample);
            if (samples != null) {
                samples.add(step, sample.line());
                samples.flush();
            }
        } catch (UncheckedIOException e) {
            samples = null; // each further try may wait as long as this one did
            warn(e.getMessage());
        } catch (RuntimeException e) {
            warn("no sample of step " + step + ": " + e.getMessage());
        }
        refresh();
    }

    /** What was drawn of later steps goes; {@code metrics.jsonl} has lost them already. */
    @Override
    public void rolledBack(long step) {
        try {
            curves = Curves.read(hadoop, new Path(directory, "metrics.jsonl"));
            if (samples != null) {
                samples.backTo(step);
                history = SampleHistory.read(hadoop, new Path(directory, SAMPLES));
            }
        } catch (UncheckedIOException e) {
            samples = null;
            warn(e.getMessage());
        }
    }

    @Override
    public void checkpointBegins(long step) {
        refresh();
    }

    /** The training has ended: {@code line} sums it up on the last page, and the verdict is that of its last evaluation. */
    public void ended(String line, Verdict verdict) {
        result = line;
        this.verdict = verdict;
    }

    /** Writes the page as of now, unless one is still being written. */
    private void refresh() {
        if (pending == null || pending.isDone()) {
            awaitPending(0); // for its failure, if it had one
            Run run = new Run(
                    name,
                    steps,
                    curves.copy(),
                    history.samples(),
                    settings,
                    result,
                    verdict == null ? curves.verdict() : verdict);
            pending = writer.submit(() -> write(run));
        }
    }

    private Void write(Run run) throws IOException {
        Storage.replace(hadoop, new Path(directory, REPORT), RunPage.of(run));
        return null;
    }

    private void awaitPending(long seconds) {
        if (pending == null) {
            return;
        }
        try {
            pending.get(seconds, TimeUnit.SECONDS);
            pending = null;
        } catch (ExecutionException e) {
            pending = null;
            warn(new Path(directory, REPORT) + ": cannot be written: "
                    + e.getCause().getMessage());
        } catch (TimeoutException e) {
            warn(new Path(directory, REPORT) + ": was not written within " + seconds
                    + " s: the file system does not answer");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void warn(String message) {
        if (!warned) {
            warned = true;
            warnings.accept(message + "; the training goes on without it");
        }
    }

    /** Writes the last page, with a bounded wait. */
    @Override
    public void close() {
        awaitPending(MOST_WAIT_SECONDS);
        if (pending == null) {
            refresh();
            awaitPending(MOST_WAIT_SECONDS);
        }
        writer.shutdownNow();
        try {
            if (samples != null) {
                samples.close();
            }
        } catch (UncheckedIOException e) {
            warn(e.getMessage());
        }
    }
}
