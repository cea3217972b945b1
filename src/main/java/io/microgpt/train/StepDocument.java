package io.microgpt.train;

import java.io.Serializable;

/**
 * One document of a step, by itself.
 *
 * @param shard its number among the training shards
 * @param document its row in the shard, from 0
 * @param positions that it predicts
 * @param lossSum in nats, over its positions
 * @param gradientNorm of the gradient of that sum
 */
public record StepDocument(int shard, int document, int positions, double lossSum, double gradientNorm)
        implements Serializable {
    StepDocument withGradientNorm(double norm) {
        return new StepDocument(shard, document, positions, lossSum, norm);
    }

    boolean finite() {
        return Double.isFinite(lossSum) && Double.isFinite(gradientNorm);
    }

    double meanLoss() {
        return lossSum / positions;
    }
}
