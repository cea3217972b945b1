package io.microgpt.bench;

import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.model.GptConfig;

/**
 * Floating-point operations that the mathematics needs, a multiply-add being two: products with weights and attention.
 * Embeddings, norms, softmax and the optimizer are not counted.
 */
final class Flops {
    private Flops() {}

    /** {@return operations of the forward pass of a document of so many positions} */
    static double forward(GptConfig model, long positions) {
        double e = model.nEmbd();
        double layer = 4 * e * e + 2 * e * model.mlpDim();
        double weights = model.vocabularySize() * e + model.nLayer() * layer;
        // Each position's scores and its weighted sum of values, over the positions up to its own.
        double attention = model.nLayer() * 2 * 2 * e * positions * (positions + 1) / 2;
        return 2 * weights * positions + attention;
    }

    /** {@return operations of a token, forward and backward (twice forward), on the mean of an epoch} */
    static double trainingPerToken(GptConfig model, Dataset dataset) {
        double sum = 0;
        for (int s = 0; s < dataset.manifest().train().size(); s++) {
            TokenShard shard = dataset.shard(Part.TRAIN, s);
            for (int d = 0; d < shard.documents(); d++) {
                sum += 3 * forward(model, shard.positions(d));
            }
        }
        return sum / dataset.manifest().positions(Part.TRAIN);
    }
}
