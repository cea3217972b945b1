package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PanelKernels;
import io.microgpt.kernel.Panels;
import io.microgpt.random.CounterRandom;

/**
 * Inverted dropout (Srivastava et al., 2014) of the attention weights and of both residual branches of a layer. What is dropped is a function of the
 * document's key, of the place in the model, of the position and of the column alone, so that it is the same in any group of rows; and the
 * backward pass asks for it again instead of keeping it. One thread at a time.
 */
final class Dropout {
    /** Branches of a layer, as places behind its heads. */
    static final int ATTENTION = 0;

    static final int MLP = 1;
    private static final int BRANCHES = 2;

    private final PanelKernels kernels;
    private final int e;
    private final int heads;
    private final float rate;
    private long[] keys = {}; // of rows

    Dropout(GptConfig config, Kernels kernels, float rate) {
        this.kernels = kernels.panels();
        this.e = config.nEmbd();
        this.heads = config.nHead();
        this.rate = rate;
    }

    /** {@return the share of elements that is dropped} */
    float rate() {
        return rate;
    }

    /** What a branch adds to the residual stream, or its gradient: from {@code x} (R, E) to {@code y} (R, E), which may be the same array. */
    void residual(Sequences s, int layer, int branch, float[] x, float[] y) {
        ensure(s.rows());
        for (int d = 0; d < s.count(); d++) {
            keys(place(s.key(d), layer, heads + branch), s.start(d), s.length(d));
        }
        kernels.dropout(x, y, s.rows(), e, keys, rate);
    }

    /** {@return the keys of the positions of a document for the attention weights, head after head; until the next call} */
    long[] attention(long document, int layer, int length) {
        ensure(heads * length);
        for (int head = 0; head < heads; head++) {
            keys(place(document, layer, head), head * length, length);
        }
        return keys;
    }

    private void ensure(int rows) {
        int padded = Panels.count(rows) * Panels.ROWS;
        if (keys.length < padded) {
            keys = new long[padded];
        }
    }

    private void keys(long place, int from, int length) {
        for (int t = 0; t < length; t++) {
            keys[from + t] = CounterRandom.absorb(place, t);
        }
    }

    private long place(long document, int layer, int index) {
        return CounterRandom.absorb(document, (long) layer * (heads + BRANCHES) + index);
    }
}
