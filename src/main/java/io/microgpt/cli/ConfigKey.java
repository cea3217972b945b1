package io.microgpt.cli;

import static io.microgpt.cli.ValueRule.choice;
import static io.microgpt.cli.ValueRule.integer;
import static io.microgpt.cli.ValueRule.number;

import io.microgpt.cli.ValueRule.Flag;
import io.microgpt.cli.ValueRule.LongInteger;
import io.microgpt.cli.ValueRule.Text;
import io.microgpt.cli.ValueRule.Texts;
import io.microgpt.generate.Generator;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Every configuration key: its path, what its value may be, its default and its meaning. Defaults, validation, the
 * resolved configuration of a run and the table in the README are all made from here. Keys of one group stand together.
 */
public enum ConfigKey {
    DATA_PATH("data.path", new Text(), null, "file, directory or glob of the input, on any Hadoop file system"),
    DATA_FORMAT(
            "data.format",
            choice("lines", "blocks", "continuous", "jsonl", "csv", "parquet"),
            "lines",
            "what a document is: a line, a block between blank lines, a piece of one continuous text, or a row"),
    DATA_COLUMN("data.column", new Text(), "text", "column that holds the text; for jsonl, csv and parquet"),
    DATA_TOKENIZER(
            "data.tokenizer",
            choice("char", "word", "bpe"),
            "char",
            "what a token is: a character, a word, or bytes merged by byte pair encoding"),
    DATA_TEST_FRACTION(
            "data.test-fraction",
            number().from(0).below(1),
            0.1,
            "share of the documents that is held out for the test; of a continuous text, its last part"),
    DATA_SHARDS(
            "data.shards",
            integer().from(1).upTo(65_536),
            8,
            "fixed logical shards; the most tasks that a step can use"),
    DATA_VOCABULARY_SIZE(
            "data.vocabulary-size",
            integer().from(0),
            0,
            "most tokens in the vocabulary: the word tokenizer keeps the most frequent words, bpe merges bytes until it has so many;"
                    + " 0 = no limit, for bpe 8192"),
    DATA_MIN_COUNT(
            "data.min-count",
            integer().from(1),
            1,
            "how often a word must occur to be in the vocabulary of the word tokenizer; rarer ones are `<unk>`"),
    DATA_UNKNOWN(
            "data.unknown",
            choice("error", "unk"),
            "error",
            "what a character unseen in training is for the char tokenizer: an error or the token `<unk>`"),
    DATA_VOCABULARY(
            "data.vocabulary",
            new Text(),
            null,
            "dataset, run or checkpoint whose vocabulary is kept when text is prepared; tokens that are new come after its own"),
    DATA_REPLAY(
            "data.replay",
            new Text(),
            null,
            "older dataset, prepared, or a run with one, of which a share of every batch is drawn so that a model does not forget it"),
    DATA_REPLAY_FRACTION(
            "data.replay-fraction",
            number().from(0).below(1),
            0.25,
            "share of every batch that is drawn from `data.replay`"),
    DATA_OVER_LENGTH(
            "data.over-length", choice("chunk", "truncate"), "chunk", "what happens to a document over the block size"),
    DATA_MAX_DOCUMENT_BYTES("data.max-document-bytes", integer().from(1), 1_048_576, "larger rows are rejected"),
    DATA_MAX_REJECTED_FRACTION(
            "data.max-rejected-fraction",
            number().from(0).upTo(1),
            0.01,
            "the job fails when a larger share of the rows is rejected"),
    DATA_SEED("data.seed", new LongInteger(), 1L, "seed of the order of the documents and of the train/test split"),

    MODEL_N_EMBD("model.n-embd", integer().from(1).upTo(65_536), 16, "embedding width; a multiple of `model.n-head`"),
    MODEL_N_HEAD("model.n-head", integer().from(1), 4, "attention heads"),
    MODEL_N_LAYER("model.n-layer", integer().from(1), 1, "transformer layers"),
    MODEL_BLOCK_SIZE("model.block-size", integer().from(1), 16, "most positions of a sequence"),
    MODEL_MLP_DIM("model.mlp-dim", integer().from(1), new Multiple(4, MODEL_N_EMBD), "width of the MLP's hidden layer"),
    MODEL_DROPOUT(
            "model.dropout",
            number().from(0).below(1),
            0.0,
            "share of the attention weights and of what each layer adds that a training step drops"),

