package io.microgpt.spark;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.checkpoint.TrainerState;
import io.microgpt.data.Sha256;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerKind;
import io.microgpt.text.VocabularyOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/** A model of the letters a to d and the space, with a block of 16 positions, that was never trained. */
public final class TinyGpt {
    static final Tokenizer TOKENIZER = TokenizerKind.CHAR.train(
            Map.of("a", 4L, "b", 3L, "c", 2L, "d", 1L, " ", 1L), new VocabularyOptions(true, false, 0));

    private TinyGpt() {}

    /** {@return one with weights of its own for every seed} */
    public static Checkpoint checkpoint(long seed) {
        GptConfig config = new GptConfig(TOKENIZER.vocabularySize(), 8, 2, 1, 16, 32);
        float[] zeros = new float[config.parameters()];
        TrainerState state = new TrainerState(
                seed,
                1,
                1,
                seed,
                "none",
                Optional.empty(),
                Sha256.of(TOKENIZER.toJson()),
                1.0,
                OptionalDouble.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                new TreeMap<>());
        return new Checkpoint(config, Gpt.initialWeights(config, seed), zeros, zeros, state, TOKENIZER.toJson(), "{}");
    }

    /** {@return the directory of a run with checkpoints of these seeds, which are their steps} */
    static String run(Path directory, long... seeds) {
        CheckpointStore store = new CheckpointStore(
                new Configuration(), directory.resolve("checkpoints").toString());
        for (long seed : seeds) {
            store.write(checkpoint(seed));
        }
        return directory.toString();
    }
}
