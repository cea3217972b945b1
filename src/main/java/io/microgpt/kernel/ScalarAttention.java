package io.microgpt.kernel;

/** Attention in plain loops. */
final class ScalarAttention {
    private static final int ROWS = Panels.ROWS;

    private ScalarAttention() {}

    /** Attention weights stand as {@code [panel of t][s][t]}; {@code s} up to the padded length. */
    static void forward(
            float[] qkv,
            int e,
            int head,
            int size,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] out) {
        float[] p = weights == null ? new float[PanelKernels.attentionWeights(length)] : weights;
        int offset = weights == null ? 0 : weightsOffset;
        weights(qkv, e, head, size, start, length, scale, p, offset);
        int value = 2 * e + head * size;
        float[] row = new float[Kernels.padded(length) * ROWS];
        for (int t = 0; t < length; t++) {
            copyRow(p, at(offset, t, length), row, t, length, keys, head, rate);
            int o = Panels.index(start + t, e) + head * size * ROWS;
            for (int d = 0; d < size; d++) {
                float sum = 0.0f;
                for (int s = 0; s < seen(t, length); s++) {
                    sum = Math.fma(qkv[channel(start + s, e, value + d)], row[s * ROWS], sum);
                }
                out[o + d * ROWS] = sum;
            }
        }
    }

    /** The weights of a row, dropped where there are keys. */
    private static void copyRow(float[] p, int at, float[] row, int t, int length, long[] keys, int head, float rate) {
        for (int s = 0; s < seen(t, length); s++) {
            row[s * ROWS] = p[at + s * ROWS];
        }
        if (keys != null) {
            ScalarPanels.dropout(row, 0, row, 0, seen(t, length), keys[head * length + t], rate);
        }
    }

    private static int channel(int row, int e, int channel) {
        return Panels.index(row, 3 * e) + channel * ROWS;
    }

    private static int at(int offset, int t, int length) {
        return offset + t / ROWS * Kernels.padded(length) * ROWS + t % ROWS;
    }

    /** {@return positions that a sum of row {@code t} goes over} */
    private static int seen(int t, int length) {
        return Math.min(length, (t / ROWS + 1) * ROWS);
    }

    private static void weights(
            float[] qkv, int e, int head, int size, int start, int length, float scale, float[] p, int offset) {
        int query = head * size;
        int key = e + head * size;
        for (int t = 0; t < length; t++) {
            int at = at(offset, t, length);
            for (int s = 0; s < seen(t, length); s++) {
                float sum = 0.0f;
                for (int d = 0; d < size; d++) {
                    sum = Math.fma(qkv[channel(start + s, e, key + d)], qkv[channel(start + t, e, query + d)], sum);
                }
                p[at + s * ROWS] = sum;
            }
            ScalarPanels.causalSoftmax(p, at, t + 1, seen(t, length), scale);
        }
    }

    static void backward(
            float[] qkv,
            int e,
            int head,
            int size,
            int start,
            int length,
            float scale,
            long[] keys,
            float rate,
            float[] weights,
            int weightsOffset,
            float[] dOut,
            float[] dQkv) {
        float[] p = weights == null ? new float[PanelKernels.attentionWeights(length)] : weights;
        int offset = weights == null ? 0 : weightsOffset;
        if (weights == null) {
            weights(qkv, e, head, size, start, length, scale, p, offset);
        }
        float[] ds = new float[PanelKernels.attentionWeights(length)];
        int query = head * size;
        int key = e + query;
        int value = 2 * e + query;
        for (int t = 0; t < length; t++) {
            int at = at(0, t, length);
            int seen = seen(t, length);
            int o = Panels.index(start + t, e) + head * size * ROWS;
            for (int s = 0; s < seen; s++) {
                float sum = 0.0f;
                for (int d = 0; d < size; d++) {
                    sum = Math.fma(qkv[channel(start + s, e, value + d)], dOut[o + d * ROWS], sum);
                }
                ds[at + s * ROWS] = sum;
            }
            int pi = at(offset, t, length);
            if (keys != null) {
                ScalarPanels.dropout(ds, at, ds, at, seen, keys[head * length + t], rate);
            }
            ScalarPanels.causalSoftmaxBackward(p, pi, ds, at, t + 1, seen, scale);
            if (keys != null) { // nobody needs the weights as they were any more
                ScalarPanels.dropout(p, pi, p, pi, seen, keys[head * length + t], rate);
            }
            for (int d = 0; d < size; d++) {
                float sum = 0.0f;
                for (int s = 0; s < seen; s++) {
                    sum = Math.fma(qkv[channel(start + s, e, key + d)], ds[at + s * ROWS], sum);
                }
                dQkv[channel(start + t, e, query + d)] = sum;
            }
        }
        for (int s = 0; s < length; s++) {
            for (int d = 0; d < size; d++) {
                float dk = 0.0f;
                float dv = 0.0f;
                for (int t = s / ROWS * ROWS; t < length; t++) {
                    int o = Panels.index(start + t, e) + (head * size + d) * ROWS;
                    dk = Math.fma(qkv[channel(start + t, e, query + d)], ds[at(0, t, length) + s * ROWS], dk);
                    dv = Math.fma(dOut[o], p[at(offset, t, length) + s * ROWS], dv);
                }
                dQkv[channel(start + s, e, key + d)] = dk;
                dQkv[channel(start + s, e, value + d)] = dv;
            }
        }
    }

    static void overCache(
            ScalarKernels kernels,
            float[] q,
            int qOffset,
            int heads,
            int size,
            float scale,
            float[][] pages,
            int layer,
            int positions,
            float[] scores,
            float[] out,
            int outOffset) {
        int width = CachePage.POSITIONS;
        int e = heads * size;
        int padded = Kernels.padded(positions);
        for (int head = 0; head < heads; head++) {
            for (int t = 0; t < positions; t++) {
                int key = CachePage.keys(layer, e) + head * size * width + t % width;
                float sum = 0.0f;
                for (int d = 0; d < size; d++) {
                    sum = Math.fma(q[qOffset + head * size + d], pages[t / width][key + d * width], sum);
                }
                scores[head * padded + t] = sum;
            }
        }
        for (int head = 0; head < heads; head++) {
            kernels.softmax(scores, head * padded, positions, scale);
        }
        for (int j = 0; j < e; j++) {
            int value = CachePage.values(layer, e) + j / width * width * width + j % width;
            float sum = 0.0f;
            for (int t = 0; t < positions; t++) {
                sum = Math.fma(scores[j / size * padded + t], pages[t / width][value + t % width * width], sum);
            }
            out[outOffset + j] = sum;
        }
    }
}
