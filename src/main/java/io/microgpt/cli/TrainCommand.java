package io.microgpt.cli;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.StepPlan;
import io.microgpt.model.GptConfig;
import io.microgpt.spark.Cluster;
import io.microgpt.spark.Preflight;
import io.microgpt.spark.Scaling;
import io.microgpt.spark.SparkOptions;
import io.microgpt.spark.SparkSource;
import io.microgpt.spark.TrainingMetrics;
import io.microgpt.train.Compatibility;
import io.microgpt.train.GradientSource;
import io.microgpt.train.LocalSource;
import io.microgpt.train.MetricsLog;
import io.microgpt.train.StepReport;
import io.microgpt.train.TrainConfig;
import io.microgpt.train.Trainer;
import io.microgpt.train.TrainingListener;
import io.microgpt.train.TrainingTask;
import io.microgpt.train.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a model, or goes on training it. */
@Command(
        name = "train",
        description = "Trains a GPT; prepares the data first where it is still text.",
        mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options;

    @Option(names = "--data", paramLabel = "PATH", description = "text or a prepared dataset; wins over data.path")
    private String data;

    @Option(names = "--out", paramLabel = "RUN", description = "directory of the run; default: a new one under runs/")
    private String out;

    @Option(
            names = "--resume",
            description = "go on from the newest whole checkpoint of --out, or start where there is none")
    private boolean resume;

    @Option(names = "--no-spark", description = "train in this process without Spark, to the same bits")
    private boolean noSpark;

    @Option(
            names = "--stop-at",
            paramLabel = "STEP",
            description =
                    "stop after this step with a checkpoint; the schedule stays that of train.steps, --resume goes on")
    private long stopAt = Long.MAX_VALUE;

    @Option(
            names = "--plan",
            description =
                    "take no step: say what a step moves and holds, whether it can work, and how long it would take on other clusters")
    private boolean plan;

    @Option(
            names = "--network",
            paramLabel = "GBIT",
            description =
                    "for --plan: speed of the network between driver and executors, in Gbit/s (default: ${DEFAULT-VALUE})")
    private double network = Scaling.DEFAULT_NETWORK_GBIT;

    private final Terminal terminal = Terminal.standard();

    @Override
    public Integer call() throws Exception {
        Configuration hadoop = SparkSessions.hadoop();
        try (Sessions sessions = new Sessions("train", terminal)) {
            TrainingSetup setup = new TrainingSetup(hadoop, options, data, out, resume, terminal);
            if (plan) {
                setup.preparedOnly();
            }
            train(hadoop, setup.resolve(sessions, noSpark), sessions);
        }
        return 0;
    }

    private void train(Configuration hadoop, TrainingSetup setup, Sessions sessions) {
        Settings settings = setup.settings();
        Dataset dataset = setup.dataset();
        Manifest manifest = dataset.manifest();
        GptConfig model = Resolved.model(settings, manifest, dataset.directory().toString());
        TrainConfig config = Resolved.train(settings, model);
        CheckpointStore store = new CheckpointStore(hadoop, setup.run().checkpoints());
        Optional<Checkpoint> resumed = resume ? store.newest(this::warn) : Optional.empty();
        resumed.ifPresent(checkpoint -> Compatibility.check(checkpoint, model, dataset));
        resumed.ifPresent(
                checkpoint -> ResumeDifferences.find(checkpoint, settings).forEach(this::warn));
        long from = resumed.map(checkpoint -> checkpoint.state().step()).orElse(0L);

        int[] sizes =
                manifest.train().stream().mapToInt(Manifest.Shard::documents).toArray();
        StepPlan steps = new StepPlan(config.seed(), sizes, config.batchSize());
        TrainingTask task = new TrainingTask(
                model,
                manifest.continuous() ? steps.withShiftedBlocks() : steps,
                config.labelSmoothing(),
                settings.number(ConfigKey.MODEL_DROPOUT),
                config.kernels());
        if (plan) {
            Preflight preflight = preflight(manifest, task, settings, sessions);
            PlanReport.lines(preflight, sizes.length, config.steps() - from, network)
                    .forEach(System.out::println);
            preflight.require();
            return;
        }
        try (StopSignal stop = new StopSignal();
                GradientSource source = source(dataset, task, settings, sessions)) {
            Preflight preflight = preflight(manifest, task, settings, sessions);
            preflight.require();
            setup.run().writeConfig(settings);
            terminal.print(Summaries.format(
                    "%s: %,d parameters, %,d steps of %d documents (%.1f epochs)%s",
                    setup.run(),
                    model.parameters(),
                    config.steps(),
                    config.batchSize(),
                    steps.epochs(config.steps()),
                    resumed.isPresent() ? ", going on from step " + from : ""));
            terminal.print("  on " + source.description());
            terminal.print("  " + preflight.line());
            Progress progress = new Progress(terminal, config.steps());
            try (MetricsLog metrics = new MetricsLog(hadoop, setup.run().metrics(), from);
                    TrainingMetrics gauges = noSpark ? null : new TrainingMetrics()) {
                Watch watch = new Watch(
                        gauges == null ? List.of(metrics, progress) : List.of(metrics, gauges, progress), from);
                Trainer trainer = new Trainer(config, dataset, source, store, settings.renderJson(), resumed, watch);
                Trainer.Result result = trainer.run(() -> stop.getAsBoolean() || watch.step >= stopAt);
                report(result, trainer, setup, config);
            }
        }
    }

    private Preflight preflight(Manifest manifest, TrainingTask task, Settings settings, Sessions sessions) {
        Cluster cluster = noSpark ? Cluster.ofThisProcess() : Cluster.of(sessions.context(settings));
        return Preflight.of(cluster, manifest, task, noSpark ? SparkOptions.ofTasks(1) : Resolved.spark(settings));
    }

    private GradientSource source(Dataset dataset, TrainingTask task, Settings settings, Sessions sessions) {
        if (noSpark) {
            return new LocalSource(dataset, task, this::warn);
        }
        return new SparkSource(
                sessions.context(settings),
                dataset,
                task,
                Resolved.spark(settings),
                sessions.watch(settings),
                this::warn);
    }

    private void report(Trainer.Result result, Trainer trainer, TrainingSetup setup, TrainConfig config) {
        if (result.stopped()) {
            terminal.print("stopped at step " + result.step() + " of " + config.steps()
                    + "; go on with: --resume --out " + setup.run());
        } else {
            Samples.of(trainer.weights(), config.model(), setup.dataset(), setup.settings())
                    .forEach(System.out::println);
        }
        Verdict verdict = Verdict.of(result.train(), result.test());
        System.out.println("model in " + setup.run() + "; " + verdict.meaning());
        System.out.println(Summaries.format(
                "step %d loss %.4f train perplexity %s test perplexity %s weights sha256 %s",
                result.step(),
                result.trainLoss(),
                Summaries.perplexity(result.train()),
                Summaries.perplexity(result.test()),
                result.sha256()));
    }

    private void warn(String message) {
        terminal.print("warning: " + message);
    }

    /** Progress for the person, metrics for the file and for what watches the cluster. */
    private static final class Watch implements TrainingListener {
        private final List<TrainingListener> listeners;
        private volatile long step;

        Watch(List<TrainingListener> listeners, long step) {
            this.listeners = listeners;
            this.step = step;
        }

        @Override
        public void stepEnded(StepReport report) {
            step = report.step();
            listeners.forEach(listener -> listener.stepEnded(report));
        }

        @Override
        public void checkpointBegins(long step) {
            listeners.forEach(listener -> listener.checkpointBegins(step));
        }

        @Override
        public void warning(String message) {
            listeners.forEach(listener -> listener.warning(message));
        }
    }
}
