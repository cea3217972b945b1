package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PackedMatrix;
import io.microgpt.model.ParameterLayout.Layer;
import io.microgpt.model.ParameterLayout.Matrix;

/** The matrices of a model laid out for decoding, which reads them once for every few rows. */
public final class PackedWeights {
    private final PackedMatrix[] qkv; // L of (3E, E)
    private final PackedMatrix[] wo; // L of (E, E)
    private final PackedMatrix[] fc1; // L of (M, E)
    private final PackedMatrix[] fc2; // L of (E, M)
    private final PackedMatrix lmHead; // (V, E)

    PackedWeights(GptConfig config, ParameterLayout layout, float[] flat, Kernels kernels) {
        int layers = config.nLayer();
        this.qkv = new PackedMatrix[layers];
        this.wo = new PackedMatrix[layers];
        this.fc1 = new PackedMatrix[layers];
        this.fc2 = new PackedMatrix[layers];
        int e = config.nEmbd();
        for (int l = 0; l < layers; l++) {
            Layer layer = layout.layer(l);
            // wq, wk and wv are neighbours in the layout: one matrix [3E][E], one product for q, k and v.
            qkv[l] = packed(layer.wq().offset(), 3 * e, e, flat, kernels);
            wo[l] = packed(layer.wo(), flat, kernels);
            fc1[l] = packed(layer.fc1(), flat, kernels);
            fc2[l] = packed(layer.fc2(), flat, kernels);
        }
        this.lmHead = packed(layout.lmHead(), flat, kernels);
    }

    private static PackedMatrix packed(Matrix matrix, float[] flat, Kernels kernels) {
        return packed(matrix.offset(), matrix.rows(), matrix.columns(), flat, kernels);
    }

    private static PackedMatrix packed(int offset, int out, int in, float[] flat, Kernels kernels) {
        PackedMatrix packed = new PackedMatrix();
        kernels.pack(out, in, flat, offset, packed);
        return packed;
    }

    /** {@return wq, wk and wv as one matrix, (3E, E)} */
    public PackedMatrix qkv(int layer) {
        return qkv[layer];
    }

    /** {@return wo, (E, E)} */
    public PackedMatrix wo(int layer) {
        return wo[layer];
    }

    /** {@return fc1, (M, E)} */
    public PackedMatrix fc1(int layer) {
        return fc1[layer];
    }

    /** {@return fc2, (E, M)} */
    public PackedMatrix fc2(int layer) {
        return fc2[layer];
    }

    /** {@return lm_head, (V, E)} */
    public PackedMatrix lmHead() {
        return lmHead;
    }
}
