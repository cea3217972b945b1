package io.microgpt.cli;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.Models;
import io.microgpt.data.Dataset;
import io.microgpt.data.DatasetException;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.Sha256;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Weights;
import io.microgpt.spark.prepare.Preparation;
import io.microgpt.spark.score.Choices;
import io.microgpt.spark.score.Contamination;
import io.microgpt.spark.score.DocumentLosses;
import io.microgpt.spark.score.RankJob;
import io.microgpt.spark.score.Ranking;
import io.microgpt.spark.training.ScoreJob;
import io.microgpt.text.TokenizerJson;
import io.microgpt.text.VocabularyExtension;
import io.microgpt.train.PartScore;
import io.microgpt.train.ShardScorer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Train and test loss of a model, and how overfitted it is. */
@Command(
        name = "evaluate",
        description =
                "Measures train and test loss, perplexity, bits per character and top-1 accuracy, and how overfitted a"
                        + " model is.",
        mixinStandardHelpOptions = true)
final class EvaluateCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options;

    @Mixin
    private RankOptions ranking;

    @Option(names = "--model", paramLabel = "RUN_OR_CHECKPOINT", required = true, description = "what to evaluate")
    private String model;

    @Option(names = "--best", description = "the checkpoint with the lowest test loss instead of the newest")
    private boolean best;

    @Option(
            names = "--data",
            paramLabel = "PATH",
            description = "a prepared dataset, or text, which is then encoded with the model's tokenizer;"
                    + " default: the dataset of the training")
    private String data;

    @Option(
            names = "--per-document",
            paramLabel = "OUT",
            description =
                    "also write loss, perplexity and accuracy of every document, or what the rows of --rank got, as JSON"
                            + " lines")
    private String perDocument;

    @Option(
            names = "--contamination",
            description =
                    "also count the test documents that stand in the training text, exactly or up to white space and"
                            + " case, and show a few")
    private boolean contamination;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Option(
            names = "--no-spark",
            description = "scores the dataset in this process without Spark, to the same bits; what else is asked for"
                    + " still uses an embedded one")
    private boolean noSpark;

    private final Terminal terminal = Terminal.standard();

    @Override
    public Integer call() throws Exception {
        ranking.check();
        if (ranking.given() && (data != null || contamination)) {
            throw new IllegalArgumentException(
                    "--rank scores rows instead of a dataset: leave --data and --contamination away");
        }
        Configuration hadoop = SparkSessions.hadoop();
        Checkpoint checkpoint = Models.load(hadoop, model, best, this::warn);
        Settings settings = settings(hadoop, checkpoint);
        try (Sessions sessions = new Sessions("evaluate", terminal)) {
            requireAbsent(hadoop, perDocument);
            warnOfSlowKernels(settings);
            if (ranking.given()) {
                return sessions.watched(
                        "ranking " + ranking.file, settings, () -> rank(checkpoint, settings, sessions));
            }
            String path = data != null ? data : trainedOn(hadoop, settings);
            if (Dataset.exists(hadoop, path)) {
                evaluate(hadoop, checkpoint, Dataset.open(hadoop, path), settings, sessions);
            } else {
                evaluateText(hadoop, checkpoint, path, settings, sessions);
            }
        }
        return 0;
    }

    private Settings settings(Configuration hadoop, Checkpoint checkpoint) {
        Settings.Builder builder =
                Settings.builder().config(checkpoint.configJson(), "the configuration in the checkpoint");
        options.addTo(builder, hadoop);
        return builder.build();
    }

    private static void requireAbsent(Configuration hadoop, String out) throws IOException {
        if (out != null && new Path(out).getFileSystem(hadoop).exists(new Path(out))) {
            throw new IllegalArgumentException(out + ": exists already; give another --per-document or remove it");
        }
    }

    /** {@return the dataset inside the run, or the one that the training was given} */
    private String trainedOn(Configuration hadoop, Settings settings) throws IOException {
        for (Path path = new Path(model); path != null; path = path.getParent()) {
            String inside = new RunDirectory(hadoop, path.toString()).dataset();
            if (Dataset.exists(hadoop, inside)) {
                return inside;
            }
            if (new Path(inside).getFileSystem(hadoop).exists(new RunDirectory(hadoop, path.toString()).config())) {
                break;
            }
        }
        return settings.text(ConfigKey.DATA_PATH);
    }

    /** Text is prepared as the training's was, with the model's tokenizer, in a directory that goes away again. */
    private void evaluateText(
            Configuration hadoop, Checkpoint checkpoint, String path, Settings settings, Sessions sessions)
            throws Exception {
        Path scratch = new Path(model, ".evaluate-" + java.util.UUID.randomUUID());
        FileSystem fs = scratch.getFileSystem(hadoop);
        try {
            Preparation preparation = new Preparation(
                    sessions.spark(settings),
                    Resolved.prepare(settings, path),
                    Optional.of(TokenizerJson.parse(checkpoint.tokenizerJson(), model)));
            Summaries.prepared(
                            sessions.watched("preparing " + path, settings, () -> preparation.run(scratch.toString())),
                            path)
                    .forEach(terminal::print);
            evaluate(hadoop, checkpoint, Dataset.open(hadoop, scratch.toString()), settings, sessions);
        } finally {
            fs.delete(scratch, true);
        }
    }

    private void evaluate(
            Configuration hadoop, Checkpoint checkpoint, Dataset dataset, Settings settings, Sessions sessions)
            throws Exception {
        Manifest manifest = dataset.manifest();
        requireTokens(checkpoint, dataset);
        if (data == null && !manifest.fingerprint().equals(checkpoint.state().datasetFingerprint())) {
            throw new DatasetException(dataset.directory()
                    + ": is not the dataset that the model was trained on (fingerprint " + manifest.fingerprint()
                    + ", not " + checkpoint.state().datasetFingerprint() + "); name what to evaluate on with --data");
        }
        if (manifest.blockSize() > checkpoint.model().blockSize()) {
            throw new DatasetException(dataset.directory() + ": has documents of up to " + manifest.blockSize()
                    + " positions, over the model's block size of "
                    + checkpoint.model().blockSize()
                    + "; give the text itself as --data");
        }
        PartScore train = score(Part.TRAIN, checkpoint, dataset, settings, sessions);
        PartScore test = score(Part.TEST, checkpoint, dataset, settings, sessions);
        Optional<Contamination> found = contamination
                ? Optional.of(
                        contamination(training(hadoop, checkpoint, dataset, settings), dataset, settings, sessions))
                : Optional.empty();
        EvaluationReport report = new EvaluationReport(
                model,
                checkpoint.state().step(),
                dataset.directory().toString(),
                train,
                test,
                found,
                replayed(hadoop, checkpoint, dataset, settings, sessions));
        List<String> lines = new ArrayList<>(report.lines());
        Summaries.best(checkpoint.state()).ifPresent(lines::add);
        print(report.json(), lines);
        if (perDocument != null) {
            sessions.watched("scoring the documents", settings, () -> {
                DocumentLosses.rows(sessions.spark(settings), dataset, checkpoint, Resolved.kernels(settings))
                        .write()
                        .json(perDocument);
                return null;
            });
            terminal.print("losses of all documents in " + perDocument);
        }
    }

    private static Contamination contamination(
            Dataset training, Dataset evaluated, Settings settings, Sessions sessions) throws Exception {
        return sessions.watched(
                "looking for test documents in the training text",
                settings,
                () -> Contamination.of(sessions.spark(settings), training, evaluated));
    }

    /** {@return the dataset that the model was trained on}, in which the test documents of another are looked for */
    private Dataset training(Configuration hadoop, Checkpoint checkpoint, Dataset evaluated, Settings settings)
            throws IOException {
        String fingerprint = checkpoint.state().datasetFingerprint();
        if (evaluated.manifest().fingerprint().equals(fingerprint)) {
            return evaluated;
        }
        String path = trainedOn(hadoop, settings);
        if (!Dataset.exists(hadoop, path)) {
            throw new DatasetException(path + ": the dataset of the training is not there any more, in which"
                    + " --contamination looks for the test documents; leave --contamination away");
        }
        Dataset training = Dataset.open(hadoop, path);
        if (!training.manifest().fingerprint().equals(fingerprint)) {
            throw new DatasetException(
                    path + ": is not the dataset that the model was trained on, in which --contamination looks for the"
                            + " test documents (fingerprint "
                            + training.manifest().fingerprint() + ", not " + fingerprint
                            + "); leave --contamination away");
        }
        return training;
    }

    /** A dataset of an older vocabulary will do, if the model's has tokens more: the ids of the older ones are the same. */
    private void requireTokens(Checkpoint checkpoint, Dataset dataset) {
        String tokenizer = Sha256.of(checkpoint.tokenizerJson());
        String sha256 = dataset.manifest().tokenizerSha256();
        if (!tokenizer.equals(sha256)) {
            VocabularyExtension.difference(
                            TokenizerJson.parse(dataset.tokenizerJson(), dataset.directory() + "/" + Dataset.TOKENIZER),
                            TokenizerJson.parse(checkpoint.tokenizerJson(), model))
                    .ifPresent(difference -> {
                        throw new DatasetException(dataset.directory() + ": was made with the tokenizer " + sha256
                                + ", the model with " + tokenizer + " (" + difference
                                + "); give the text itself as --data, to encode it with the model's");
                    });
        }
    }

    /** {@return how well the model still knows the older dataset that its training replays} */
    private Optional<EvaluationReport.Replayed> replayed(
            Configuration hadoop, Checkpoint checkpoint, Dataset own, Settings settings, Sessions sessions)
            throws IOException {
        if (data != null) {
            return Optional.empty(); // only what is named
        }
        Optional<Dataset> older;
        try {
            older = new EarlierRuns(hadoop, settings, this::warn).replayed(own);
        } catch (DatasetException e) { // its training is over, and what it replayed may be gone
            warn(e.getMessage());
            return Optional.empty();
        }
        return older.map(dataset -> new EvaluationReport.Replayed(
                dataset.directory().toString(), score(Part.TEST, checkpoint, dataset, settings, sessions)));
    }

    private void warnOfSlowKernels(Settings settings) {
        KernelProvider.Chosen chosen = KernelProvider.choose(Resolved.kernels(settings));
        if (chosen.degraded()) {
            warn(chosen.reason());
        }
    }

    private PartScore score(Part part, Checkpoint checkpoint, Dataset dataset, Settings settings, Sessions sessions) {
        KernelProvider.Choice choice = Resolved.kernels(settings);
        if (!noSpark) {
            return ScoreJob.of(
                    sessions.context(settings),
                    dataset,
                    part,
                    checkpoint,
                    choice,
                    Resolved.spark(settings),
                    sessions.watch(settings));
        }
        Kernels kernels = KernelProvider.choose(choice).kernels();
        return ShardScorer.part(dataset, part, new Weights(checkpoint.model(), checkpoint.weights(), kernels));
    }

    private int rank(Checkpoint checkpoint, Settings settings, Sessions sessions) {
        RankJob job = new RankJob(sessions.spark(settings), checkpoint, Resolved.kernels(settings));
        List<String> choices = ranking.choices;
        org.apache.spark.sql.Dataset<Row> rows = (choices == null
                        ? job.losses(ranking.file, ranking.column(), ranking.template())
                        : job.choices(ranking.file, ranking.column(), ranking.template(), choices))
                .persist(StorageLevel.MEMORY_AND_DISK());
        long step = checkpoint.state().step();
        RankReport report = choices == null
                ? RankReport.of(model, step, ranking, Ranking.of(rows, ranking.label, ranking.positive))
                : RankReport.of(model, step, ranking, Choices.of(rows, ranking.label, choices));
        print(report.json(), report.lines());
        if (perDocument != null) {
            rows.write().option("ignoreNullFields", false).json(perDocument);
            terminal.print("all rows in " + perDocument);
        }
        return 0;
    }

    private void print(String object, List<String> lines) {
        if (json) {
            System.out.println(object);
        } else {
            lines.forEach(System.out::println);
        }
    }

    private void warn(String message) {
        terminal.warn(message);
    }
}
