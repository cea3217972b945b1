package io.microgpt.model;

import java.util.Arrays;

/**
 * What a model makes of the positions of one document, the {@code i}-th of which predicts token {@code i + 1}.
 *
 * @param losses (n) cross-entropy of each target, in nats
 * @param hits (n) whether the target has the largest logit; of equal ones the lowest id is the largest
 */
public record PositionScores(double[] losses, boolean[] hits) {
    static PositionScores copy(double[] losses, boolean[] hits, int from, int to) {
        return new PositionScores(Arrays.copyOfRange(losses, from, to), Arrays.copyOfRange(hits, from, to));
    }

    public int positions() {
        return losses.length;
    }

    /** {@return the loss of the positions from {@code first} on, added one after another, in nats} */
    public double lossSum(int first) {
        double sum = 0.0;
        for (int i = first; i < losses.length; i++) {
            sum += losses[i];
        }
        return sum;
    }

    /** {@return at how many of the positions from {@code first} on the target has the largest logit} */
    public int hits(int first) {
        int count = 0;
        for (int i = first; i < hits.length; i++) {
            count += hits[i] ? 1 : 0;
        }
        return count;
    }
}
