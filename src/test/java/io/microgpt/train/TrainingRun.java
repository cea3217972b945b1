package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.data.Dataset;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TrainingData;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.optim.Adam;
import io.microgpt.optim.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;

/** A training of a small model in a directory of its own: what a test may vary, and what it may look at. */
final class TrainingRun implements TrainingListener {
    final List<StepReport> reports = new ArrayList<>();
    final BlockingQueue<Long> checkpointsWritten = new LinkedBlockingQueue<>();
    final List<String> warnings = new ArrayList<>();
    /** The steps that the training went back to. */
    final List<Long> rollbacks = new ArrayList<>();

    final CheckpointStore store;

    private final TrainingData data;
    private final Path directory;
    private final Configuration hadoop;

    GptConfig model;
    double rate = 0.01;
    int warmup = 5;
    long steps = 30;
    int batchSize = 16;
    double replayFraction = 0.0;
    /** The first weights, where they are not random. */
    Supplier<float[]> initialWeights = () -> Gpt.initialWeights(model, 7);

    long evalEvery = 10;
    long checkpointEvery = 10;
    int keep = 2;
    double labelSmoothing = 0.0;
    double dropout = 0.0;
    int threads = 1;
    Choice kernels = Choice.AUTO;
    int patienceSeconds = 120;
    int patience = 0;
    double minImprovement = 0.0;
    GuardSettings guard = new GuardSettings(GuardSettings.Action.ROLLBACK, 100, 20.0, 0.5, 3);
    /** Where gradients come from, given the source of this run. */
    UnaryOperator<GradientSource> sources = UnaryOperator.identity();
    /** Stops once so many steps are done. */
    long stopAt = Long.MAX_VALUE;
    /** Dies as soon as so many steps are done and the first checkpoint is on storage, as if the power had gone. */
    long dieAt = Long.MAX_VALUE;
    /** Fails after so many steps, as if the cluster had. */
    long failAt = Long.MAX_VALUE;
    /** What happens after each step. */
    LongConsumer afterStep = step -> {};

    TrainingRun(Dataset dataset, Path directory) {
        this(dataset, directory, TinyDataset.HADOOP);
    }

    /** On the default file system of a configuration. */
    TrainingRun(Dataset dataset, Path directory, Configuration hadoop) {
        this(TrainingData.of(dataset), directory, hadoop);
    }

    TrainingRun(TrainingData data, Path directory, Configuration hadoop) {
        this.data = data;
        this.directory = directory;
        this.hadoop = hadoop;
        this.store = new CheckpointStore(hadoop, directory.toString());
        this.model = new GptConfig(data.own().manifest().vocabularySize(), 12, 3, 1, TinyDataset.BLOCK_SIZE, 20);
    }

    StepPlan plan() {
        return data.plan(7, batchSize, replayFraction);
    }

    /** {@return the result of a run from the newest checkpoint of the directory, or from the start} */
    Trainer.Result train() {
        Optional<Checkpoint> resumed = store.newest(warning -> {
            throw new AssertionError(warning);
        });
        return train(resumed);
    }

    Trainer.Result train(Optional<Checkpoint> resumed) {
        TrainConfig config = new TrainConfig(
                model,
                new Adam.Settings(0.85, 0.99, 1e-8, true, 0.01),
                1.0,
                new Schedule(rate, warmup, steps, 0.0),
                steps,
                batchSize,
                replayFraction,
                evalEvery,
                checkpointEvery,
                keep,
                labelSmoothing,
                7,
                kernels,
                patienceSeconds,
                patience,
                minImprovement,
                guard);
        TrainingTask task = new TrainingTask(model, plan(), labelSmoothing, dropout, kernels);
        long from = resumed.map(checkpoint -> checkpoint.state().step()).orElse(0L);
        try (GradientSource source = sources.apply(new LocalSource(data, task, threads, warning -> {
                    throw new AssertionError(warning);
                }));
                MetricsLog metrics = new MetricsLog(hadoop, metrics(), from, patienceSeconds)) {
            TrainingListener listener = new TrainingListener() {
                @Override
                public void stepEnded(StepReport report) {
                    metrics.stepEnded(report);
                    TrainingRun.this.stepEnded(report);
                }

                @Override
                public void warning(String message) {
                    warnings.add(message);
                }

                @Override
                public void rolledBack(long step) {
                    metrics.rolledBack(step);
                    reports.removeIf(report -> report.step() > step);
                    rollbacks.add(step);
                }

                @Override
                public void checkpointBegins(long step) {
                    metrics.checkpointBegins(step);
                }

                @Override
                public void checkpointWritten(long step, String path) {
                    TrainingRun.this.checkpointWritten(step, path);
                }
            };
            Trainer.Start start = new Trainer.Start(resumed, initialWeights);
            Trainer trainer = new Trainer(config, data, source, store, "{}", start, listener);
            return trainer.run(() -> !reports.isEmpty() && last().step() >= stopAt);
        }
    }

    org.apache.hadoop.fs.Path metrics() {
        return new org.apache.hadoop.fs.Path(directory.toString(), "metrics.jsonl");
    }

    /** {@return the steps of the lines of metrics, in their order} */
    List<Long> metricSteps() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<Long> steps = new ArrayList<>();
        for (String line : Files.readAllLines(directory.resolve("metrics.jsonl"))) {
            steps.add(json.readTree(line).path("step").asLong());
        }
        return steps;
    }

    StepReport last() {
        return reports.get(reports.size() - 1);
    }

    @Override
    public void stepEnded(StepReport report) {
        reports.add(report);
        afterStep.accept(report.step());
        if (report.step() == dieAt) {
            awaitCheckpoint();
            throw new Killed();
        }
        if (report.step() == failAt) {
            throw new IllegalStateException("failed at step " + failAt);
        }
    }

    @Override
    public void checkpointWritten(long step, String path) {
        checkpointsWritten.add(step);
    }

    /** Nobody can do anything about it. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    void awaitCheckpoint() {
        try {
            assertThat(checkpointsWritten.poll(1, TimeUnit.MINUTES)).isNotNull();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
