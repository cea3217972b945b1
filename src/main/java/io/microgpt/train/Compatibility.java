package io.microgpt.train;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.TrainerState;
import io.microgpt.data.Dataset;
import io.microgpt.data.TrainingData;
import io.microgpt.model.GptConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Refuses to go on from a checkpoint of another dataset, tokenizer or architecture, and names the difference. */
public final class Compatibility {
    private Compatibility() {}

    /** Adds what {@link #check} will look for to what a checkpoint keeps. */
    static void save(Map<String, List<Double>> memory, TrainingData data, double replayFraction) {
        data.replayed().ifPresent(older -> memory.put(TrainerState.REPLAY_FRACTION, List.of(replayFraction)));
    }

    /**
     * Checks a checkpoint before anything of the run is touched.
     *
     * @param replayFraction of the documents of a batch; of no account where nothing is replayed
     * @throws IllegalArgumentException with every difference
     */
    public static void check(Checkpoint checkpoint, GptConfig model, TrainingData data, double replayFraction) {
        Dataset dataset = data.own();
        List<String> differences = new ArrayList<>();
        GptConfig saved = checkpoint.model();
        compare(differences, "vocabulary size", saved.vocabularySize(), model.vocabularySize());
        compare(differences, "model.n-embd", saved.nEmbd(), model.nEmbd());
        compare(differences, "model.n-head", saved.nHead(), model.nHead());
        compare(differences, "model.n-layer", saved.nLayer(), model.nLayer());
        compare(differences, "model.block-size", saved.blockSize(), model.blockSize());
        compare(differences, "model.mlp-dim", saved.mlpDim(), model.mlpDim());
        compare(
                differences,
                "tokenizer SHA-256",
                checkpoint.state().tokenizerSha256(),
                dataset.manifest().tokenizerSha256());
        compare(
                differences,
                "dataset fingerprint",
                checkpoint.state().datasetFingerprint(),
                dataset.manifest().fingerprint());
        compare(
                differences,
                "fingerprint of data.replay",
                checkpoint.state().replayFingerprint().orElse("none"),
                data.replayed().map(older -> older.manifest().fingerprint()).orElse("none"));
        List<Double> fraction = checkpoint.state().memory().get(TrainerState.REPLAY_FRACTION);
        if (fraction != null && data.replayed().isPresent()) {
            compare(differences, "data.replay-fraction", fraction.get(0), replayFraction);
        }
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException("the checkpoint of step "
                    + checkpoint.state().step()
                    + " is not one of this training with " + dataset.directory() + ": " + String.join("; ", differences)
                    + ". Give the configuration and data that it was made with, or start a new run with another --out");
        }
    }

    private static void compare(List<String> differences, String name, Object checkpoint, Object here) {
        if (!checkpoint.equals(here)) {
            differences.add(name + " is " + checkpoint + " in the checkpoint and " + here + " here");
        }
    }
}
