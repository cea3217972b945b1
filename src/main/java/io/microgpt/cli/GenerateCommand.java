package io.microgpt.cli;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.Models;
import io.microgpt.checkpoint.WeightsHash;
import io.microgpt.cli.ValueRule.Texts;
import io.microgpt.data.DatasetException;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Weights;
import io.microgpt.spark.complete.GenerateJob;
import io.microgpt.spark.complete.GenerateOptions;
import io.microgpt.spark.complete.PromptCompleter;
import io.microgpt.spark.input.InputTable;
import io.microgpt.spark.tasks.BroadcastModel;
import io.microgpt.text.TokenizerJson;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Completions of one prompt, here and now, or of a dataset of prompts by Spark. */
@Command(
        name = "generate",
        description = "Completes one prompt, or a file or dataset of prompts.",
        mixinStandardHelpOptions = true)
final class GenerateCommand implements Callable<Integer> {
    /** Keys of the group {@code generate} with which a job that died may go on otherwise. */
    private static final Set<ConfigKey> WITHOUT_EFFECT = Set.of(
            ConfigKey.GENERATE_PROMPT, ConfigKey.GENERATE_CACHE_MEGABYTES, ConfigKey.GENERATE_MAX_ERROR_FRACTION);

    @Mixin
    private ConfigOptions options;

    @Option(names = "--model", paramLabel = "RUN_OR_CHECKPOINT", required = true, description = "what generates")
    private String model;

    @Option(names = "--best", description = "the checkpoint with the lowest test loss instead of the newest")
    private boolean best;

    @ArgGroup(multiplicity = "1")
    private Source source;

    /** Exactly one of the two. */
    private static final class Source {
        @Option(
                names = "--prompt",
                paramLabel = "TEXT",
                description = "one prompt; may be empty where documents have a beginning")
        private String prompt;

        @Option(
                names = "--prompts",
                paramLabel = "PATH",
                description = "prompts: text (a line each), JSON lines, CSV or Parquet")
        private String prompts;
    }

    @Option(
            names = "--out",
            paramLabel = "PATH",
            description =
                    "directory for the completions of --prompts: a new one, or that of a run which died and is to go on")
    private String out;

    @Option(names = "--format", paramLabel = "FORMAT", description = "of --out: jsonl (default), parquet or csv")
    private String format = "jsonl";

    @Option(
            names = "--prompts-format",
            paramLabel = "FORMAT",
            description = "text, jsonl, csv or parquet; default: by the name's ending, else text")
    private String promptsFormat;

    @Option(names = "--column", paramLabel = "NAME", description = "column of the prompts (default: prompt)")
    private String column = "prompt";

    @Option(names = "--temperature", description = "0 is greedy; wins over generate.temperature")
    private Double temperature;

    @Option(names = "--top-k", description = "wins over generate.top-k")
    private Integer topK;

    @Option(names = "--top-p", description = "wins over generate.top-p")
    private Double topP;

    @Option(names = "--min-p", description = "wins over generate.min-p")
    private Double minP;

