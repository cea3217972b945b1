package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/**
 * Causal attention of one document, head by head, with scale {@code 1 / sqrt(E / H)}, in blocks of rows: a block's scores over
 * all that its rows see are held at a time, never {@code T x T}, and what the mask hides from the whole block is skipped. For the
 * backward pass the weights of short documents are kept, those of longer ones computed again.
 */
final class Attention {
    /** Rows of a block; a multiple of the tile's six. */
    static final int ROWS = 48;
    /** Documents of up to so many positions keep their attention weights for the backward pass. */
    static final int KEPT = 64;

    private final Kernels kernels;
    private final int e;
    private final int heads;
    private final int size;
    private final float scale;

    Attention(GptConfig config, Kernels kernels) {
        this.kernels = kernels;
        this.e = config.nEmbd();
        this.heads = config.nHead();
        this.size = config.headSize();
        this.scale = Rows.attentionScale(config);
    }

    /**
     * Of document {@code d}, from {@code w.qkv} to {@code w.attended}; keeps the attention weights if they are few, before dropout.
     *
     * @param dropout null for none
     */
    void forward(int layer, Sequences s, int d, Dropout dropout, Workspace w) {
        float[] qkv = w.qkv[layer];
        float[] kept = w.attentionWeights[layer];
        float[] out = w.attended[layer];
        int start = s.start(d);
        int length = s.length(d);
        for (int head = 0; head < heads; head++) {
            int q = start * 3 * e + head * size;
            int o = start * e + head * size;
            int first = keptAt(start, head, length);
            if (length <= Kernels.LANES && dropout == null) {
                kernels.attention(qkv, q, q + e, q + 2 * e, 3 * e, size, length, scale, kept, first, out, o, e);
                continue;
            }
            kernels.pack(size, length, qkv, q + e, 1, 3 * e, w.keysTransposed);
            kernels.pack(length, size, qkv, q + 2 * e, 3 * e, 1, w.values);
            boolean keep = length <= KEPT;
            float[] weights = keep ? kept : w.scores;
            int row = keep ? KEPT : w.scoresRow;
            for (int t = 0; t < length; t += ROWS) {
                int rows = Math.min(ROWS, length - t);
                int at = keep ? first + t * row : 0;
                int seen = t + rows;
                weights(qkv, q, t, rows, weights, at, row, w);
                float[] p = weights;
                int pAt = at;
                if (dropout != null) {
                    p = w.dScores;
                    pAt = 0;
                    dropout.attention(s.key(d), layer, head, t, rows, Kernels.padded(seen), weights, at, p, pAt, row);
                }
                // What the mask hides has weight zero, so an element takes the products of what its row sees, in order.
                kernels.matmul(rows, size, seen, p, pAt, row, 1, w.values, out, o + t * e, e, false);
            }
        }
    }

    /** {@return where the weights of a document stand that are kept} */
    private int keptAt(int start, int head, int length) {
        return (start * heads + head * length) * KEPT;
    }

    /** The attention weights of rows {@code t..} of one head, with zeros where the mask hides. */
    private void weights(float[] qkv, int q, int t, int rows, float[] weights, int at, int row, Workspace w) {
        int seen = t + rows;
        kernels.matmul(rows, seen, size, qkv, q + t * 3 * e, 3 * e, 1, w.keysTransposed, weights, at, row, false);
        kernels.softmax(weights, at, row, rows, t + 1, 1, Kernels.padded(seen), scale, null);
    }

    /** From {@code w.dh}, the gradient of {@link #forward}'s result, that of queries, keys and values in {@code w.dQkv}. */
    void backward(int layer, Sequences s, int d, Dropout dropout, Workspace w) {
        float[] qkv = w.qkv[layer];
        float[] kept = w.attentionWeights[layer];
        float[] dOut = w.dh;
        float[] dQkv = w.dQkv;
        int start = s.start(d);
        int length = s.length(d);
        for (int head = 0; head < heads; head++) {
            int q = start * 3 * e + head * size;
            int k = q + e;
            int v = k + e;
            int o = start * e + head * size;
            int p = keptAt(start, head, length);
            if (length <= Kernels.LANES && dropout == null) {
                kernels.attentionBackward(qkv, q, k, v, 3 * e, size, length, scale, kept, p, dOut, o, e, dQkv);
                continue;
            }
            boolean keep = length <= KEPT;
            if (!keep) {
                kernels.pack(size, length, qkv, k, 1, 3 * e, w.keysTransposed);
            }
            kernels.pack(size, length, qkv, v, 1, 3 * e, w.valuesTransposed);
            kernels.pack(length, size, qkv, k, 3 * e, 1, w.keys);
            for (int t = ROWS; t < length; t++) { // the first block writes what it sees, the others add
                java.util.Arrays.fill(dQkv, k + t * 3 * e, k + t * 3 * e + size, 0.0f);
                java.util.Arrays.fill(dQkv, v + t * 3 * e, v + t * 3 * e + size, 0.0f);
            }
            float[] weights = keep ? kept : w.scores;
            int row = keep ? KEPT : w.scoresRow;
            for (int t = 0; t < length; t += ROWS) {
                int rows = Math.min(ROWS, length - t);
                int seen = t + rows;
                int at = keep ? p + t * row : 0;
                int qt = q + t * 3 * e;
                int ot = o + t * e;
                if (!keep) {
                    weights(qkv, q, t, rows, weights, at, row, w);
                }
                int padded = Kernels.padded(seen);
                float[] ds = w.dScores;
                kernels.matmul(rows, seen, size, dOut, ot, e, 1, w.valuesTransposed, ds, 0, row, false);
                if (dropout != null) {
                    dropout.attention(s.key(d), layer, head, t, rows, padded, ds, 0, ds, 0, row);
                }
                kernels.softmaxBackward(weights, at, ds, 0, row, rows, t + 1, 1, padded, scale);
                kernels.matmul(rows, size, seen, ds, 0, row, 1, w.keys, dQkv, qt, 3 * e, false);
                kernels.matmul(seen, size, rows, ds, 0, 1, row, qkv, qt, 3 * e, 1, dQkv, k, 3 * e, t > 0);
                if (dropout != null) { // nobody needs the weights as they were any more
                    dropout.attention(s.key(d), layer, head, t, rows, padded, weights, at, weights, at, row);
                }
                kernels.matmul(seen, size, rows, weights, at, 1, row, dOut, ot, e, 1, dQkv, v, 3 * e, t > 0);
            }
        }
    }
}
