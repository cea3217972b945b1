package io.microgpt.train;

import java.util.OptionalDouble;

/**
 * One step as it is reported, a line of {@code metrics.jsonl}.
 *
 * @param step steps done, this one included
 * @param loss mean training loss of the step's documents before its update, in nats a position
 * @param learningRate of the update
 * @param gradientNorm before clipping
 * @param positions predicted in this step
 * @param millis wall time of the step
 * @param testLoss where the step ended with an evaluation, in nats a position
 * @param replayTestLoss the same of the older dataset, where one is replayed
 */
public record StepReport(
        long step,
        double loss,
        double learningRate,
        double gradientNorm,
        long positions,
        double millis,
        double broadcastMillis,
        double computeMillis,
        double gatherMillis,
        double updateMillis,
        OptionalDouble testLoss,
        OptionalDouble replayTestLoss) {
    public double tokensPerSecond() {
        return positions / (millis * 1e-3);
    }
}
