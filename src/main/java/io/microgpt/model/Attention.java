package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PanelKernels;

/**
 * Causal attention of every document, with scale {@code 1 / sqrt(E / H)}. For the backward pass the weights of short
 * documents are kept, those of longer ones computed again.
 */
final class Attention {
    /** Documents of up to so many positions keep their attention weights for the backward pass. */
    static final int KEPT = 64;

    private final PanelKernels kernels;
    private final int e;
    private final int heads;
    private final float scale;

    Attention(GptConfig config, Kernels kernels) {
        this.kernels = kernels.panels();
        this.e = config.nEmbd();
        this.heads = config.nHead();
        this.scale = Rows.attentionScale(config);
    }

    /** {@return floats of the attention weights that a document keeps in each layer} */
    static long kept(int heads, int length) {
        return length <= KEPT ? (long) heads * PanelKernels.attentionWeights(length) : 0;
    }

    /**
     * From {@code w.qkv} to {@code w.attended}; keeps the attention weights that are few, before dropout.
     *
     * @param dropout null for none
     */
    void forward(int layer, Sequences s, Dropout dropout, Workspace w) {
        float rate = dropout == null ? 0.0f : dropout.rate();
        int at = 0;
        for (int d = 0; d < s.count(); d++) {
            int length = s.length(d);
            long[] keys = dropout == null ? null : dropout.attention(s.key(d), layer, length);
            float[] kept = length <= KEPT ? w.attentionWeights[layer] : null;
            float[] out = w.attended[layer];
            kernels.attention(w.qkv[layer], e, heads, s.start(d), length, scale, keys, rate, kept, at, out);
            at += (int) kept(heads, length);
        }
    }

    /** From {@code w.dh}, the gradient of {@link #forward}'s result, that of queries, keys and values in {@code w.dQkv}. */
    void backward(int layer, Sequences s, Dropout dropout, Workspace w) {
        float rate = dropout == null ? 0.0f : dropout.rate();
        int at = 0;
        for (int d = 0; d < s.count(); d++) {
            int length = s.length(d);
            long[] keys = dropout == null ? null : dropout.attention(s.key(d), layer, length);
            float[] kept = length <= KEPT ? w.attentionWeights[layer] : null;
            float[] qkv = w.qkv[layer];
            kernels.attentionBackward(qkv, e, heads, s.start(d), length, scale, keys, rate, kept, at, w.dh, w.dQkv);
            at += (int) kept(heads, length);
        }
    }
}
