package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PackedMatrix;
import io.microgpt.model.ParameterLayout.Layer;
import io.microgpt.model.ParameterLayout.Matrix;

/**
 * The parameters of one step, with the transposes that the forward products read packed for the kernels. Made once a step and
 * shared by all documents; the flat array itself is not copied.
 */
public final class Weights {
    final GptConfig config;
    final ParameterLayout layout;
    float[] flat;
    private final Kernels kernels;
    private final PackedMatrix[] qkv; // L of (E, 3E)
    private final PackedMatrix[] wo; // L of (E, E)
    private final PackedMatrix[] fc1; // L of (E, M)
    private final PackedMatrix[] fc2; // L of (M, E)
    private final PackedMatrix lmHead = new PackedMatrix(); // (E, V)

    /**
     * @param flat the parameters in the order of {@link ParameterLayout}; not to be changed while this object is used
     * @param kernels those that will compute with it
     * @throws IllegalArgumentException if the length is not that of the layout
     */
    public Weights(GptConfig config, float[] flat, Kernels kernels) {
        this.config = config;
        this.layout = new ParameterLayout(config);
        this.kernels = kernels;
        this.qkv = matrices(config.nLayer());
        this.wo = matrices(config.nLayer());
        this.fc1 = matrices(config.nLayer());
        this.fc2 = matrices(config.nLayer());
        set(flat);
    }

    private static PackedMatrix[] matrices(int count) {
        PackedMatrix[] result = new PackedMatrix[count];
        for (int i = 0; i < count; i++) {
            result[i] = new PackedMatrix();
        }
        return result;
    }

    /**
     * Takes other parameters of the same model, or the same array with other values.
     *
     * @throws IllegalArgumentException if the length is not that of the layout
     */
    public void set(float[] parameters) {
        if (parameters.length != layout.size()) {
            throw new IllegalArgumentException(
                    parameters.length + " weights for a model of " + layout.size() + " parameters (" + config + ")");
        }
        flat = parameters;
        int e = config.nEmbd();
        for (int l = 0; l < config.nLayer(); l++) {
            Layer layer = layout.layer(l);
            // wq, wk and wv are neighbours in the layout: one matrix [3E][E], one product for q, k and v.
            pack(layer.wq().offset(), 3 * e, e, qkv[l]);
            pack(layer.wo(), wo[l]);
            pack(layer.fc1(), fc1[l]);
            pack(layer.fc2(), fc2[l]);
        }
        pack(layout.lmHead(), lmHead);
    }

    private void pack(Matrix matrix, PackedMatrix packed) {
        pack(matrix.offset(), matrix.rows(), matrix.columns(), packed);
    }

    /** The transpose of a matrix [out][in]. */
    private void pack(int offset, int out, int in, PackedMatrix packed) {
        kernels.pack(in, out, flat, offset, 1, in, packed);
    }

    /** {@return the kernels that compute with it} */
    public Kernels kernels() {
        return kernels;
    }

    public GptConfig config() {
        return config;
    }

    /** {@return the transpose of wq, wk and wv as one matrix, (E, 3E)} */
    public PackedMatrix qkv(int layer) {
        return qkv[layer];
    }

    /** {@return the transpose of wo, (E, E)} */
    public PackedMatrix wo(int layer) {
        return wo[layer];
    }

    /** {@return the transpose of fc1, (E, M)} */
    public PackedMatrix fc1(int layer) {
        return fc1[layer];
    }

    /** {@return the transpose of fc2, (M, E)} */
    public PackedMatrix fc2(int layer) {
        return fc2[layer];
    }

    /** {@return the transpose of lm_head, (E, V)} */
    public PackedMatrix lmHead() {
        return lmHead;
    }
}
