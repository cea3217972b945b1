package io.microgpt.train;

import io.microgpt.checkpoint.TrainerState;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * Guards a training against divergence: judges each step before its update, and remembers how often the training was rolled back, where
 * to, and by how much its rate is cut. All of it is part of a checkpoint, so that a training decides the same whether it was resumed
 * or not.
 */
final class Guard {
    /** In nats. */
    private static final double LEAST_LOSS_DEVIATION = 0.1;
    /** What a single document may add to it, in nats, divided among those of a batch: a strange document is no divergence. */
    private static final double LEAST_DOCUMENT_DEVIATION = 1.0;
    /** Of the gradient norm's natural logarithm. */
    private static final double LEAST_NORM_DEVIATION = 0.3;

    private static final String LOSSES = "guard.losses";
    private static final String NORMS = "guard.log_norms";

    private final GuardSettings settings;
    private final double leastDeviation; // of the loss
    private final double guessing; // loss
    private final RecentSpread losses;
    private final RecentSpread norms;
    /** Of a model that guesses, or of the first step where that is more: what is learned may have been something else. */
    private double startLoss;

    private long goodStep;
    private int rollbacks;
    private double rateFactor;

    /**
     * @param batchSize documents a step
     * @param vocabularySize V: who guesses has a loss of log V
     * @param step where the training stands
     * @param memory what a checkpoint remembers; nothing of the guard at the start
     */
    Guard(GuardSettings settings, int batchSize, int vocabularySize, long step, Map<String, List<Double>> memory) {
        this.settings = settings;
        leastDeviation = LEAST_LOSS_DEVIATION + LEAST_DOCUMENT_DEVIATION / batchSize;
        losses = new RecentSpread(settings.window(), leastDeviation);
        norms = new RecentSpread(settings.window(), LEAST_NORM_DEVIATION);
        guessing = StrictMath.log(vocabularySize);
        losses.replace(memory.getOrDefault(LOSSES, List.of()));
        norms.replace(memory.getOrDefault(NORMS, List.of()));
        startLoss = first(memory, TrainerState.START_LOSS, Double.POSITIVE_INFINITY);
        goodStep = (long) first(memory, TrainerState.GOOD_STEP, step);
        rollbacks = (int) first(memory, TrainerState.ROLLBACKS, 0.0);
        rateFactor = first(memory, TrainerState.RATE_FACTOR, 1.0);
    }

    private static double first(Map<String, List<Double>> memory, String name, double otherwise) {
        return memory.getOrDefault(name, List.of(otherwise)).get(0);
    }

    /** Adds all that is remembered to what a checkpoint keeps. */
    void save(Map<String, List<Double>> memory) {
        memory.put(TrainerState.START_LOSS, List.of(startLoss));
        memory.put(LOSSES, losses.values());
        memory.put(NORMS, norms.values());
        memory.put(TrainerState.GOOD_STEP, List.of((double) goodStep));
        memory.put(TrainerState.ROLLBACKS, List.of((double) rollbacks));
        memory.put(TrainerState.RATE_FACTOR, List.of(rateFactor));
    }

    /** {@return the learning rate where the schedule says {@code scheduled}} */
    double rate(double scheduled) {
        return scheduled * rateFactor; // exact until the first rollback
    }

    /** {@return what is wrong with a step of this loss and this gradient norm; nothing where it is as good as those before} */
    Optional<String> problem(double loss, double norm) {
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            return Optional.of("the training has diverged");
        }
        if (loss - startLoss > settings.threshold() * leastDeviation && settings.window() > 0) {
            return Optional.of(String.format(
                    Locale.ROOT,
                    "the training has diverged, for the loss lies far above the %.4g of a model that has learned nothing"
                            + " (%.0f deviations, guard.threshold = %s)",
                    startLoss,
                    (loss - startLoss) / leastDeviation,
                    settings.threshold()));
        }
        return jump("the loss", losses, loss, median -> median)
                .or(() -> jump("the gradient norm", norms, logarithm(norm), StrictMath::exp));
    }

    private Optional<String> jump(String what, RecentSpread recent, double value, DoubleUnaryOperator shown) {
        double excess = recent.excess(value);
        return excess > settings.threshold()
                ? Optional.of(String.format(
                        Locale.ROOT,
                        "the training has diverged, for %s lies %.0f deviations above the median of the last %d steps, %.4g (guard.threshold = %s)",
                        what,
                        excess,
                        recent.count(),
                        shown.applyAsDouble(recent.median()),
                        settings.threshold()))
                : Optional.empty();
    }

    /** StrictMath: what the guard decides is the same on every processor. */
    private static double logarithm(double norm) {
        return StrictMath.log(Math.max(norm, Double.MIN_NORMAL));
    }

    /**
     * Takes a step that has no {@link #problem} into account.
     *
     * @param step steps before it
     * @param checkpoint whether a checkpoint of the moment before it is kept: it is good now, because its weights serve
     */
    void accepted(long step, boolean checkpoint, double loss, double norm) {
        if (Double.isInfinite(startLoss)) {
            startLoss = Math.max(guessing, loss);
        }
        losses.add(loss);
        norms.add(logarithm(norm));
        if (checkpoint) {
            goodStep = step;
        }
    }

    /** {@return the step of the checkpoint that a training goes back to; 0 for its start} */
    long goodStep() {
        return goodStep;
    }

    /** {@return whether the training may be rolled back, this time} */
    boolean rollsBack() {
        return settings.action() == GuardSettings.Action.ROLLBACK && rollbacks < settings.retries();
    }

    /**
     * Goes back to what was remembered at a step, but for the rollbacks and their cuts of the rate, and one more.
     *
     * @param step the {@link #goodStep}, or one before it
     * @return what was done, for the user
     */
    String rolledBack(long step, Map<String, List<Double>> memory) {
        goodStep = step;
        losses.replace(memory.getOrDefault(LOSSES, List.of()));
        norms.replace(memory.getOrDefault(NORMS, List.of()));
        rollbacks++;
        rateFactor *= settings.rateCut();
        return String.format(
                Locale.ROOT,
                "Going back to %s, with the learning rate times %.3g from now on (rollback %d of at most %d)",
                goodStep == 0 ? "the start" : "the checkpoint of step " + goodStep,
                rateFactor,
                rollbacks,
                settings.retries());
    }

    /** {@return what happened before a training failed, for the user} */
    String history() {
        return rollbacks == 0 ? "" : rollbacks + " rollbacks (guard.retries) were of no avail. ";
    }
}
