package io.microgpt.kernel;

/** Attention over short documents in plain loops. */
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
}
