package io.microgpt.model;

import io.microgpt.model.ParameterLayout.Matrix;

/**
 * The parameters of one step, with the transposes that the forward products read ({@code [in][out]}, so that outputs are
 * adjacent). Made once a step and shared by all documents; the flat array itself is not copied.
 */
public final class Weights {
    private static final int TILE = 16;

    final GptConfig config;
    final ParameterLayout layout;
    final float[] flat;
    final float[][] qkv; // L of (E, 3E)
    final float[][] wo; // L of (E, E)
    final float[][] fc1; // L of (E, M)
    final float[][] fc2; // L of (M, E)
    final float[] lmHead; // (E, V)

    /**
     * @param flat the parameters in the order of {@link ParameterLayout}; not to be changed while this object is used
     * @throws IllegalArgumentException if the length is not that of the layout
     */
    public Weights(GptConfig config, float[] flat) {
        this.config = config;
        this.layout = new ParameterLayout(config);
        this.flat = flat;
        if (flat.length != layout.size()) {
            throw new IllegalArgumentException(
                    flat.length + " weights for a model of " + layout.size() + " parameters (" + config + ")");
        }
        int layers = config.nLayer();
        qkv = new float[layers][];
        wo = new float[layers][];
        fc1 = new float[layers][];
        fc2 = new float[layers][];
        for (int l = 0; l < layers; l++) {
            ParameterLayout.Layer layer = layout.layer(l);
            // wq, wk and wv are neighbours in the layout: one matrix [3E][E], one product for q, k and v.
            qkv[l] = transposed(layer.wq().offset(), 3 * config.nEmbd(), config.nEmbd());
            wo[l] = transposed(layer.wo());
            fc1[l] = transposed(layer.fc1());
            fc2[l] = transposed(layer.fc2());
        }
        lmHead = transposed(layout.lmHead());
    }

    public GptConfig config() {
        return config;
    }

    /** {@return the transpose of wq, wk and wv as one matrix, (E, 3E)} */
    public float[] qkv(int layer) {
        return qkv[layer];
    }

    /** {@return the transpose of wo, (E, E)} */
    public float[] wo(int layer) {
        return wo[layer];
    }

    /** {@return the transpose of fc1, (E, M)} */
    public float[] fc1(int layer) {
        return fc1[layer];
    }

    /** {@return the transpose of fc2, (M, E)} */
    public float[] fc2(int layer) {
        return fc2[layer];
    }

    /** {@return the transpose of lm_head, (E, V)} */
    public float[] lmHead() {
        return lmHead;
    }

    private float[] transposed(Matrix matrix) {
        return transposed(matrix.offset(), matrix.rows(), matrix.columns());
    }

    private float[] transposed(int offset, int rows, int columns) {
        float[] result = new float[rows * columns];
        // Tile by tile, so that both sides stay in the first-level cache.
        for (int r0 = 0; r0 < rows; r0 += TILE) {
            int r1 = Math.min(rows, r0 + TILE);
            for (int c0 = 0; c0 < columns; c0 += TILE) {
                int c1 = Math.min(columns, c0 + TILE);
                for (int c = c0; c < c1; c++) {
                    for (int r = r0; r < r1; r++) {
                        result[c * rows + r] = flat[offset + r * columns + c];
                    }
                }
            }
        }
        return result;
    }
}
