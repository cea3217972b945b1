package io.microgpt.checkpoint;

import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where a training stands after a step, besides its arrays. Every double comes back from a checkpoint to the last bit,
 * infinities and minus zero too; every NaN comes back as the canonical one.
 *
 * @param step the number of steps that are done: training goes on with this one, counted from 0
 * @param documents how many documents were trained on so far, repetitions counted
 * @param positions how many positions were trained on so far, repetitions counted
 * @param seed the seed of the run
 * @param datasetFingerprint what tells the run's dataset from any other
 * @param replayFingerprint the same of the older dataset that is replayed; empty where none is
 * @param tokenizerSha256 what tells the run's tokenizer from any other
 * @param trainLoss the mean loss of the last step, in nats a position
 * @param testLoss the last evaluation's, in nats a position; empty before the first
 * @param bestStep the step with the lowest test loss; empty before the first evaluation
 * @param bestTestLoss that loss, in nats a position
 * @param memory what parts of the loop remember from step to step, by name: the recent losses of the guard, the
 *     patience of early stopping
 */
public record TrainerState(
        long step,
        long documents,
        long positions,
        long seed,
        String datasetFingerprint,
        Optional<String> replayFingerprint,
        String tokenizerSha256,
        double trainLoss,
        OptionalDouble testLoss,
        OptionalLong bestStep,
        OptionalDouble bestTestLoss,
        SortedMap<String, List<Double>> memory) {
    public TrainerState {
        notNegative("step", step);
        notNegative("documents", documents);
        notNegative("positions", positions);
        if (step > StepName.MAX_STEP) {
            throw new IllegalArgumentException("step = " + step + " must be at most " + StepName.MAX_STEP);
        }
        Objects.requireNonNull(datasetFingerprint, "datasetFingerprint");
        Objects.requireNonNull(replayFingerprint, "replayFingerprint");
        Objects.requireNonNull(tokenizerSha256, "tokenizerSha256");
        Objects.requireNonNull(testLoss, "testLoss");
        if (bestStep.isPresent() != bestTestLoss.isPresent()) {
            throw new IllegalArgumentException("bestStep = " + bestStep + " and bestTestLoss = " + bestTestLoss
                    + " must be present together or not at all");
        }
        SortedMap<String, List<Double>> copy = new TreeMap<>();
        memory.forEach((name, values) -> copy.put(name, List.copyOf(values)));
        memory = Collections.unmodifiableSortedMap(copy);
    }

    private static void notNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " = " + value + " must not be negative");
        }
    }
}
