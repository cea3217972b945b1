package io.microgpt.model;

/**
 * Floating-point operations that the mathematics needs, a multiply-add being two: products with weights and attention.
 * Embeddings, norms, softmax and the optimizer are not counted.
 */
public final class Flops {
    private Flops() {}

    /** {@return operations of the forward pass of a document of so many positions; the backward pass has twice as many} */
    public static double forward(GptConfig model, double positions) {
        double e = model.nEmbd();
        double layer = 4 * e * e + 2 * e * model.mlpDim();
        double weights = model.vocabularySize() * e + model.nLayer() * layer;
        // Each position's scores and its weighted sum of values, over the positions up to its own.
        double attention = model.nLayer() * 2 * 2 * e * positions * (positions + 1) / 2;
        return 2 * weights * positions + attention;
    }
}
