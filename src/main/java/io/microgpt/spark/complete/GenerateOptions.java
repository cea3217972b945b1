package io.microgpt.spark.complete;

import io.microgpt.generate.Sampling;
import io.microgpt.kernel.KernelProvider;
import java.util.List;
import java.util.Optional;

/**
 * What {@code GptModel.generate} is asked for. {@link #DEFAULTS} and the methods that change one thing of it:
 *
 * <pre>{@code GenerateOptions.DEFAULTS.withColumn("question").withSamples(3).withSeed(7)}</pre>
 *
 * @param column of the prompts
 * @param seedColumn of seeds, integers or texts of integers, in the place of the one of {@code completion}; where it is null, that one holds
 * @param completion how a prompt is completed
 */
public record GenerateOptions(String column, Optional<String> seedColumn, PromptCompleter.Options completion) {
    /** The column {@code prompt}, temperature 0.8, one sample, until the document ends or the block is full; seed 1. */
    public static final GenerateOptions DEFAULTS = new GenerateOptions(
            "prompt",
            Optional.empty(),
            new PromptCompleter.Options(new Sampling(0.8, 0, 1.0), 0, 1, 1L, KernelProvider.Choice.AUTO));

    public GenerateOptions withColumn(String name) {
        return new GenerateOptions(name, seedColumn, completion);
    }

    public GenerateOptions withSeedColumn(String name) {
        return new GenerateOptions(column, Optional.of(name), completion);
    }

    public GenerateOptions withSampling(Sampling sampling) {
        return with(sampling, completion.maxTokens(), completion.stop(), completion.samples(), completion.seed());
    }

    /** {@return the same with at most so many new tokens; 0 goes on until the document ends or the block is full} */
    public GenerateOptions withMaxTokens(int tokens) {
        return with(completion.sampling(), tokens, completion.stop(), completion.samples(), completion.seed());
    }

    /** {@return the same, where a completion ends before the first of these texts} */
    public GenerateOptions withStop(String... texts) {
        return with(
                completion.sampling(), completion.maxTokens(), List.of(texts), completion.samples(), completion.seed());
    }

    /** {@return the same with so many completions a prompt, a row each} */
    public GenerateOptions withSamples(int samples) {
        return with(completion.sampling(), completion.maxTokens(), completion.stop(), samples, completion.seed());
    }

    public GenerateOptions withSeed(long seed) {
        return with(completion.sampling(), completion.maxTokens(), completion.stop(), completion.samples(), seed);
    }

    private GenerateOptions with(Sampling sampling, int maxTokens, List<String> stop, int samples, long seed) {
        return new GenerateOptions(
                column,
                seedColumn,
                new PromptCompleter.Options(
                        sampling, maxTokens, stop, samples, seed, completion.cacheMegabytes(), completion.kernels()));
    }
}
