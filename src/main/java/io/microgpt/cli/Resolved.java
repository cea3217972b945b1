package io.microgpt.cli;

import io.microgpt.data.Manifest;
import io.microgpt.generate.Sampling;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.optim.Adam;
import io.microgpt.optim.Schedule;
import io.microgpt.spark.complete.PromptCompleter;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.spark.prepare.PrepareOptions;
import io.microgpt.spark.training.Gather;
import io.microgpt.spark.training.SparkOptions;
import io.microgpt.text.TokenizerKind;
import io.microgpt.train.GuardSettings;
import io.microgpt.train.TrainConfig;
import java.util.Locale;
import java.util.Optional;

/** Settings in the typed words of the packages that use them. */
final class Resolved {
    private Resolved() {}

    static PrepareOptions prepare(Settings s, String input) {
        return new PrepareOptions(
                input,
                InputFormat.ofKey(s.choice(ConfigKey.DATA_FORMAT)),
                s.text(ConfigKey.DATA_COLUMN),
                TokenizerKind.ofKey(s.choice(ConfigKey.DATA_TOKENIZER)),
                s.integer(ConfigKey.DATA_VOCABULARY_SIZE),
                s.integer(ConfigKey.DATA_MIN_COUNT),
                s.choice(ConfigKey.DATA_UNKNOWN).equals("unk"),
                s.number(ConfigKey.DATA_TEST_FRACTION),
                s.integer(ConfigKey.DATA_SHARDS),
                s.integer(ConfigKey.MODEL_BLOCK_SIZE),
                s.choice(ConfigKey.DATA_OVER_LENGTH).equals("chunk"),
                s.integer(ConfigKey.DATA_MAX_DOCUMENT_BYTES),
                s.number(ConfigKey.DATA_MAX_REJECTED_FRACTION),
                s.longInteger(ConfigKey.DATA_SEED));
    }

    /**
     * {@return the model that these settings and this dataset make}
     *
     * @throws IllegalArgumentException if they do not fit each other
     */
    static GptConfig model(Settings s, Manifest dataset, String directory) {
        int blockSize = s.integer(ConfigKey.MODEL_BLOCK_SIZE);
        if (blockSize != dataset.blockSize()) {
            throw new IllegalArgumentException(
                    directory + ": was prepared for model.block-size = " + dataset.blockSize()
                            + ", the configuration says " + blockSize + "; set model.block-size=" + dataset.blockSize()
                            + " or prepare the data again");
        }
        return model(s, dataset.vocabularySize());
    }

    /** {@return the model for a vocabulary}; also what checks the model's keys before there is one. */
    static GptConfig model(Settings s, int vocabularySize) {
        return new GptConfig(
                vocabularySize,
                s.integer(ConfigKey.MODEL_N_EMBD),
                s.integer(ConfigKey.MODEL_N_HEAD),
                s.integer(ConfigKey.MODEL_N_LAYER),
                s.integer(ConfigKey.MODEL_BLOCK_SIZE),
                s.integer(ConfigKey.MODEL_MLP_DIM));
    }

    static TrainConfig train(Settings s, GptConfig model) {
        long steps = s.integer(ConfigKey.TRAIN_STEPS);
        return new TrainConfig(
                model,
                new Adam.Settings(
                        s.number(ConfigKey.OPTIMIZER_BETA1),
                        s.number(ConfigKey.OPTIMIZER_BETA2),
                        s.number(ConfigKey.OPTIMIZER_EPSILON),
                        s.flag(ConfigKey.OPTIMIZER_BIAS_CORRECTION),
                        s.number(ConfigKey.OPTIMIZER_WEIGHT_DECAY)),
                s.number(ConfigKey.OPTIMIZER_CLIP_NORM),
                new Schedule(
                        s.number(ConfigKey.SCHEDULE_BASE_LR),
                        s.integer(ConfigKey.SCHEDULE_WARMUP_STEPS),
                        steps,
                        s.number(ConfigKey.SCHEDULE_MIN_LR)),
                steps,
                s.integer(ConfigKey.TRAIN_BATCH_SIZE),
                s.number(ConfigKey.DATA_REPLAY_FRACTION),
                s.integer(ConfigKey.TRAIN_EVAL_EVERY),
                s.integer(ConfigKey.TRAIN_CHECKPOINT_EVERY),
                s.integer(ConfigKey.TRAIN_KEEP_CHECKPOINTS),
                s.number(ConfigKey.TRAIN_LABEL_SMOOTHING),
                s.longInteger(ConfigKey.TRAIN_SEED),
                kernels(s),
                s.integer(ConfigKey.ENGINE_PATIENCE),
                s.integer(ConfigKey.TRAIN_PATIENCE),
                s.number(ConfigKey.TRAIN_MIN_IMPROVEMENT),
                new GuardSettings(
                        GuardSettings.Action.valueOf(
                                s.choice(ConfigKey.GUARD_ACTION).toUpperCase(Locale.ROOT)),
                        s.integer(ConfigKey.GUARD_WINDOW),
                        s.number(ConfigKey.GUARD_THRESHOLD),
                        s.number(ConfigKey.GUARD_LR_CUT),
                        s.integer(ConfigKey.GUARD_RETRIES)));
    }

    static KernelProvider.Choice kernels(Settings s) {
        return KernelProvider.Choice.valueOf(s.choice(ConfigKey.ENGINE_KERNELS).toUpperCase(Locale.ROOT));
    }

    static SparkOptions spark(Settings s) {
        String gather = s.choice(ConfigKey.ENGINE_GATHER);
        return new SparkOptions(
                s.integer(ConfigKey.ENGINE_TASKS),
                gather.equals("auto")
                        ? Optional.empty()
                        : Optional.of(Gather.valueOf(gather.toUpperCase(Locale.ROOT))));
    }

    static PromptCompleter.Options generate(Settings s) {
        return new PromptCompleter.Options(
                new Sampling(
                        s.number(ConfigKey.GENERATE_TEMPERATURE),
                        s.integer(ConfigKey.GENERATE_TOP_K),
                        s.number(ConfigKey.GENERATE_TOP_P),
                        s.number(ConfigKey.GENERATE_MIN_P),
                        s.number(ConfigKey.GENERATE_REPETITION_PENALTY)),
                s.integer(ConfigKey.GENERATE_MAX_TOKENS),
                s.texts(ConfigKey.GENERATE_STOP),
                s.integer(ConfigKey.GENERATE_SAMPLES),
                s.longInteger(ConfigKey.GENERATE_SEED),
                s.integer(ConfigKey.GENERATE_CACHE_MEGABYTES),
                kernels(s));
    }
}
