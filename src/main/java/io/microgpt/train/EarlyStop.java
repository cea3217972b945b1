package io.microgpt.train;

import io.microgpt.checkpoint.TrainerState;
import java.util.List;
import java.util.Map;

/**
 * Ends a training whose test loss does not fall any more. What it counts is part of a checkpoint, so that a training ends at the same
 * step whether it was resumed or not.
 */
final class EarlyStop {
    private final int patience;
    private final double minImprovement;
    private int waited;
    private double reference;

    /**
     * @param patience evaluations without an improvement after which it is time; 0 for never
     * @param minImprovement in nats; what the test loss must fall by
     * @param memory what a checkpoint remembers; nothing of this at the start
     */
    EarlyStop(int patience, double minImprovement, Map<String, List<Double>> memory) {
        this.patience = patience;
        this.minImprovement = minImprovement;
        restore(memory);
    }

    /** Becomes what it was when {@code memory} was saved. */
    void restore(Map<String, List<Double>> memory) {
        List<Double> saved = memory.getOrDefault(TrainerState.EARLY_STOP, List.of(0.0, Double.POSITIVE_INFINITY));
        waited = saved.get(0).intValue();
        reference = saved.get(1);
    }

    void save(Map<String, List<Double>> memory) {
        memory.put(TrainerState.EARLY_STOP, List.of((double) waited, reference));
    }

    /** Takes a test loss into account. */
    void evaluated(double loss) {
        if (loss < reference - minImprovement) {
            reference = loss;
            waited = 0;
        } else {
            waited++;
        }
    }

    boolean isTime() {
        return patience > 0 && waited >= patience;
    }
}
