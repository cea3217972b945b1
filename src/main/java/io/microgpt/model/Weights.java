package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/**
 * The parameters of one model, in the order of {@link ParameterLayout}, and what decoding makes of them when it first asks. The flat array
 * itself is not copied.
 */
public final class Weights {
    final GptConfig config;
    final ParameterLayout layout;
    float[] flat;
    private final Kernels kernels;
    private PackedWeights packed; // null until it is asked for

    /**
     * @param flat the parameters in the order of {@link ParameterLayout}; not to be changed while this object is used
     * @param kernels those that will compute with it
     * @throws IllegalArgumentException if the length is not that of the layout
     */
    public Weights(GptConfig config, float[] flat, Kernels kernels) {
        this.config = config;
        this.layout = new ParameterLayout(config);
        this.kernels = kernels;
        set(flat);
    }

    /**
     * Takes other parameters of the same model, or the same array with other values.
     *
     * @throws IllegalArgumentException if the length is not that of the layout
     */
    public synchronized void set(float[] parameters) {
        if (parameters.length != layout.size()) {
            throw new IllegalArgumentException(
                    parameters.length + " weights for a model of " + layout.size() + " parameters (" + config + ")");
        }
        flat = parameters;
        packed = null;
    }

    /** {@return the matrices as decoding wants them; made once, for all threads} */
    public synchronized PackedWeights packed() {
        if (packed == null) {
            packed = new PackedWeights(config, layout, flat, kernels);
        }
        return packed;
    }

    /** {@return the kernels that compute with it} */
    public Kernels kernels() {
        return kernels;
    }

    public GptConfig config() {
        return config;
    }
}
