package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PanelKernels;

/**
 * Causal attention of every document, head by head, with scale {@code 1 / sqrt(E / H)}. For the backward pass the weights of short
 * documents are kept, those of longer ones computed again.
 */
final class Attention {
    /** Documents of up to so many positions keep their attention weights for the backward pass. */
    static final int KEPT = 64;

    private final PanelKernels kernels;
    private final int e;
    private final int heads;
    private final int size;
    private final float scale;

    Attention(GptConfig config, Kernels kernels) {
        this.kernels = kernels.panels();
        this.e = config.nEmbd();
        this.heads = config.nHead();
        this.size = config.headSize();
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
        int at = 0;
        for (int d = 0; d < s.count(); d++) {
            int length = s.length(d);
            float[] kept = length <= KEPT ? w.attentionWeights[layer] : null;
            for (int head = 0; head < heads; head++) {
                long[] keys = dropout == null ? null : dropout.attention(s.key(d), layer, head, length);
                float rate = dropout == null ? 0.0f : dropout.rate();
                kernels.attention(
                        w.qkv[layer],
                        e,
                        head,
                        size,
                        s.start(d),
                        length,
                        scale,
                        keys,
                        rate,
                        kept,
                        at,
                        w.attended[layer]);
                at += kept == null ? 0 : PanelKernels.attentionWeights(length);
            }
        }
    }

    /** From {@code w.dh}, the gradient of {@link #forward}'s result, that of queries, keys and values in {@code w.dQkv}. */
    void backward(int layer, Sequences s, Dropout dropout, Workspace w) {
        int at = 0;
        for (int d = 0; d < s.count(); d++) {
            int length = s.length(d);
            float[] kept = length <= KEPT ? w.attentionWeights[layer] : null;
            for (int head = 0; head < heads; head++) {
                long[] keys = dropout == null ? null : dropout.attention(s.key(d), layer, head, length);
                float rate = dropout == null ? 0.0f : dropout.rate();
                kernels.attentionBackward(
                        w.qkv[layer], e, head, size, s.start(d), length, scale, keys, rate, kept, at, w.dh, w.dQkv);
                at += kept == null ? 0 : PanelKernels.attentionWeights(length);
            }
        }
    }
}
