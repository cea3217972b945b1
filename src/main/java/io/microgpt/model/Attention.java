package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/**
 * Causal attention of one document, head by head, with scale {@code 1 / sqrt(E / H)}. What the mask hides is skipped in blocks of
 * rows. The weights of a row are not kept for the backward pass but computed again, which costs less than keeping them.
 */
final class Attention {
    /** Rows that go through a matrix product together. */
    static final int ROWS = 8;

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

    /** @param start first row of the document in {@code qkv} (R, 3E) and {@code out} (R, E) */
    void forward(float[] qkv, float[] out, int start, int length, Workspace w) {
        for (int head = 0; head < heads; head++) {
            weights(qkv, start, length, head, w);
            int v = start * 3 * e + 2 * e + head * size;
            for (int t0 = 0; t0 < length; t0 += ROWS) {
                int rows = Math.min(ROWS, length - t0);
                int o = (start + t0) * e + head * size;
                // What all rows of the block see is one product; each row goes on alone over the rest that it sees.
                // An element of the result so takes exactly the products of its own row, in order, as in decoding.
                kernels.matmul(rows, size, t0 + 1, w.scores, t0 * length, length, 1, qkv, v, 3 * e, out, o, e, false);
                for (int i = 1; i < rows; i++) {
                    int p = (t0 + i) * length + t0 + 1;
                    int rest = v + (t0 + 1) * 3 * e;
                    kernels.matmul(1, size, i, w.scores, p, length, 1, qkv, rest, 3 * e, out, o + i * e, e, true);
                }
            }
        }
    }

    /** Leaves the attention weights of one head in {@code w.scores} (T, T), with zeros where the mask hides. */
    private void weights(float[] qkv, int start, int length, int head, Workspace w) {
        products(qkv, start * 3 * e + head * size, 3 * e, qkv, start * 3 * e + e + head * size, length, w, w.scores);
        for (int t = 0; t < length; t++) {
            int row = t * length;
            Rows.softmax(kernels, w.scores, row, t + 1, scale);
            java.util.Arrays.fill(w.scores, row + t + 1, row + length, 0.0f);
        }
    }

    /** {@code out[t][s] = a[t] . b[s]} of one head for {@code s <= t} (and a little more, up to the block's end). */
    private void products(
            float[] a, int aOffset, int aRow, float[] b, int bOffset, int length, Workspace w, float[] out) {
        float[] transposed = w.transposedHead;
        for (int s = 0; s < length; s++) {
            for (int i = 0; i < size; i++) {
                transposed[i * length + s] = b[bOffset + s * 3 * e + i];
            }
        }
        for (int t0 = 0; t0 < length; t0 += ROWS) {
            int rows = Math.min(ROWS, length - t0);
            int ai = aOffset + t0 * aRow;
            kernels.matmul(
                    rows, t0 + rows, size, a, ai, aRow, 1, transposed, 0, length, out, t0 * length, length, false);
        }
    }

    /** @param dOut gradient of {@link #forward}'s result (R, E); the gradient of q, k and v is left in {@code dQkv} */
    void backward(float[] qkv, float[] dOut, float[] dQkv, int start, int length, Workspace w) {
        for (int head = 0; head < heads; head++) {
            int q = start * 3 * e + head * size;
            int k = q + e;
            int v = k + e;
            int o = start * e + head * size;
            weights(qkv, start, length, head, w);
            products(dOut, o, e, qkv, v, length, w, w.dScores);
            for (int t = 0; t < length; t++) {
                int row = t * length;
                kernels.softmaxBackward(w.scores, row, w.dScores, row, t + 1, scale);
                java.util.Arrays.fill(w.dScores, row + t + 1, row + length, 0.0f);
            }
            for (int t0 = 0; t0 < length; t0 += ROWS) {
                int rows = Math.min(ROWS, length - t0);
                int seen = t0 + rows;
                int later = length - t0;
                int at = t0 * 3 * e;
                // Rows t0.. see columns up to seen; columns t0.. are seen by rows from t0 on.
                kernels.matmul(
                        rows, size, seen, w.dScores, t0 * length, length, 1, qkv, k, 3 * e, dQkv, q + at, 3 * e, false);
                int corner = t0 * length + t0;
                kernels.matmul(
                        rows, size, later, w.dScores, corner, 1, length, qkv, q + at, 3 * e, dQkv, k + at, 3 * e,
                        false);
                kernels.matmul(
                        rows,
                        size,
                        later,
                        w.scores,
                        corner,
                        1,
                        length,
                        dOut,
                        o + t0 * e,
                        e,
                        dQkv,
                        v + at,
                        3 * e,
                        false);
            }
        }
    }
}
