package io.microgpt.train;

import io.microgpt.optim.GradientSum;

/**
 * A loss summed over positions, in float64 and in the fixed tree.
 *
 * @param sum in nats
 */
public record LossSum(double sum, long positions, long documents) {
    /** {@return the mean loss in nats a position; NaN without positions} */
    public double mean() {
        return sum / positions;
    }

    public double perplexity() {
        return StrictMath.exp(mean());
    }

    /** {@return the losses of a gradient sum} */
    public static LossSum of(GradientSum sum) {
        return new LossSum(sum.lossSum(), sum.positions(), sum.documents());
    }
}
