package io.microgpt.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.microgpt.model.GptConfig;

/** A {@link GptConfig} as JSON. */
final class Architecture {
    private Architecture() {}

    static ObjectNode render(GptConfig model) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("vocabulary_size", model.vocabularySize())
                .put("n_embd", model.nEmbd())
                .put("n_head", model.nHead())
                .put("n_layer", model.nLayer())
                .put("block_size", model.blockSize())
                .put("mlp_dim", model.mlpDim());
    }

    static GptConfig parse(JsonFields fields) {
        int vocabularySize = dimension(fields, "vocabulary_size");
        int nEmbd = dimension(fields, "n_embd");
        int nHead = dimension(fields, "n_head");
        int nLayer = dimension(fields, "n_layer");
        int blockSize = dimension(fields, "block_size");
        int mlpDim = dimension(fields, "mlp_dim");
        // In doubles, since the product of hostile dimensions wraps around even in 64 bits and may come out small.
        double parameters = (2.0 * vocabularySize + blockSize) * nEmbd + nLayer * (4.0 * nEmbd + 2.0 * mlpDim) * nEmbd;
        if (parameters > Integer.MAX_VALUE) {
            throw fields.damage("the architecture " + Json.brief(fields.node()) + " has " + parameters
                    + " parameters, at most " + Integer.MAX_VALUE + " fit one array");
        }
        try {
            return new GptConfig(vocabularySize, nEmbd, nHead, nLayer, blockSize, mlpDim);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(fields.path(), e.getMessage(), e);
        }
    }

    private static int dimension(JsonFields fields, String name) {
        return (int) fields.integer(name, 1, Integer.MAX_VALUE);
    }
}
