package io.microgpt.kernel;

/** Attention in plain loops. */
final class ScalarAttention {
    private static final int LANES = Kernels.LANES;

    private ScalarAttention() {}

    static void forward(
            Kernels kernels,
            float[] qkv,
            int q,
            int k,
            int v,
            int row,
            int size,
            int length,
            float scale,
            float[] p,
            int pOffset,
            float[] out,
            int o,
            int outRow) {
        kernels.matmul(length, length, size, qkv, q, row, 1, qkv, k, 1, row, p, pOffset, LANES, false);
        kernels.softmax(p, pOffset, LANES, length, 1, 1, LANES, scale, null);
        kernels.matmul(length, size, length, p, pOffset, LANES, 1, qkv, v, row, 1, out, o, outRow, false);
    }

    static void backward(
            Kernels kernels,
            float[] qkv,
            int q,
            int k,
            int v,
            int row,
            int size,
            int length,
            float scale,
            float[] p,
            int pOffset,
            float[] dOut,
            int o,
            int outRow,
            float[] dQkv) {
        float[] ds = new float[length * LANES];
        kernels.matmul(length, length, size, dOut, o, outRow, 1, qkv, v, 1, row, ds, 0, LANES, false);
        kernels.softmaxBackward(p, pOffset, ds, 0, LANES, length, 1, 1, LANES, scale);
        kernels.matmul(length, size, length, ds, 0, LANES, 1, qkv, k, row, 1, dQkv, q, row, false);
        kernels.matmul(length, size, length, ds, 0, 1, LANES, qkv, q, row, 1, dQkv, k, row, false);
        kernels.matmul(length, size, length, p, pOffset, 1, LANES, dOut, o, outRow, 1, dQkv, v, row, false);
    }

    static void overCache(
            Kernels kernels,
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
        kernels.softmax(scores, 0, padded, heads, positions, 0, padded, scale, null);
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
