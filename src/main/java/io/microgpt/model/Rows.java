package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/** What training and decoding with a cache do in the same way, so that they have the same bits. */
public final class Rows {
    private Rows() {}

    /** {@code x[offset..] = wte[token] + wpe[position]}, E elements. */
    public static void embedding(Kernels kernels, Weights weights, int token, int position, float[] x, int offset) {
        int e = weights.config.nEmbd();
        System.arraycopy(weights.flat, weights.layout.wte().offset() + token * e, x, offset, e);
        kernels.add(x, offset, weights.flat, weights.layout.wpe().offset() + position * e, e);
    }

    /** {@return 1 / sqrt(E / H)} */
    public static float attentionScale(GptConfig config) {
        return (float) (1.0 / Math.sqrt(config.headSize()));
    }
}
