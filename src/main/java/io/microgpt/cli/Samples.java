package io.microgpt.cli;

import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import io.microgpt.spark.complete.PromptCompleter;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.util.Arrays;
import java.util.List;

/** Completions that show what a model has learned. Their randomness is a function of the configuration alone. */
final class Samples {
    private static final int COUNT = 10;
    private static final int CONTINUOUS_COUNT = 1;
    private static final int CONTINUOUS_TOKENS = 400;
    private static final int CONTINUOUS_PROMPT = 8;
    /** At an evaluation, which the training waits for. */
    private static final int FEW = 3;

    private static final int FEW_TOKENS = 64;

    private final GptConfig model;
    private final Tokenizer tokenizer;
    private final PromptCompleter.Options options;
    private final boolean continuous;
    private final String prompt;

    Samples(GptConfig model, Dataset dataset, Settings settings) {
        this.model = model;
        tokenizer = TokenizerJson.parse(dataset.tokenizerJson(), dataset.directory() + "/" + Dataset.TOKENIZER);
        options = Resolved.generate(settings);
        continuous = tokenizer.boundary().isEmpty();
        prompt = settings.optionalText(ConfigKey.GENERATE_PROMPT)
                .orElseGet(() -> continuous ? beginning(dataset, tokenizer) : "");
    }

    /** {@return what a trained model writes} */
    List<String> atEnd(float[] weights) {
        return complete(
                weights,
                options.maxTokens() == 0 && continuous ? CONTINUOUS_TOKENS : options.maxTokens(),
                options.samples() > 1 ? options.samples() : continuous ? CONTINUOUS_COUNT : COUNT);
    }

    /** {@return what a model writes on its way: little, so that the training is not held up} */
    List<String> onTheWay(float[] weights) {
        int most = options.maxTokens() == 0 ? FEW_TOKENS : Math.min(FEW_TOKENS, options.maxTokens());
        return complete(weights, most, FEW);
    }

    private List<String> complete(float[] weights, int maxTokens, int count) {
        PromptCompleter.Options some = new PromptCompleter.Options(
                options.sampling(),
                maxTokens,
                options.stop(),
                count,
                options.seed(),
                0, // one prompt, whatever the limit of a task's many
                options.kernels());
        Weights packed = new Weights(
                model, weights, KernelProvider.choose(options.kernels()).kernels());
        return new PromptCompleter(packed, tokenizer, some)
                .complete(List.of(prompt)).get(0).stream()
                        .map(result -> result.error() == null
                                ? prompt + result.text()
                                : "no sample for generate.prompt: " + result.error())
                        .toList();
    }

    /** Continuous text has no token to begin with: the first words of the first training document serve. */
    private static String beginning(Dataset dataset, Tokenizer tokenizer) {
        int shard = 0;
        while (dataset.manifest().train().get(shard).documents() == 0) {
            shard++;
        }
        int[] tokens = dataset.shard(Part.TRAIN, shard).document(0);
        return tokenizer.decode(Arrays.copyOf(tokens, Math.min(tokens.length, CONTINUOUS_PROMPT)));
    }
}
