package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.random.CounterRandom;

/**
 * Inverted dropout (Srivastava et al., 2014) of the attention weights and of both residual branches of a layer. What is dropped is a function of the
 * document's key, of the place in the model, of the position and of the column alone, so that it is the same in any group of rows; and the
 * backward pass asks for it again instead of keeping it.
 */
final class Dropout {
    /** Branches of a layer, as places behind its heads. */
    static final int ATTENTION = 0;

    static final int MLP = 1;
    private static final int BRANCHES = 2;

    private final Kernels kernels;
    private final int e;
    private final int heads;
    private final float rate;

    Dropout(GptConfig config, Kernels kernels, float rate) {
        this.kernels = kernels;
        this.e = config.nEmbd();
        this.heads = config.nHead();
        this.rate = rate;
    }

    /** What a branch adds to the residual stream, or its gradient: from {@code x} (R, E) to {@code y} (R, E), which may be the same array. */
    void residual(Sequences s, int layer, int branch, float[] x, float[] y) {
        for (int d = 0; d < s.count(); d++) {
            long place = place(s.key(d), layer, heads + branch);
            for (int t = 0; t < s.length(d); t++) {
                int at = (s.start(d) + t) * e;
                kernels.dropout(x, at, y, at, e, CounterRandom.absorb(place, t), rate);
            }
        }
    }

    /**
     * Attention weights of a block, or their gradients: {@code rows} rows from position {@code t} on, of {@code n} columns each. {@code x} and
     * {@code y} have the same distance of rows and may be the same.
     *
     * @param document the key of the document
     */
    void attention(
            long document,
            int layer,
            int head,
            int t,
            int rows,
            int n,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            int rowDistance) {
        long place = place(document, layer, head);
        for (int i = 0; i < rows; i++) {
            long key = CounterRandom.absorb(place, t + i);
            kernels.dropout(x, xOffset + i * rowDistance, y, yOffset + i * rowDistance, n, key, rate);
        }
    }

    private long place(long document, int layer, int index) {
        return CounterRandom.absorb(document, (long) layer * (heads + BRANCHES) + index);
    }
}
