package io.microgpt.report;

import io.microgpt.train.StepLog;
import io.microgpt.train.StepReport;
import io.microgpt.train.StorageThread;
import io.microgpt.train.TrainingListener;
import io.microgpt.train.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Keeps {@code report.html} of a run fresh while it trains, and {@code samples.jsonl} with what the model writes at each evaluation. The
 * page and the samples are written off the training thread; a refresh that comes too early is left to the next. Nothing here ends a
 * training: what cannot be written is warned of, once.
 */
public final class LiveReport implements TrainingListener, AutoCloseable {
    /** A file of a run directory. */
    public static final String REPORT = "report.html";
    /** A file of a run directory: a line of text samples an evaluation. */
    public static final String SAMPLES = "samples.jsonl";

    private static final int MOST_WAIT_SECONDS = 30;

    private final Configuration hadoop;
    private final Path directory;
    private final String name;
    private final long steps;
    private final List<Run.Setting> settings;
    private final Function<float[], List<String>> sampler;
    private final Consumer<String> warnings;
    private final StorageThread storage;
    private Curves curves = new Curves();
    private SampleHistory history = new SampleHistory();
    private List<Sample> waiting = new ArrayList<>(); // for storage to take
    private StepLog samples; // of the storage thread; null where it cannot be written
    private boolean warned;
    private String result = "";
    private Verdict verdict; // null until the end

    /**
     * Goes on with what a run directory holds already, up to the step that training goes on from.
     *
     * @param name of the run, for people
     * @param steps that the configuration asks for
     * @param patienceSeconds until a file system that does not answer is given up
     * @param sampler from weights, which it must not keep, to a few texts, the same for the same weights
     */
    public LiveReport(
            Configuration hadoop,
            Path directory,
            String name,
            long steps,
            List<Run.Setting> settings,
            long from,
            int patienceSeconds,
            Function<float[], List<String>> sampler,
            Consumer<String> warnings) {
        this.hadoop = hadoop;
        this.directory = directory;
        this.name = name;
        this.steps = steps;
        this.settings = List.copyOf(settings);
        this.sampler = sampler;
        this.warnings = warnings;
        storage = new StorageThread("report", patienceSeconds);
        onStorage(() -> {
            Path file = new Path(directory, SAMPLES);
            samples = new StepLog(hadoop, file, from, patienceSeconds);
            if (from > 0) {
                history = SampleHistory.read(hadoop, file);
                curves = Curves.read(hadoop, new Path(directory, "metrics.jsonl"));
            }
        });
    }

    /** Waits for storage, as is needed where it is read. */
    private void onStorage(Runnable work) {
        await(Integer.MAX_VALUE); // the page before may have failed; this is to be done all the same
        if (storage.isHung()) {
            return;
        }
        try {
            storage.call(() -> {
                work.run();
                return null;
            });
        } catch (IOException | RuntimeException e) {
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
            waiting.add(sample);
        } catch (RuntimeException e) {
            warn("no sample of step " + step + ": " + e.getMessage());
        }
        refresh();
    }

    /** What was drawn of later steps goes; {@code metrics.jsonl} has lost them already. */
    @Override
    public void rolledBack(long step) {
        List<Sample> kept = waiting;
        waiting = new ArrayList<>();
        onStorage(() -> {
            curves = Curves.read(hadoop, new Path(directory, "metrics.jsonl"));
            write(kept);
            if (samples != null) {
                samples.backTo(step);
                history = SampleHistory.read(hadoop, new Path(directory, SAMPLES));
            }
        });
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
        try {
            if (storage.isIdle()) {
                begin();
            }
        } catch (IOException e) {
            warn(e.getMessage());
        } catch (RuntimeException e) { // of the page before
            warn(e.getMessage());
            begin();
        }
    }

    private void begin() {
        Run run = new Run(
                name,
                steps,
                curves.copy(),
                history.samples(),
                settings,
                result,
                verdict == null ? curves.verdict() : verdict);
        List<Sample> some = waiting;
        waiting = new ArrayList<>();
        storage.begin(() -> {
            Path page = new Path(directory, REPORT);
            try {
                Storage.replace(hadoop, page, RunPage.of(run));
            } catch (IOException e) {
                throw new UncheckedIOException(page + ": cannot be written: " + e.getMessage(), e);
            } finally {
                write(some);
            }
            return null;
        });
    }

    /** Of the storage thread. */
    private void write(List<Sample> some) {
        if (samples == null || some.isEmpty()) {
            return;
        }
        try {
            some.forEach(sample -> samples.add(sample.step(), sample.line()));
            samples.flush();
        } catch (UncheckedIOException e) {
            samples = null; // each further try may take as long as this one did
            throw e;
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
        await(MOST_WAIT_SECONDS);
        if (!storage.isHung()) {
            begin();
            await(MOST_WAIT_SECONDS);
        }
        if (!storage.isHung()) {
            storage.begin(() -> {
                if (samples != null) {
                    samples.close();
                }
                return null;
            });
            await(MOST_WAIT_SECONDS);
        }
        storage.close();
    }

    private void await(int mostSeconds) {
        try {
            storage.await(mostSeconds);
        } catch (IOException e) {
            warn(new Path(directory, REPORT) + ": cannot be written: " + e.getMessage());
        } catch (RuntimeException e) {
            warn(e.getMessage());
        }
    }
}
