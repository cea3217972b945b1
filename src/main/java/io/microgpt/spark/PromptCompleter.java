package io.microgpt.spark;

import io.microgpt.data.ContentHash;
import io.microgpt.generate.Completion;
import io.microgpt.generate.Generator;
import io.microgpt.generate.Sampling;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Weights;
import io.microgpt.text.Tokenizer;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Prompts of text to completions of text, in this thread. The randomness of a prompt comes from its own content, so that its
 * completions do not depend on the rows beside it.
 */
public final class PromptCompleter {
    /** How many completions the generator is asked for at once; of these, some wait until others have finished. */
    static final int BATCH = 1024;

    private final Tokenizer tokenizer;
    private final Generator generator;
    private final Options options;

    /**
     * What holds for all prompts.
     *
     * @param maxTokens the most new tokens; 0 goes on until the document ends or the block is full
     * @param samples completions a prompt
     */
    public record Options(Sampling sampling, int maxTokens, int samples, long seed, KernelProvider.Choice kernels)
            implements Serializable {}

    /**
     * One completion, or why there is none.
     *
     * @param sample its number among those of the prompt, from 0
     * @param text null where there is an error
     * @param meanLogProbability NaN without tokens
     * @param finish {@code stop}, {@code length} or {@code error}
     * @param error null where there is none
     */
    public record Result(int sample, String text, int tokens, double meanLogProbability, String finish, String error) {
        private static Result failed(String error) {
            return new Result(0, null, 0, Double.NaN, "error", error);
        }
    }

    public PromptCompleter(Weights weights, Tokenizer tokenizer, Options options) {
        this.tokenizer = tokenizer;
        this.options = options;
        this.generator = new Generator(
                weights, new Generator.Options(options.sampling(), options.maxTokens(), tokenizer.boundary()));
    }

    /** {@return for each prompt its completions, or one result with an error}; a prompt may be null, which is an error. */
    public List<List<Result>> complete(List<String> prompts) {
        List<List<Result>> results = new ArrayList<>();
        List<Generator.Prompt> wanted = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            results.add(new ArrayList<>());
            try {
                int[] tokens = encode(prompts.get(i));
                long seed = ContentHash.of(prompts.get(i).getBytes(StandardCharsets.UTF_8), options.seed())
                        .high();
                for (int sample = 0; sample < options.samples(); sample++) {
                    wanted.add(new Generator.Prompt(tokens, seed, sample));
                    places.add(i);
                }
            } catch (IllegalArgumentException e) {
                results.get(i).add(Result.failed(e.getMessage()));
            }
        }
        for (int from = 0; from < wanted.size(); from += BATCH) {
            int to = Math.min(wanted.size(), from + BATCH);
            List<Completion> completions = generator.complete(wanted.subList(from, to));
            for (int i = from; i < to; i++) {
                results.get(places.get(i)).add(result(wanted.get(i).sample(), completions.get(i - from)));
            }
        }
        return results;
    }

    private int[] encode(String prompt) {
        if (prompt == null) {
            throw new IllegalArgumentException("the prompt is null");
        }
        int[] tokens = tokenizer.encode(prompt);
        generator.check(tokens);
        return tokens;
    }

    private Result result(int sample, Completion completion) {
        return new Result(
                sample,
                tokenizer.decode(completion.tokens()),
                completion.tokens().length,
                completion.meanLogProbability(),
                completion.finish().key(),
                null);
    }
}
