package io.microgpt.train;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.model.ParameterLayout;
import io.microgpt.text.TokenizerJson;
import io.microgpt.text.VocabularyExtension;
import java.util.ArrayList;
import java.util.List;

/** The weights of another run as those that a training begins with. */
public final class InitialWeights {
    private InitialWeights() {}

    /**
     * {@return the weights of {@code from}; tokens that its vocabulary does not have get fresh ones, of this seed}
     *
     * @param tokenizerJson of the training, whose vocabulary is the same or has tokens more
     * @throws IllegalArgumentException with every difference of the architecture, or that of the vocabularies
     */
    public static float[] of(Checkpoint from, GptConfig model, long seed, String tokenizerJson) {
        requireSame(from.model(), model);
        VocabularyExtension.difference(
                        TokenizerJson.parse(from.tokenizerJson(), "the tokenizer of train.init-from"),
                        TokenizerJson.parse(tokenizerJson, "the tokenizer of the dataset"))
                .ifPresent(difference -> {
                    throw new IllegalArgumentException(
                            "train.init-from has another vocabulary than the dataset: " + difference
                                    + ". Prepare the data with data.vocabulary = the run of train.init-from, which keeps its tokens and adds"
                                    + " new ones");
                });
        float[] weights = Gpt.initialWeights(model, seed);
        List<ParameterLayout.Matrix> source = new ParameterLayout(from.model()).matrices();
        List<ParameterLayout.Matrix> target = new ParameterLayout(model).matrices();
        for (int i = 0; i < source.size(); i++) { // rows of wte and lm_head are tokens: the new ones are at the end
            System.arraycopy(
                    from.weights(),
                    source.get(i).offset(),
                    weights,
                    target.get(i).offset(),
                    source.get(i).size());
        }
        return weights;
    }

    private static void requireSame(GptConfig from, GptConfig model) {
        List<String> differences = new ArrayList<>();
        compare(differences, "model.n-embd", from.nEmbd(), model.nEmbd());
        compare(differences, "model.n-head", from.nHead(), model.nHead());
        compare(differences, "model.n-layer", from.nLayer(), model.nLayer());
        compare(differences, "model.block-size", from.blockSize(), model.blockSize());
        compare(differences, "model.mlp-dim", from.mlpDim(), model.mlpDim());
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException("train.init-from is another architecture: "
                    + String.join("; ", differences) + ". Set the keys as they were there");
        }
    }

    private static void compare(List<String> differences, String name, int there, int here) {
        if (there != here) {
            differences.add(name + " is " + there + " there and " + here + " here");
        }
    }
}
