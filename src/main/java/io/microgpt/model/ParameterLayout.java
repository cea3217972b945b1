package io.microgpt.model;

import java.util.ArrayList;
import java.util.List;

/**
 * Where each matrix stands in the one flat array of parameters. Gradients and optimizer moments use the same layout.
 * Matrices are row-major {@code [out][in]}, in this order: {@code wte [V,E]}, {@code wpe [B,E]}, {@code lm_head [V,E]}, then
 * for each layer {@code wq wk wv wo [E,E]}, {@code fc1 [M,E]}, {@code fc2 [E,M]}.
 */
public final class ParameterLayout {
    /**
     * One matrix of the model.
     *
     * @param name as in checkpoints: {@code wte}, {@code layers.0.wq}
     * @param offset index of its first element in the flat array
     * @param rows number of outputs (or of embeddings)
     * @param columns number of inputs (or the embedding width)
     */
    public record Matrix(String name, int offset, int rows, int columns) {
        public int size() {
            return rows * columns;
        }
    }

    /** The matrices of one layer. */
    public record Layer(Matrix wq, Matrix wk, Matrix wv, Matrix wo, Matrix fc1, Matrix fc2) {}

    private final Matrix wte;
    private final Matrix wpe;
    private final Matrix lmHead;
    private final List<Layer> layers = new ArrayList<>();
    private final List<Matrix> matrices = new ArrayList<>();
    private int size;

    public ParameterLayout(GptConfig config) {
        int e = config.nEmbd();
        wte = add("wte", config.vocabularySize(), e);
        wpe = add("wpe", config.blockSize(), e);
        lmHead = add("lm_head", config.vocabularySize(), e);
        for (int l = 0; l < config.nLayer(); l++) {
            String prefix = "layers." + l + ".";
            layers.add(new Layer(
                    add(prefix + "wq", e, e),
                    add(prefix + "wk", e, e),
                    add(prefix + "wv", e, e),
                    add(prefix + "wo", e, e),
                    add(prefix + "fc1", config.mlpDim(), e),
                    add(prefix + "fc2", e, config.mlpDim())));
        }
    }

    private Matrix add(String name, int rows, int columns) {
        Matrix matrix = new Matrix(name, size, rows, columns);
        matrices.add(matrix);
        size += matrix.size();
        return matrix;
    }

    public Matrix wte() {
        return wte;
    }

    public Matrix wpe() {
        return wpe;
    }

    public Matrix lmHead() {
        return lmHead;
    }

    public Layer layer(int index) {
        return layers.get(index);
    }

    /** {@return every matrix, in the order of the flat array} */
    public List<Matrix> matrices() {
        return List.copyOf(matrices);
    }

    /** {@return the length of the flat array} */
    public int size() {
        return size;
    }
}