    OPTIMIZER_BETA1("optimizer.beta1", number().from(0).below(1), 0.85, "decay of Adam's mean of the gradients"),
    OPTIMIZER_BETA2(
            "optimizer.beta2", number().from(0).below(1), 0.99, "decay of Adam's mean of the squared gradients"),
    OPTIMIZER_EPSILON("optimizer.epsilon", number().above(0), 1e-8, "what Adam adds to the denominator"),
    OPTIMIZER_BIAS_CORRECTION(
            "optimizer.bias-correction", new Flag(), true, "whether Adam corrects its means for their start at zero"),
    OPTIMIZER_WEIGHT_DECAY(
            "optimizer.weight-decay", number().from(0), 0.0, "decoupled weight decay, times the learning rate"),
    OPTIMIZER_CLIP_NORM(
            "optimizer.clip-norm", number().from(0), 1.0, "gradients of a larger global norm are scaled down; 0 = off"),

    SCHEDULE_BASE_LR("schedule.base-lr", number().above(0), 0.01, "learning rate after the warm-up"),
    SCHEDULE_WARMUP_STEPS("schedule.warmup-steps", integer().from(0), 100, "steps over which the rate rises from 0"),
    SCHEDULE_MIN_LR("schedule.min-lr", number().from(0), 0.0, "floor of the learning rate"),

    TRAIN_STEPS("train.steps", integer().from(1), 1000, "steps, each one update of the weights"),
    TRAIN_BATCH_SIZE("train.batch-size", integer().from(1), 32, "documents a step"),
    TRAIN_EVAL_EVERY(
            "train.eval-every", integer().from(0), 500, "steps from one evaluation to the next; 0 = only at the end"),
    TRAIN_PATIENCE(
            "train.patience",
            integer().from(0),
            0,
            "evaluations without a lower test loss after which the training ends; 0 = it never ends early"),
    TRAIN_MIN_IMPROVEMENT(
            "train.min-improvement",
            number().from(0),
            0.0,
            "what the test loss must fall by to count as lower for `train.patience`, in nats"),
    TRAIN_CHECKPOINT_EVERY(
            "train.checkpoint-every",
            integer().from(0),
            500,
            "steps from one checkpoint to the next; 0 = only at the end"),
    TRAIN_KEEP_CHECKPOINTS("train.keep-checkpoints", integer().from(1), 3, "newest checkpoints that are kept"),
    TRAIN_LABEL_SMOOTHING(
            "train.label-smoothing",
            number().from(0).below(1),
            0.0,
            "share of the target's probability that is spread over the whole vocabulary"),
    TRAIN_INIT_FROM(
            "train.init-from",
            new Text(),
            null,
            "run or checkpoint whose weights a training begins with, instead of random ones; the optimizer begins anew, and tokens that it"
                    + " does not know begin at random"),
    TRAIN_SEED("train.seed", new LongInteger(), 1L, "seed of the initial weights and of the batches"),
    TRAIN_TENSORBOARD(
            "train.tensorboard",
            new Flag(),
            false,
            "whether a run also writes event files for TensorBoard, in its directory `tensorboard`"),

    GUARD_ACTION(
            "guard.action",
            choice("rollback", "fail"),
            "rollback",
            "what is done about a step whose loss or gradient norm is not finite or jumps far above those before: back to the last good"
                    + " checkpoint with a lower rate, or fail"),
    GUARD_WINDOW(
            "guard.window",
            integer().from(0).upTo(100_000),
            100,
            "recent steps whose spread says what far is; 0 = look only for what is not finite"),
    GUARD_THRESHOLD(
            "guard.threshold",
            number().above(0),
            20.0,
            "how far above their median, in standard deviations estimated by the median absolute deviation"),
    GUARD_LR_CUT(
            "guard.lr-cut",
            number().above(0).upTo(1),
            0.5,
            "what a rollback multiplies the learning rate by, from then on"),
    GUARD_RETRIES("guard.retries", integer().from(0), 3, "most rollbacks of a training; at the next one it fails"),

    ENGINE_KERNELS(
            "engine.kernels",
            choice("auto", "vector", "scalar"),
            "auto",
            "which arithmetic kernels run; the results are the same bits"),
    ENGINE_TASKS(
            "engine.tasks",
            integer().from(0),
            0,
            "Spark tasks a step, at most `data.shards`; the results are the same bits; 0 = Spark's default parallelism"),
    ENGINE_GATHER(
            "engine.gather",
            choice("auto", "direct", "sliced"),
            "auto",
            "how gradients reach the driver: from every task whole, or added up in slices by a shuffle first; `auto` = the faster by size;"
                    + " the results are the same bits"),
    ENGINE_PATIENCE(
            "engine.patience",
            integer().from(1),
            600,
            "seconds that a Spark job may wait without a task running, or a training for storage to take what it writes; then it gives up"),

