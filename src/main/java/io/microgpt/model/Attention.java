package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/**
 * Causal attention of one document, head by head, with scale {@code 1 / sqrt(E / H)}, in blocks of rows: a block's scores over
 * all that its rows see are held at a time, never {@code T x T}, and what the mask hides from the whole block is skipped. The
 * weights are not kept for the backward pass but computed again, which costs less than keeping them; those of short documents,
 * which have a way of their own, are kept.
 */
final class Attention {
    /** Rows of a block. */
    static final int ROWS = 32;

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
     * @param weights takes the attention weights of short documents (R, H, LANES)
     * @param start first row of the document in {@code qkv} (R, 3E) and {@code out} (R, E)
     */
    void forward(float[] qkv, float[] weights, float[] out, int start, int length, Workspace w) {
        for (int head = 0; head < heads; head++) {
            int q = start * 3 * e + head * size;
            int o = start * e + head * size;
            if (length <= Kernels.LANES) {
                int p = shortWeights(start, head, length);
                kernels.attention(qkv, q, q + e, q + 2 * e, 3 * e, size, length, scale, weights, p, out, o, e);
                continue;
            }
            kernels.pack(size, length, qkv, q + e, 1, 3 * e, w.keysTransposed);
            kernels.pack(length, size, qkv, q + 2 * e, 3 * e, 1, w.values);
            for (int t = 0; t < length; t += ROWS) {
                int rows = Math.min(ROWS, length - t);
                weights(qkv, q, t, rows, w);
                // What the mask hides has weight zero, so an element takes the products of what its row sees, in order.
                kernels.matmul(rows, size, t + rows, w.scores, 0, w.scoresRow, 1, w.values, out, o + t * e, e, false);
            }
        }
    }

    /** {@return where the weights of a short document stand} */
    private int shortWeights(int start, int head, int length) {
        return (start * heads + head * length) * Kernels.LANES;
    }

    /** Leaves the attention weights of rows {@code t..} of one head in {@code w.scores}, with zeros where the mask hides. */
    private void weights(float[] qkv, int q, int t, int rows, Workspace w) {
        int seen = t + rows;
        kernels.matmul(
                rows, seen, size, qkv, q + t * 3 * e, 3 * e, 1, w.keysTransposed, w.scores, 0, w.scoresRow, false);
        kernels.softmax(w.scores, 0, w.scoresRow, rows, t + 1, 1, Workspace.padded(seen), scale, null);
    }

    /** @param dOut gradient of {@link #forward}'s result (R, E); the gradient of q, k and v is left in {@code dQkv} */
    void backward(float[] qkv, float[] weights, float[] dOut, float[] dQkv, int start, int length, Workspace w) {
        for (int head = 0; head < heads; head++) {
            int q = start * 3 * e + head * size;
            int k = q + e;
            int v = k + e;
            int o = start * e + head * size;
            if (length <= Kernels.LANES) {
                int p = shortWeights(start, head, length);
                kernels.attentionBackward(qkv, q, k, v, 3 * e, size, length, scale, weights, p, dOut, o, e, dQkv);
                continue;
            }
            kernels.pack(size, length, qkv, k, 1, 3 * e, w.keysTransposed);
            kernels.pack(size, length, qkv, v, 1, 3 * e, w.valuesTransposed);
            kernels.pack(length, size, qkv, k, 3 * e, 1, w.keys);
            for (int t = 0; t < length; t++) {
                java.util.Arrays.fill(dQkv, k + t * 3 * e, k + t * 3 * e + size, 0.0f);
                java.util.Arrays.fill(dQkv, v + t * 3 * e, v + t * 3 * e + size, 0.0f);
            }
            for (int t = 0; t < length; t += ROWS) {
                int rows = Math.min(ROWS, length - t);
                int seen = t + rows;
                int row = w.scoresRow;
                int qt = q + t * 3 * e;
                int ot = o + t * e;
                weights(qkv, q, t, rows, w);
                kernels.matmul(rows, seen, size, dOut, ot, e, 1, w.valuesTransposed, w.dScores, 0, row, false);
                kernels.softmaxBackward(w.scores, w.dScores, 0, row, rows, t + 1, 1, Workspace.padded(seen), scale);
                kernels.matmul(rows, size, seen, w.dScores, 0, row, 1, w.keys, dQkv, qt, 3 * e, false);
                kernels.matmul(seen, size, rows, w.dScores, 0, 1, row, qkv, qt, 3 * e, 1, dQkv, k, 3 * e, true);
                kernels.matmul(seen, size, rows, w.scores, 0, 1, row, dOut, ot, e, 1, dQkv, v, 3 * e, true);
            }
        }
    }
}
