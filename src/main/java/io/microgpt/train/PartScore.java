package io.microgpt.train;

import io.microgpt.kernel.Kernels;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import java.io.Serializable;
import java.util.List;

/**
 * How well a model predicts a part of a dataset, or one shard of it: sums over positions.
 *
 * @param lossSum in nats; in float64 and in the fixed tree
 * @param hits at how many positions the token that comes is the one the model finds most likely
 * @param characters code points of the text that the predicted tokens spell. The end of a document is predicted and costs nats, but is
 *     no character; the first token of a continuous text is not predicted, and not counted either
 */
public record PartScore(double lossSum, long positions, long documents, long hits, long characters)
        implements Serializable {
    private static final double LN_2 = StrictMath.log(2.0);
    private static final float[] NO_GRADIENT = {};

    /** {@return the loss alone} */
    public LossSum loss() {
        return new LossSum(lossSum, positions, documents);
    }

    /** {@return the share of the positions where the most likely token, the lowest id of equal ones, is the one that comes} */
    public double accuracy() {
        return (double) hits / positions;
    }

    /** {@return bits to write down a character of the text, the ends of its documents included; NaN without characters} */
    public double bitsPerCharacter() {
        return characters == 0 ? Double.NaN : lossSum / LN_2 / characters;
    }

    /** {@return the sum of all shards of a part, given in their order, in the tree in which training adds them up} */
    public static PartScore total(List<PartScore> shards, Kernels kernels) {
        SumTree tree = new SumTree(shards.size(), kernels);
        long hits = 0;
        long characters = 0;
        boolean empty = true;
        for (int s = 0; s < shards.size(); s++) {
            PartScore shard = shards.get(s);
            boolean none = shard.documents == 0;
            tree.addLeaf(
                    s, none ? null : new GradientSum(NO_GRADIENT, shard.lossSum, shard.positions, shard.documents));
            hits += shard.hits;
            characters += shard.characters;
            empty &= none;
        }
        if (empty) {
            return new PartScore(0.0, 0, 0, 0, 0);
        }
        GradientSum sum = tree.total();
        return new PartScore(sum.lossSum(), sum.positions(), sum.documents(), hits, characters);
    }
}
