package io.microgpt.cli;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TrainingData;
import io.microgpt.model.GptConfig;
import io.microgpt.report.EventLog;
import io.microgpt.report.LiveReport;
import io.microgpt.spark.training.Cluster;
import io.microgpt.spark.training.Preflight;
import io.microgpt.spark.training.Scaling;
import io.microgpt.spark.training.SparkOptions;
import io.microgpt.spark.training.SparkSource;
import io.microgpt.spark.training.TrainingMetrics;
import io.microgpt.train.Compatibility;
import io.microgpt.train.GradientSource;
import io.microgpt.train.LocalSource;
import io.microgpt.train.MetricsLog;
import io.microgpt.train.ShardThreads;
import io.microgpt.train.TrainConfig;
import io.microgpt.train.Trainer;
import io.microgpt.train.TrainingTask;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
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
            names = "--threads",
            paramLabel = "N",
            description =
                    "of --no-spark: compute on so many threads, to the same bits: at most one a shard, unless the model is large (default: all processors, or those for which the heap is enough)")
    private Integer threads;

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

    @Option(names = "--quiet", description = "say nothing but warnings and, at the end, the results")
    private boolean quiet;

    @Option(
            names = "--json",
            description = "progress and results as JSON lines on standard output; on standard error warnings alone")
    private boolean json;

    private Terminal terminal;

    @Override
    public Integer call() throws Exception {
        terminal = Terminal.standard(quiet || json);
        Main.listens(json);
        try {
            run();
        } catch (Exception | OutOfMemoryError e) {
            if (json) {
                JsonOutput.failed(System.out, Explanation.of(e));
            }
            throw e;
        } finally {
            Main.listens(false); // its last line is said
        }
        return 0;
    }

    private void run() throws Exception {
        checkThreads();
        Configuration hadoop = SparkSessions.hadoop();
        try (Sessions sessions = new Sessions("train", terminal)) {
            TrainingSetup setup = new TrainingSetup(hadoop, options, data, out, resume, terminal);
            if (plan) {
                setup.preparedOnly();
            }
            train(hadoop, setup.resolve(sessions, noSpark), sessions);
        }
    }

    private void checkThreads() {
        if (threads != null && !noSpark) {
            throw new IllegalArgumentException(
                    "--threads is of --no-spark: give both; on Spark --set engine.tasks=N says"
                            + " how many tasks a step has, and --conf spark.task.cpus=N how many threads each of them");
        }
        if (threads != null && threads < 1) {
            throw new IllegalArgumentException("--threads " + threads + " must be at least 1");
        }
    }

    private void train(Configuration hadoop, TrainingSetup setup, Sessions sessions) {
        Settings settings = setup.settings();
        Dataset dataset = setup.dataset();
        TrainingData data = setup.data();
        Manifest manifest = dataset.manifest();
        GptConfig model = Resolved.model(settings, manifest, dataset.directory().toString());
        TrainConfig config = Resolved.train(settings, model);
        CheckpointStore store = new CheckpointStore(hadoop, setup.run().checkpoints());
        Optional<Checkpoint> resumed = resume ? store.newest(this::warn) : Optional.empty();
        resumed.ifPresent(checkpoint -> Compatibility.check(checkpoint, model, data, config.replayFraction()));
        resumed.ifPresent(
                checkpoint -> ResumeDifferences.find(checkpoint, settings).forEach(this::warn));
        long from = resumed.map(checkpoint -> checkpoint.state().step()).orElse(0L);

        StepPlan steps = data.plan(config.seed(), config.batchSize(), config.replayFraction());
        TrainingTask task = new TrainingTask(
                model, steps, config.labelSmoothing(), settings.number(ConfigKey.MODEL_DROPOUT), config.kernels());
        // Executors may come up meanwhile: all that follows is of the same number of tasks.
        SparkOptions spark = noSpark
                ? threads(data, task, settings, sessions)
                : Resolved.spark(settings)
                        .fixed(steps.shards(), cluster(settings, sessions).parallelism());
        Preflight before = preflight(data, task, spark, settings, sessions);
        if (plan) {
            PlanReport.lines(
                            before,
                            steps.shards(),
                            config.steps() - from,
                            config.schedule().baseRate(),
                            network)
                    .forEach(System.out::println);
            before.require();
            before.warnings().forEach(this::warn);
            return;
        }
        before.require();
        Supplier<float[]> initialWeights = setup.earlier().initialWeights(model, dataset);
        try (StopSignal stop = new StopSignal(from);
                GradientSource source = source(data, task, spark, settings, sessions)) {
            Preflight preflight = preflight(data, task, spark, settings, sessions);
            if (resumed.isEmpty()
                    && settings.optionalText(ConfigKey.TRAIN_INIT_FROM).isPresent()) {
                initialWeights.get(); // fails, if it does, before anything of the run is touched
            }
            setup.run().writeConfig(settings);
            TrainingOutput output = json ? new JsonOutput(System.out, terminal) : new PlainOutput(terminal);
            output.begins(new TrainingOutput.Beginning(
                    setup.run().toString(),
                    model,
                    config,
                    resumed.isPresent(),
                    from,
                    steps.epochs(config.steps()),
                    source.description(),
                    preflight.line()));
            preflight.warnings().forEach(output::warning);
            moreTasks(steps.shards(), spark, settings, sessions).ifPresent(output::warning);
            setup.earlier().lines(resumed.isEmpty()).forEach(terminal::print);
            Samples samples = new Samples(model, dataset, settings);
            try (MetricsLog metrics = new MetricsLog(hadoop, setup.run().metrics(), from, config.patienceSeconds());
                    TrainingMetrics gauges = noSpark ? null : new TrainingMetrics();
                    EventLog events = settings.flag(ConfigKey.TRAIN_TENSORBOARD)
                            ? new EventLog(
                                    hadoop,
                                    setup.run().file(EventLog.DIRECTORY),
                                    from,
                                    config.patienceSeconds(),
                                    output::warning)
                            : null;
                    LiveReport report = new LiveReport(
                            hadoop,
                            setup.run().root(),
                            setup.run().toString(),
                            config.steps(),
                            Pictures.settings(settings),
                            from,
                            config.patienceSeconds(),
                            samples::onTheWay,
                            output::warning)) {
                Watch watch = new Watch(
                        Stream.of(metrics, gauges, events, output, report, stop)
                                .filter(Objects::nonNull)
                                .toList(),
                        from);
                Trainer.Start start = new Trainer.Start(resumed, initialWeights);
                Trainer trainer = new Trainer(config, data, source, store, settings.renderJson(), start, watch);
                Trainer.Result result = trainer.run(() -> stop.getAsBoolean() || watch.step() >= stopAt);
                TrainingOutput.Ending ending = new TrainingOutput.Ending(
                        setup.run().toString(),
                        config,
                        result,
                        result.stopped() ? List.of() : samples.atEnd(trainer.weights()));
                report.ended(ending.line(), ending.verdict());
                output.ends(ending);
            }
        } catch (OutOfMemoryError e) {
            throw new IllegalStateException(before.outOfHeap(e), e);
        }
    }

    /** {@return what to say where executors have come up since the tasks of a step were counted} */
    private Optional<String> moreTasks(int shards, SparkOptions spark, Settings settings, Sessions sessions) {
        int now = noSpark
                ? 1
                : Resolved.spark(settings)
                        .fixed(shards, cluster(settings, sessions).parallelism())
                        .tasks();
        return now <= spark.tasks()
                ? Optional.empty()
                : Optional.of(
                        "a step has " + spark.tasks() + " tasks, of the executors that were there at the beginning;"
                                + " those that have come since could do with " + now
                                + ": --resume or --set engine.tasks=" + now);
    }

    private int wantedThreads() {
        return threads != null ? threads : Runtime.getRuntime().availableProcessors();
    }

    /**
     * {@return as many tasks as there are threads with gradients of their own: those that were asked for, otherwise those for which the heap is
     * enough; one, where threads do not divide shards}
     */
    private SparkOptions threads(TrainingData data, TrainingTask task, Settings settings, Sessions sessions) {
        if (!ShardThreads.divideShards(task)) {
            return SparkOptions.ofTasks(1);
        }
        int most = Math.min(task.plan().shards(), wantedThreads());
        Preflight wanted = preflight(data, task, SparkOptions.ofTasks(most), settings, sessions);
        Preflight enough = wanted;
        int count = most;
        while (count > 1 && !enough.fits()) {
            enough = preflight(data, task, SparkOptions.ofTasks(--count), settings, sessions);
        }
        if (threads != null && count < most && enough.fits()) {
            throw new IllegalArgumentException(
                    "--threads " + threads + " takes more heap than there is, which is enough for" + " --threads "
                            + count + "; give that, or " + wanted.driverHeap());
        }
        return SparkOptions.ofTasks(count);
    }

    private Cluster cluster(Settings settings, Sessions sessions) {
        return noSpark ? Cluster.ofThisProcess() : Cluster.of(sessions.context(settings));
    }

    private Preflight preflight(
            TrainingData data, TrainingTask task, SparkOptions spark, Settings settings, Sessions sessions) {
        List<Manifest> manifests = data.datasets().map(Dataset::manifest).toList();
        return Preflight.of(cluster(settings, sessions), manifests, task, spark);
    }

    private GradientSource source(
            TrainingData data, TrainingTask task, SparkOptions spark, Settings settings, Sessions sessions) {
        if (noSpark) {
            int count = ShardThreads.divideShards(task) ? spark.tasks() : wantedThreads();
            return new LocalSource(data, task, count, this::warn);
        }
        return new SparkSource(sessions.context(settings), data, task, spark, sessions.watch(settings), this::warn);
    }

    private void warn(String message) {
        terminal.warn(message);
    }
}
