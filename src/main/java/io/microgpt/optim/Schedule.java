package io.microgpt.optim;

/**
 * Learning rate by step, counted from 0: linear warm-up {@code base * step / warmup}, then half a cosine down to zero at
 * {@code total}, never below {@code minRate} once the warm-up is over. Past the end it stays where it ended.
 *
 * @param baseRate the peak
 * @param warmupSteps steps of warm-up; 0 starts at the peak
 * @param totalSteps steps of the whole run
 * @param minRate floor of the decay
 */
public record Schedule(double baseRate, long warmupSteps, long totalSteps, double minRate) {
    public double at(long step) {
        if (step < warmupSteps) {
            return baseRate * Math.min(1.0, (double) step / warmupSteps);
        }
        double progress = totalSteps <= warmupSteps
                ? 1.0
                : Math.min(1.0, (double) (step - warmupSteps) / (totalSteps - warmupSteps));
        // StrictMath: the same bits on every processor.
        return Math.max(minRate, baseRate * 0.5 * (1.0 + StrictMath.cos(StrictMath.PI * progress)));
    }
}
