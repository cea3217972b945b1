package io.microgpt.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Weights and documents for small models. */
public final class TinyModels {
    private TinyModels() {}

    /** {@return weights several times as large as initial ones, so that attention is sharp and no gradient is tiny} */
    public static float[] weights(GptConfig config, long seed) {
        Random random = new Random(seed);
        float[] weights = new float[config.parameters()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (0.4 * random.nextGaussian());
        }
        return weights;
    }

    /** {@return documents of so many positions each} */
    public static List<int[]> documents(GptConfig config, long seed, int... positions) {
        Random random = new Random(seed);
        List<int[]> documents = new ArrayList<>();
        for (int n : positions) {
            documents.add(random.ints(n + 1L, 0, config.vocabularySize()).toArray());
        }
        return documents;
    }

    /** {@return the rows of documents, one after another} */
    static Sequences sequences(GptConfig config, List<int[]> documents) {
        Sequences sequences = new Sequences(config);
        sequences.run(null, false);
        for (int d = 0; d < documents.size(); d++) {
            sequences.add(documents.get(d), documents.get(d).length, d, 0L);
        }
        return sequences;
    }
}
