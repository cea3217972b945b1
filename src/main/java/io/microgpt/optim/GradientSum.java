package io.microgpt.optim;

import io.microgpt.kernel.Kernels;

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

    /** {@return the Euclidean norm of the mean gradient} */
    public double meanNorm(Kernels kernels) {
        return Math.sqrt(kernels.sumOfSquares(gradient, 0, gradient.length)) / positions;
    }
}
