package io.microgpt.model;

/**
 * The shape of a model: a decoder-only transformer without biases, gains or a final norm.
 *
 * @param vocabularySize V, the number of token ids
 * @param nEmbd E, the embedding width
 * @param nHead H, the number of attention heads; divides E
 * @param nLayer L, the number of layers
 * @param blockSize B, the longest sequence of positions
 * @param mlpDim M, the width of the MLP's hidden layer
 */
public record GptConfig(int vocabularySize, int nEmbd, int nHead, int nLayer, int blockSize, int mlpDim)
        implements java.io.Serializable {
    public GptConfig {
        positive("vocabulary size", vocabularySize);
        positive("model.n-embd", nEmbd);
        positive("model.n-head", nHead);
        positive("model.n-layer", nLayer);
        positive("model.block-size", blockSize);
        positive("model.mlp-dim", mlpDim);
        if (nEmbd % nHead != 0) {
            throw new IllegalArgumentException(
                    "model.n-embd = " + nEmbd + " is not divisible by model.n-head = " + nHead
                            + ": every head takes an equal share of the embedding. Nearest widths that are: "
                            + (nEmbd > nHead ? nEmbd / nHead * nHead + " and " : "") + (nEmbd / nHead + 1) * nHead);
        }
        long parameters = parameters(vocabularySize, nEmbd, nLayer, blockSize, mlpDim);
        if (parameters > Integer.MAX_VALUE - 64) {
            throw new IllegalArgumentException("a model of " + parameters
                    + " parameters does not fit one array of at most " + (Integer.MAX_VALUE - 64)
                    + "; make model.n-embd, model.n-layer or the vocabulary smaller");
        }
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " = " + value + " must be at least 1");
        }
    }

    private static long parameters(long v, long e, long l, long b, long m) {
        try {
            long layer = Math.addExact(Math.multiplyExact(4 * e, e), Math.multiplyExact(2 * e, m));
            return Math.addExact(Math.multiplyExact(2 * v + b, e), Math.multiplyExact(l, layer));
        } catch (ArithmeticException overflow) {
            return Long.MAX_VALUE;
        }
    }

    /** {@return the number of weights: {@code 2VE + BE + L(4E^2 + 2EM)}} */
    public int parameters() {
        return (int) parameters(vocabularySize, nEmbd, nLayer, blockSize, mlpDim);
    }

    /** {@return E / H, the width of one head} */
    public int headSize() {
        return nEmbd / nHead;
    }
}
