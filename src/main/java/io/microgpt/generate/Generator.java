package io.microgpt.generate;

import io.microgpt.kernel.CachePage;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Completes prompts, several sequences at a time through the same matrix products. What a prompt gets depends on the prompt, the
 * options and its own seed alone, not on what is completed beside it nor on the memory that there is. One thread at a time.
 */
public final class Generator {
    /** What the keys and values of one generator may take unless told otherwise, in megabytes. */
    public static final int CACHE_MEGABYTES = 256;

    /** Prompts that are worked on or done while an earlier one is not: many times as many as advance together. */
    private static final int WINDOW = 1024;
    /** What of the weights and the key-value caches the processor's own cache is taken to hold. */
    private static final long PROCESSOR_CACHE_BYTES = 8 << 20;
    /** Rows of two whole tiles of the matrix products. */
    private static final int FEW = 12;
    /** More do not make the matrix products faster, and each holds a key-value cache. */
    private static final int MANY = 64;

    private final GptConfig config;
    private final Options options;
    private final Decoder decoder;
    private final NextToken next;
    private final PagePool pool;
    private final int together;
    private Completions<?> open;

    /**
     * What holds for all prompts.
     *
     * @param maxTokens the most new tokens; 0 goes on until the document ends or the block is full
     * @param boundary the id that begins and ends a document, if the model has one
     * @param stop what else ends a completion
     * @param cacheMegabytes the most memory for keys and values; sequences wait where it is full; 0 is no limit
     */
    public record Options(Sampling sampling, int maxTokens, OptionalInt boundary, StopRule stop, int cacheMegabytes) {
        /** Without a further rule to stop, and with the usual memory. */
        public Options(Sampling sampling, int maxTokens, OptionalInt boundary) {
            this(sampling, maxTokens, boundary, StopRule.NEVER, CACHE_MEGABYTES);
        }
    }

    /**
     * A prompt.
     *
     * @param tokens of the text, without a boundary before them
     * @param seed of this prompt's randomness
     * @param samples how many completions it gets, at least 1; the first ones are the same for any number
     */
    public record Prompt(int[] tokens, long seed, int samples) {
        public Prompt {
            if (samples < 1) {
                throw new IllegalArgumentException("samples = " + samples + " must be at least 1");
            }
        }
    }

    /** @throws IllegalArgumentException if the memory for keys and values is too little for one sequence */
    public Generator(Weights weights, Options options) {
        this(
                weights,
                options,
                together(weights.config()),
                PagePool.ofMegabytes(weights.config(), options.cacheMegabytes()));
    }

    /**
     * @param together how many sequences advance together
     * @param pool of pages for at least one sequence of a whole block
     */
    Generator(Weights weights, Options options, int together, PagePool pool) {
        this.config = weights.config();
        this.options = options;
        this.decoder = new Decoder(weights);
        this.next = new NextToken(options.sampling(), weights.kernels(), config.vocabularySize());
        this.pool = pool;
        this.together = together;
    }

    /**
     * Checks whether so much memory for keys and values is enough, before anything is loaded.
     *
     * @throws IllegalArgumentException if not even one sequence of a whole block fits
     */
    public static void checkCache(GptConfig config, int cacheMegabytes) {
        PagePool.ofMegabytes(config, cacheMegabytes);
    }

    /**
     * Checks whether a prompt can be completed.
     *
     * @throws IllegalArgumentException if it is over the block size, or empty where the model has no boundary to begin with
     */
    public void check(int[] tokens) {
        int length = tokens.length + (options.boundary().isPresent() ? 1 : 0);
        if (length > config.blockSize()) {
            throw new IllegalArgumentException("the prompt has " + length + " tokens"
                    + (options.boundary().isPresent() ? " with the one that begins a document" : "")
                    + ", over the block size of " + config.blockSize() + " of this model; make it "
                    + (length - config.blockSize()) + " tokens shorter");
        }
        for (int token : tokens) {
            if (token < 0 || token >= config.vocabularySize()) {
                throw new IllegalArgumentException("the prompt holds token " + token + ", outside the vocabulary of "
                        + config.vocabularySize() + "; encode it with the model's own tokenizer");
            }
        }
        if (length == 0) {
            throw new IllegalArgumentException(
                    "the prompt is empty, and a model of continuous text needs at least one token to go on from");
        }
    }

    /**
     * {@return the completions of each prompt, in the order of the prompts}
     *
     * @throws IllegalArgumentException if one of the prompts cannot be completed, see {@link #check}
     */
    public List<List<Completion>> complete(List<Prompt> prompts) {
        prompts.forEach(prompt -> check(prompt.tokens()));
        List<List<Completion>> completions = new ArrayList<>();
        complete(prompts.iterator(), prompt -> prompt).forEachRemaining(done -> completions.add(done.completions()));
        return completions;
    }

    /**
     * Completes prompts as they come: one after another is taken from {@code items} while those before it are still under way, so that there
     * are always as many together as there can be.
     *
     * @param prompt makes the prompt of an item; an {@link IllegalArgumentException} of it, or of {@link #check}, becomes the completion
     * @throws IllegalStateException if completions that were begun before are neither read to their end nor closed
     */
    public <T> Completions<T> complete(Iterator<T> items, Function<T, Prompt> prompt) {
        return complete(items, prompt, WINDOW);
    }

    /** @param window how many items may have been taken that were not yet handed back */
    <T> Completions<T> complete(Iterator<T> items, Function<T, Prompt> prompt, int window) {
        if (open != null) {
            throw new IllegalStateException(
                    "a generator completes one series of prompts at a time; read the one before to its end or close it");
        }
        Completions<T> completions = new Completions<>(this, items, prompt, window);
        open = completions;
        return completions;
    }

    Batch batch(Supplier<Request> source) {
        return new Batch(config, options, decoder, next, pool, together, source);
    }

    void end(Completions<?> completions) {
        if (open == completions) {
            open = null;
        }
    }

    /** {@return how many positions were computed since the beginning} */
    long positions() {
        return decoder.positions();
    }

    /**
     * {@return how many sequences advance together: a few where the weights and their key-value caches fit in the processor's cache, because
     * every step reads all of them (12 are a fifth faster than 64 at Shakespeare's shape); otherwise many, to share the reading of the weights}
     */
    private static int together(GptConfig config) {
        long floats =
                (long) CachePage.floats(config.nLayer(), config.nEmbd()) * PagePool.pages(config.blockSize()) * FEW
                        + config.parameters();
        return floats * Float.BYTES <= PROCESSOR_CACHE_BYTES ? FEW : MANY;
    }
}
