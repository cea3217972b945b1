package io.microgpt.spark.complete;

import io.microgpt.data.ContentHash;
import io.microgpt.generate.Completion;
import io.microgpt.generate.Completions;
import io.microgpt.generate.Generator;
import io.microgpt.generate.Sampling;
import io.microgpt.generate.StopRule;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Weights;
import io.microgpt.text.Tokenizer;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * Prompts of text to completions of text, in this thread. The randomness of a prompt comes from its own content and its seed, so that its
 * completions do not depend on the rows beside it.
 */
public final class PromptCompleter {
    private final Tokenizer tokenizer;
    private final Generator generator;
    private final Options options;
    private final StopStrings stop;

    /**
     * What holds for all prompts.
     *
     * @param maxTokens the most new tokens; 0 goes on until the document ends or the block is full
     * @param stop texts before which a completion ends
     * @param samples completions a prompt
     * @param seed of prompts that have none of their own
     * @param cacheMegabytes the most memory for keys and values; 0 is no limit
     */
    public record Options(
            Sampling sampling,
            int maxTokens,
            List<String> stop,
            int samples,
            long seed,
            int cacheMegabytes,
            KernelProvider.Choice kernels)
            implements Serializable {
        public Options {
            stop = List.copyOf(stop);
        }

        /** Without texts to stop at, and with the usual memory. */
        public Options(Sampling sampling, int maxTokens, int samples, long seed, KernelProvider.Choice kernels) {
            this(sampling, maxTokens, List.of(), samples, seed, Generator.CACHE_MEGABYTES, kernels);
        }
    }

    /**
     * One completion, or why there is none.
     *
     * @param sample its number among those of the prompt, from 0
     * @param text null where there is an error
     * @param meanLogProbability NaN without tokens
     * @param finish {@code stop}, {@code length} or {@code error}
     * @param error null where there is none
     */
    public record Result(int sample, String text, int tokens, double meanLogProbability, String finish, String error) {}

    /** A row with the completions of its prompt, or with one result that is an error. */
    public record Completed<R>(R row, List<Result> results) {}

    public PromptCompleter(Weights weights, Tokenizer tokenizer, Options options) {
        this.tokenizer = tokenizer;
        this.options = options;
        this.stop = new StopStrings(tokenizer, options.stop());
        this.generator = new Generator(
                weights,
                new Generator.Options(
                        options.sampling(),
                        options.maxTokens(),
                        tokenizer.boundary(),
                        options.stop().isEmpty() ? StopRule.NEVER : stop,
                        options.cacheMegabytes()));
    }

    /** {@return for each prompt its completions, or one result with an error}; a prompt may be null, which is an error. */
    public List<List<Result>> complete(List<String> prompts) {
        List<List<Result>> results = new ArrayList<>();
        complete(prompts.iterator(), prompt -> prompt, prompt -> options.seed())
                .forEachRemaining(completed -> results.add(completed.results()));
        return results;
    }

    /**
     * {@return the rows in their order, each with its completions} Rows are taken as they are needed, some of them ahead of the first that
     * is not yet done.
     *
     * @param text the prompt of a row; null is an error, as is an {@link IllegalArgumentException}
     * @param seed the seed of a row in the place of the one of the options; likewise
     */
    public <R> Iterator<Completed<R>> complete(Iterator<R> rows, Function<R, String> text, ToLongFunction<R> seed) {
        Completions<R> completions = generator.complete(rows, row -> prompt(text.apply(row), seed.applyAsLong(row)));
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return completions.hasNext();
            }

            @Override
            public Completed<R> next() {
                Completions.Completed<R> next = completions.next();
                List<Result> results = new ArrayList<>();
                for (Completion completion : next.completions()) {
                    results.add(result(results.size(), completion));
                }
                return new Completed<>(next.item(), results);
            }
        };
    }

    private Generator.Prompt prompt(String text, long seed) {
        if (text == null) {
            throw new IllegalArgumentException("the prompt is null");
        }
        long own = ContentHash.of(text.getBytes(StandardCharsets.UTF_8), seed).high();
        return new Generator.Prompt(tokenizer.encode(text), own, options.samples());
    }

    private Result result(int sample, Completion completion) {
        boolean failed = completion.finish() == Completion.Finish.ERROR;
        return new Result(
                sample,
                failed ? null : stop.text(completion),
                completion.tokens().length,
                completion.meanLogProbability(),
                completion.finish().key(),
                completion.error());
    }
}
