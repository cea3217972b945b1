package io.microgpt.cli;

import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import io.microgpt.spark.PromptCompleter;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.util.Arrays;
import java.util.List;

/** A few completions at the end of a training, to show what it learned. */
final class Samples {
    private static final int COUNT = 10;
    private static final int CONTINUOUS_COUNT = 1;
    private static final int CONTINUOUS_TOKENS = 400;
    private static final int CONTINUOUS_PROMPT = 8;

    private Samples() {}

    static List<String> of(float[] weights, GptConfig model, Dataset dataset, Settings settings) {
        Tokenizer tokenizer =
                TokenizerJson.parse(dataset.tokenizerJson(), dataset.directory() + "/" + Dataset.TOKENIZER);
        boolean continuous = tokenizer.boundary().isEmpty();
        PromptCompleter.Options set = Resolved.generate(settings);
        PromptCompleter.Options options = new PromptCompleter.Options(
                set.sampling(),
                set.maxTokens() == 0 && continuous ? CONTINUOUS_TOKENS : set.maxTokens(),
                set.stop(),
                set.samples() > 1 ? set.samples() : continuous ? CONTINUOUS_COUNT : COUNT,
                set.seed(),
                0, // one prompt, whatever the limit of a task's many
                set.kernels());
        String prompt = settings.optionalText(ConfigKey.GENERATE_PROMPT)
                .orElseGet(() -> continuous ? beginning(dataset, tokenizer) : "");
        Weights packed =
                new Weights(model, weights, KernelProvider.choose(set.kernels()).kernels());
        return new PromptCompleter(packed, tokenizer, options)
                .complete(List.of(prompt)).get(0).stream()
                        .map(result -> result.error() == null
                                ? prompt + result.text()
                                : "no sample for generate.prompt: " + result.error())
                        .toList();
    }

    /** Continuous text has no token to begin with: the first words of the first training document serve. */
    private static String beginning(Dataset dataset, Tokenizer tokenizer) {
        int[] tokens = dataset.shard(Part.TRAIN, 0).document(0);
        return tokenizer.decode(Arrays.copyOf(tokens, Math.min(tokens.length, CONTINUOUS_PROMPT)));
    }
}
