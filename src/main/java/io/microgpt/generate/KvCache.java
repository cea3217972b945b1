package io.microgpt.generate;

import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Rows;

/**
 * Keys and values of one sequence, contiguous, for at most one block of positions. Keys stand transposed, so that the
 * scores of a query over all positions are one matrix product with adjacent results.
 */
final class KvCache {
    private final int e;
    private final int heads;
    private final int size;
    private final int capacity;
    private final float scale;
    private final float[][] keys; // L of (E, B)
    private final float[][] values; // L of (B, E)

    KvCache(GptConfig config) {
        e = config.nEmbd();
        heads = config.nHead();
        size = config.headSize();
        capacity = Kernels.padded(config.blockSize());
        scale = Rows.attentionScale(config);
        keys = new float[config.nLayer()][e * capacity];
        values = new float[config.nLayer()][capacity * e];
    }

    /** Stores the key and the value that stand behind the query in a row of {@code qkv} (3E). */
    void store(int layer, int position, float[] qkv, int offset) {
        for (int i = 0; i < e; i++) {
            keys[layer][i * capacity + position] = qkv[offset + e + i];
        }
        System.arraycopy(qkv, offset + 2 * e, values[layer], position * e, e);
    }

    /**
     * Attention of the query in a row of {@code qkv} over the positions up to its own.
     *
     * @param scores scratch (B)
     * @param out the attended values (E) at {@code outOffset}
     */
    void attend(
            Kernels kernels,
            int layer,
            int position,
            float[] qkv,
            int offset,
            float[] scores,
            float[] out,
            int outOffset) {
        int n = position + 1;
        // Whole vectors: what the scores of later positions come to is not looked at.
        int padded = Kernels.padded(n);
        for (int head = 0; head < heads; head++) {
            int at = head * size;
            kernels.matmul(
                    1,
                    padded,
                    size,
                    qkv,
                    offset + at,
                    size,
                    1,
                    keys[layer],
                    at * capacity,
                    capacity,
                    1,
                    scores,
                    0,
                    padded,
                    false);
            kernels.softmax(scores, 0, n, 1, n, 0, padded, scale, null);
            kernels.matmul(1, size, n, scores, 0, n, 1, values[layer], at, e, 1, out, outOffset + at, e, false);
        }
    }
}
