package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/**
 * What happens to a single row in the forward pass. Training and decoding with a cache both go through here, so that they
 * have the same bits.
 */
public final class Rows {
    private static final double RMS_EPSILON = 1e-5;

    private Rows() {}

    /** {@code x[offset..] = wte[token] + wpe[position]}, E elements. */
    public static void embedding(Kernels kernels, Weights weights, int token, int position, float[] x, int offset) {
        int e = weights.config.nEmbd();
        System.arraycopy(weights.flat, weights.layout.wte().offset() + token * e, x, offset, e);
        kernels.add(x, offset, weights.flat, weights.layout.wpe().offset() + position * e, e);
    }

    /** {@code y = x / sqrt(mean(x^2) + 1e-5)} for each of {@code rows} rows of E, with the factor kept in {@code r} (rows). */
    public static void normalise(Kernels kernels, float[] x, float[] y, float[] r, int rows, int e) {
        System.arraycopy(x, 0, y, 0, rows * e);
        for (int row = 0; row < rows; row++) {
            double mean = kernels.dot(x, row * e, x, row * e, e) / (double) e;
            r[row] = (float) (1.0 / Math.sqrt(mean + RMS_EPSILON));
            kernels.scale(y, row * e, e, r[row]);
        }
    }

    /** {@return 1 / sqrt(E / H)} */
    public static float attentionScale(GptConfig config) {
        return (float) (1.0 / Math.sqrt(config.headSize()));
    }

    /** Softmax of {@code n} scores times {@code scale}, in place. */
    public static void softmax(Kernels kernels, float[] scores, int offset, int n, float scale) {
        kernels.scale(scores, offset, n, scale);
        float sum = kernels.expSum(scores, offset, n, kernels.max(scores, offset, n));
        kernels.scale(scores, offset, n, 1.0f / sum);
    }
}
