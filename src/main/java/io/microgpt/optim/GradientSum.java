package io.microgpt.optim;

/**
 * Gradients and losses summed over positions, not yet divided by anything.
 *
 * @param gradient the sum of gradients, in the layout of the weights
 * @param lossSum the sum of losses, in nats
 * @param positions how many positions are summed
 * @param documents how many documents they come from
 */
public record GradientSum(float[] gradient, double lossSum, long positions, long documents) {
    public double meanLoss() {
        return lossSum / positions;
    }

    /** Divides by the number of positions, in place: the one division of a step. {@return the mean gradient} */
    public float[] mean() {
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] /= positions;
        }
        return gradient;
    }
}