    GENERATE_TEMPERATURE(
            "generate.temperature", number().from(0), 0.8, "the logits are divided by it before sampling; 0 = greedy"),
    GENERATE_TOP_K("generate.top-k", integer().from(0), 0, "sample among this many most likely tokens; 0 = off"),
    GENERATE_TOP_P(
            "generate.top-p",
            number().above(0).upTo(1),
            1.0,
            "sample among the fewest most likely tokens that have this probability together; 1 = off"),
    GENERATE_MIN_P(
            "generate.min-p",
            number().from(0).upTo(1),
            0.0,
            "leave out tokens with less than this share of the probability of the most likely; 0 = off"),
    GENERATE_REPETITION_PENALTY(
            "generate.repetition-penalty",
            number().above(0),
            1.0,
            "divides positive logits, and multiplies negative ones, of tokens that the prompt or the completion has already; 1 = off"),
    GENERATE_STOP(
            "generate.stop",
            new Texts(),
            List.of(),
            "a completion ends before the first of these texts, such as `[\"\\n\\n\", \"END\"]`"),
    GENERATE_MAX_TOKENS(
            "generate.max-tokens",
            integer().from(0),
            0,
            "most tokens of a completion; 0 = until the boundary or until the block is full"),
    GENERATE_PROMPT(
            "generate.prompt", new Text(), null, "what a training completes at its end, to show what it learned"),
    GENERATE_SAMPLES("generate.samples", integer().from(1), 1, "completions a prompt"),
    GENERATE_SEED("generate.seed", new LongInteger(), 1L, "seed of the sampling"),
    GENERATE_CACHE_MEGABYTES(
            "generate.cache-megabytes",
            integer().from(0),
            Generator.CACHE_MEGABYTES,
            "memory of a task for keys and values; completions wait where it is full; the results are the same bits; 0 = no limit"),
    GENERATE_MAX_ERROR_FRACTION(
            "generate.max-error-fraction",
            number().from(0).upTo(1),
            1.0,
            "a job of completions ends with an error, its output whole, when a larger share of its prompts could not be served");

    /** A default that follows another key. */
    private record Multiple(int factor, ConfigKey key) {}

    private static final Map<String, ConfigKey> BY_PATH =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(ConfigKey::path, Function.identity()));
    private static final List<String> GROUPS =
            Arrays.stream(values()).map(ConfigKey::group).distinct().toList();

    private final String path;
    private final ValueRule rule;
    private final Object defaultValue; // a value that the rule allows, a Multiple, or null for none
    private final String meaning;

    ConfigKey(String path, ValueRule rule, Object defaultValue, String meaning) {
        this.path = path;
        this.rule = rule;
        this.defaultValue = defaultValue;
        this.meaning = meaning;
    }

    /** {@return the key of this path, such as {@code optimizer.weight-decay}} */
    public static Optional<ConfigKey> of(String path) {
        return Optional.ofNullable(BY_PATH.get(path));
    }

    /** {@return the groups of keys, such as {@code optimizer}, in their order} */
    public static List<String> groups() {
        return GROUPS;
    }

    /** {@return the keys of one group, in their order} */
    public static List<ConfigKey> inGroup(String group) {
        return Arrays.stream(values()).filter(key -> key.group().equals(group)).toList();
    }

    /** {@return the whole name, such as {@code optimizer.weight-decay}} */
    public String path() {
        return path;
    }

    /** {@return the part of the path before the dot} */
    public String group() {
        return path.substring(0, path.indexOf('.'));
    }

    /** {@return the part of the path after the dot} */
    public String leaf() {
        return path.substring(path.indexOf('.') + 1);
    }

    /** {@return one line on what the key is for} */
    public String meaning() {
        return meaning;
    }

    /** {@return type and range in words, such as {@code number in [0, 1)}} */
    public String type() {
        return rule.description();
    }

    ValueRule rule() {
        return rule;
    }

    /** {@return the default, given the values of the keys before this one; empty if there is none} */
    Optional<Object> defaultAmong(Map<ConfigKey, Object> values) {
        return defaultValue instanceof Multiple multiple
                ? Optional.of(multiple.factor() * (Integer) values.get(multiple.key()))
                : Optional.ofNullable(defaultValue);
    }

    /** {@return every key as a GitHub table, each line ended by a line feed} */
    public static String markdownTable() {
        StringBuilder table = new StringBuilder("| key | type | default | meaning |\n|---|---|---|---|\n");
        for (ConfigKey key : values()) {
            table.append(
                    "| `%s` | %s | %s | %s |\n".formatted(key.path, key.type(), key.markdownDefault(), key.meaning));
        }
        return table.toString();
    }

    private String markdownDefault() {
        if (defaultValue instanceof Multiple multiple) {
            return multiple.factor() + " x `" + multiple.key().path + "`";
        }
        return defaultValue == null ? "none" : "`" + plain(defaultValue) + "`";
    }

    /** {@return a value as a person writes it and {@link ValueRule#parse} reads it: {@code 1e-8}, not 1.0E-8} */
    static String plain(Object value) {
        if (value instanceof List<?> texts) {
            return Texts.literal(texts);
        }
        return value instanceof Double ? value.toString().replace(".0E", "E").replace('E', 'e') : value.toString();
    }
}
