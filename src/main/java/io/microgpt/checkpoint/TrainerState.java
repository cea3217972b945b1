package io.microgpt.checkpoint;

import java.util.Collections;
import java.util.List;
import java.util.Map;
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
    /** In the memory: the evaluations without an improvement, and the loss to improve on. */
    public static final String EARLY_STOP = "early_stop";
    /** In the memory: how many of the documents were of the older dataset. */
    public static final String REPLAYED = "replay.documents";
    /** In the memory: their share of a batch. */
    public static final String REPLAY_FRACTION = "replay.fraction";
    /** In the memory: the loss that a training begins with. */
    public static final String START_LOSS = "guard.start_loss";
    /** In the memory: the step that a training goes back to. */
    public static final String GOOD_STEP = "guard.good_step";
    /** In the memory: how often it went back. */
    public static final String ROLLBACKS = "guard.rollbacks";
    /** In the memory: what its learning rate is multiplied with since. */
    public static final String RATE_FACTOR = "guard.rate_factor";

    /** How many numbers there are of each; of what is not in here, any number. */
    private static final Map<String, Integer> REMEMBERED = Map.of(
            EARLY_STOP, 2, REPLAYED, 1, REPLAY_FRACTION, 1, START_LOSS, 1, GOOD_STEP, 1, ROLLBACKS, 1, RATE_FACTOR, 1);

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
        memory.forEach((name, values) -> {
            int numbers = REMEMBERED.getOrDefault(name, values.size());
            if (values.size() != numbers) {
                throw new IllegalArgumentException(
                        "memory." + name + " has " + values.size() + " numbers, but must have " + numbers);
            }
            copy.put(name, List.copyOf(values));
        });
        memory = Collections.unmodifiableSortedMap(copy);
    }

    private static void notNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " = " + value + " must not be negative");
        }
    }
}