    @Option(names = "--repetition-penalty", description = "wins over generate.repetition-penalty")
    private Double repetitionPenalty;

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "a completion ends before it; several times for several texts; wins over generate.stop")
    private List<String> stop = List.of();

    @Option(names = "--max-tokens", description = "wins over generate.max-tokens")
    private Integer maxTokens;

    @Option(names = "--samples", description = "completions a prompt; wins over generate.samples")
    private Integer samples;

    @Option(names = "--seed", description = "wins over generate.seed")
    private Long seed;

    @Option(
            names = "--seed-column",
            paramLabel = "NAME",
            description = "column of --prompts with a seed a row; where it is null, generate.seed holds")
    private String seedColumn;

    private final Terminal terminal = Terminal.standard();

    @Override
    public Integer call() throws Exception {
        Configuration hadoop = SparkSessions.hadoop();
        if (source.prompts != null) {
            requireOut(hadoop);
        }
        Checkpoint checkpoint = Models.load(hadoop, model, best, this::warn);
        Settings settings = settings(hadoop, checkpoint);
        PromptCompleter.Options generate = Resolved.generate(settings);
        KernelProvider.Chosen kernels = KernelProvider.choose(generate.kernels());
        if (kernels.degraded()) {
            warn(kernels.reason());
        }
        return source.prompt != null ? one(checkpoint, generate) : many(checkpoint, generate, settings);
    }

    private void requireOut(Configuration hadoop) {
        if (out == null) {
            throw new IllegalArgumentException("--prompts needs --out PATH, a new directory for the completions");
        }
        GenerateJob.requireUsable(hadoop, new GenerateJob.Output(out, format));
    }

    private Settings settings(Configuration hadoop, Checkpoint checkpoint) {
        Settings.Builder builder =
                Settings.builder().config(checkpoint.configJson(), "the configuration in the checkpoint");
        builder.set(
                ConfigKey.GENERATE_SAMPLES.path() + "=1"); // what the training showed at its end is not asked for here
        options.addTo(builder, hadoop);
        override(builder, ConfigKey.GENERATE_TEMPERATURE, temperature, "--temperature");
        override(builder, ConfigKey.GENERATE_TOP_K, topK, "--top-k");
        override(builder, ConfigKey.GENERATE_TOP_P, topP, "--top-p");
        override(builder, ConfigKey.GENERATE_MIN_P, minP, "--min-p");
        override(builder, ConfigKey.GENERATE_REPETITION_PENALTY, repetitionPenalty, "--repetition-penalty");
        override(builder, ConfigKey.GENERATE_STOP, stop.isEmpty() ? null : Texts.literal(stop), "--stop");
        override(builder, ConfigKey.GENERATE_MAX_TOKENS, maxTokens, "--max-tokens");
        override(builder, ConfigKey.GENERATE_SAMPLES, samples, "--samples");
        override(builder, ConfigKey.GENERATE_SEED, seed, "--seed");
        return builder.build();
    }

    private static void override(Settings.Builder builder, ConfigKey key, Object value, String origin) {
        if (value != null) {
            builder.override(key, value, origin);
        }
    }

    private int one(Checkpoint checkpoint, PromptCompleter.Options generate) {
        PromptCompleter completer = new PromptCompleter(
                new Weights(
                        checkpoint.model(),
                        checkpoint.weights(),
                        KernelProvider.choose(generate.kernels()).kernels()),
                TokenizerJson.parse(checkpoint.tokenizerJson(), model),
                generate);
        for (PromptCompleter.Result result :
                completer.complete(List.of(source.prompt)).get(0)) {
            if (result.error() != null) {
                throw new IllegalArgumentException(result.error());
            }
            System.out.println(source.prompt + result.text());
        }
        return 0;
    }

    private int many(Checkpoint checkpoint, PromptCompleter.Options generate, Settings settings) throws Exception {
        try (Sessions sessions = new Sessions("generate", terminal);
                BroadcastModel loaded = BroadcastModel.of(sessions.spark(settings), checkpoint, model)) {
            String sha256 = WeightsHash.sha256Hex(checkpoint.weights());
            GenerateJob job = new GenerateJob(
                    sessions.spark(settings),
                    new GenerateJob.Input(source.prompts, promptsFormat()),
                    new GenerateJob.Output(out, format));
            GenerateOptions how = new GenerateOptions(column, Optional.ofNullable(seedColumn), generate);
            GenerateJob.Report report = sessions.watched(
                    "completing " + source.prompts,
                    settings,
                    () -> job.run(loaded, sha256, how, identity(settings), new GenerateProgress(terminal)));
            if (report.found() > 0) {
                terminal.print(Summaries.format("%,d parts were there from a run before", report.found()));
            }
            System.out.println(
                    Summaries.format("%,d completions in %s: %s", report.completions(), out, report.reasons()));
            requireFewErrors(report, settings.number(ConfigKey.GENERATE_MAX_ERROR_FRACTION));
        }
        return 0;
    }

    /** What decides the completions, in the words of the configuration. */
    private static Map<String, String> identity(Settings settings) {
        Map<String, String> identity = new TreeMap<>();
        for (ConfigKey key : ConfigKey.inGroup("generate")) {
            if (!WITHOUT_EFFECT.contains(key)) {
                identity.put(key.path(), settings.shown(key));
            }
        }
        return identity;
    }

    private void requireFewErrors(GenerateJob.Report report, double most) {
        if (report.errors() == 0) {
            return;
        }
        String errors = Summaries.format(
                "%,d of %,d prompts could not be served; their rows say why in the column error",
                report.errors(), report.prompts());
        if (report.errors() > most * report.prompts()) {
            throw new DatasetException(out + ": " + errors + ". These are more than generate.max-error-fraction = "
                    + most + " allows; the output is whole");
        }
        System.out.println(errors);
    }

    private String promptsFormat() {
        return promptsFormat != null ? promptsFormat : InputTable.format(source.prompts);
    }

    private void warn(String message) {
        terminal.warn(message);
    }
}
