package io.microgpt.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.data.Dataset;
import io.microgpt.data.DatasetException;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.Sha256;
import io.microgpt.data.StepPlan;
import io.microgpt.spark.DocumentLosses;
import io.microgpt.spark.Preparation;
import io.microgpt.spark.SparkSource;
import io.microgpt.text.TokenizerJson;
import io.microgpt.train.GradientSource;
import io.microgpt.train.LocalSource;
import io.microgpt.train.LossSum;
import io.microgpt.train.TrainingTask;
import io.microgpt.train.Verdict;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Train and test loss of a model, and how overfitted it is. */
@Command(
        name = "evaluate",
        description = "Measures train and test loss and perplexity, and how overfitted a model is.",
        mixinStandardHelpOptions = true)
final class EvaluateCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options;

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
            description = "also write the loss of every document, as JSON lines")
    private String perDocument;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Option(names = "--no-spark", description = "in this process without Spark, to the same bits")
    private boolean noSpark;

    private final Terminal terminal = Terminal.standard();

    @Override
    public Integer call() throws Exception {
        Configuration hadoop = SparkSessions.hadoop();
        Checkpoint checkpoint = Models.load(hadoop, model, best, this::warn);
        Settings settings = settings(hadoop, checkpoint);
        try (Sessions sessions = new Sessions("evaluate", terminal)) {
            requireAbsent(hadoop, perDocument);
            String path = data != null ? data : trainedOn(hadoop, settings);
            if (Dataset.exists(hadoop, path)) {
                evaluate(checkpoint, Dataset.open(hadoop, path), settings, sessions);
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
            throws IOException {
        Path scratch = new Path(model, ".evaluate-" + java.util.UUID.randomUUID());
        FileSystem fs = scratch.getFileSystem(hadoop);
        try {
            Summaries.prepared(
                            new Preparation(
                                            sessions.spark(settings),
                                            Resolved.prepare(settings, path),
                                            Optional.of(TokenizerJson.parse(checkpoint.tokenizerJson(), model)))
                                    .run(scratch.toString()),
                            path)
                    .forEach(terminal::print);
            evaluate(checkpoint, Dataset.open(hadoop, scratch.toString()), settings, sessions);
        } finally {
            fs.delete(scratch, true);
        }
    }

    private void evaluate(Checkpoint checkpoint, Dataset dataset, Settings settings, Sessions sessions) {
        Manifest manifest = dataset.manifest();
        String tokenizer = Sha256.of(checkpoint.tokenizerJson());
        if (!tokenizer.equals(manifest.tokenizerSha256())) {
            throw new DatasetException(dataset.directory() + ": was made with the tokenizer "
                    + manifest.tokenizerSha256() + ", the model with " + tokenizer
                    + "; give the text itself as --data, to encode it with the model's");
        }
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
        int[] sizes = manifest.shards(Part.TRAIN).stream()
                .mapToInt(Manifest.Shard::documents)
                .toArray();
        TrainingTask task =
                new TrainingTask(checkpoint.model(), StepPlan.ofShards(sizes.length), 0.0, Resolved.kernels(settings));
        try (GradientSource source = noSpark
                ? new LocalSource(dataset, task, this::warn)
                : new SparkSource(
                        sessions.context(settings),
                        dataset,
                        task,
                        Resolved.spark(settings),
                        sessions.watch(settings),
                        this::warn)) {
            LossSum train = source.loss(Part.TRAIN, 1.0, checkpoint.weights());
            LossSum test = source.loss(Part.TEST, 1.0, checkpoint.weights());
            print(checkpoint, dataset, train, test);
        }
        if (perDocument != null) {
            DocumentLosses.rows(sessions.spark(settings), dataset, checkpoint, Resolved.kernels(settings))
                    .write()
                    .json(perDocument);
            terminal.print("losses of all documents in " + perDocument);
        }
    }

    private void print(Checkpoint checkpoint, Dataset dataset, LossSum train, LossSum test) {
        Verdict verdict = Verdict.of(train, test);
        if (json) {
            ObjectNode root = new ObjectMapper().createObjectNode();
            root.put("step", checkpoint.state().step());
            add(root, Part.TRAIN, train);
            add(root, Part.TEST, test);
            root.put("verdict", verdict.key());
            System.out.println(root);
            return;
        }
        System.out.println("model " + model + ", step " + checkpoint.state().step() + "; data " + dataset.directory());
        System.out.println(line("train", train));
        System.out.println(line("test ", test));
        System.out.println(verdict.meaning());
    }

    private static String line(String part, LossSum sum) {
        return sum.positions() == 0
                ? part + "  no documents"
                : Summaries.format(
                        "%s  loss %.4f  perplexity %.4f  %,d documents, %,d positions",
                        part, sum.mean(), sum.perplexity(), sum.documents(), sum.positions());
    }

    private static void add(ObjectNode root, Part part, LossSum sum) {
        ObjectNode node = root.putObject(part.key());
        boolean empty = sum.positions() == 0; // JSON has no NaN
        node.put("loss", empty ? null : sum.mean());
        node.put("perplexity", empty ? null : sum.perplexity());
        node.put("positions", sum.positions());
        node.put("documents", sum.documents());
    }

    private void warn(String message) {
        terminal.warn(message);
    }
}
