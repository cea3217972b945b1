package io.microgpt.generate;

import io.microgpt.generate.Completion.Finish;
import io.microgpt.kernel.CachePage;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * Completes prompts, several sequences at a time through the same matrix products. What a prompt gets depends on the prompt, the
 * options and its own seed alone, not on what is completed beside it. One thread at a time.
 */
public final class Generator {
    /** What of the weights and the key-value caches the processor's own cache is taken to hold. */
    private static final long PROCESSOR_CACHE_BYTES = 8 << 20;
    /** Rows of two whole tiles of the matrix products. */
    private static final int FEW = 12;
    /** More do not make the matrix products faster, and each holds a key-value cache. */
    private static final int MANY = 64;
    /** Rows of one forward pass, so that many long prompts do not need the activations of all at once. */
    private static final int MOST_ROWS = 1024;

    private final GptConfig config;
    private final Kernels kernels;
    private final Decoder decoder;
    private final PagePool pool;
    private final int together;
    private final Options options;
    private final Sampler sampler;

    /**
     * What holds for all prompts.
     *
     * @param maxTokens the most new tokens; 0 goes on until the document ends or the block is full
     * @param boundary the id that begins and ends a document, if the model has one
     */
    public record Options(Sampling sampling, int maxTokens, OptionalInt boundary) {}

    /**
     * A prompt.
     *
     * @param tokens of the text, without a boundary before them
     * @param seed of this prompt's randomness
     * @param sample number of this completion of the prompt, from 0
     */
    public record Prompt(int[] tokens, long seed, int sample) {}

    public Generator(Weights weights, Options options) {
        this(weights, options, together(weights.config()));
    }

    /** @param together how many sequences advance together */
    Generator(Weights weights, Options options, int together) {
        this.config = weights.config();
        this.kernels = weights.kernels();
        this.decoder = new Decoder(weights);
        this.pool = new PagePool(config);
        this.together = together;
        this.options = options;
        this.sampler = Sampler.of(options.sampling(), kernels);
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

    /** {@return the completions, in the order of the prompts} */
    public List<Completion> complete(List<Prompt> prompts) {
        List<Sequence> sequences = new ArrayList<>();
        for (Prompt prompt : prompts) {
            check(prompt.tokens());
            sequences.add(new Sequence(prompt));
        }
        int v = config.vocabularySize();
        int entered = 0;
        List<Sequence> running = new ArrayList<>();
        while (true) {
            // A finished sequence leaves, the next enters.
            while (running.size() < together && entered < sequences.size()) {
                running.add(sequences.get(entered++));
            }
            if (running.isEmpty()) {
                return sequences.stream().map(Sequence::completion).toList();
            }
            List<Decoder.Row> rows = new ArrayList<>();
            for (Sequence sequence : running) {
                sequence.addRows(rows);
            }
            List<Sequence> next = new ArrayList<>();
            int advanced = 0;
            for (int from = 0; from < rows.size(); from += MOST_ROWS) {
                List<Decoder.Row> some = rows.subList(from, Math.min(rows.size(), from + MOST_ROWS));
                float[] logits = decoder.run(some);
                int wanted = (int) some.stream().filter(Decoder.Row::wanted).count(); // the last row of each sequence
                for (int i = 0; i < wanted; i++) {
                    Sequence sequence = running.get(advanced++);
                    sequence.advance(logits, i * v);
                    if (sequence.finish == null) {
                        next.add(sequence);
                    } else {
                        sequence.cache.clear();
                    }
                }
            }
            running = next;
        }
    }

    /**
     * {@return how many sequences advance together: a few where the weights and their key-value caches fit in the processor's cache, because
     * every step reads all of them (12 are a fifth faster than 64 at Shakespeare's shape); otherwise many, to share the reading of the weights}
     */
    private static int together(GptConfig config) {
        int pages = (config.blockSize() + CachePage.POSITIONS - 1) / CachePage.POSITIONS;
        long floats = (long) CachePage.floats(config.nLayer(), config.nEmbd()) * pages * FEW + config.parameters();
        return floats * Float.BYTES <= PROCESSOR_CACHE_BYTES ? FEW : MANY;
    }

    /** {@return the natural logarithm of the token's probability by the model} */
    private double logProbability(float[] logits, int offset, int token) {
        int v = config.vocabularySize();
        float[] z = Arrays.copyOfRange(logits, offset, offset + v);
        float max = kernels.max(z, 0, v);
        return z[token] - (double) max - StrictMath.log(kernels.expSum(z, 0, v, max));
    }

    /** One sequence under way: the window of tokens that the model sees, and what was generated. */
    private final class Sequence {
        private final Prompt prompt;
        private int[] window; // tokens at positions 0..; some may not be in the cache yet
        private int length;
        private int cached;
        private final KvCache cache = new KvCache(config, pool);
        private int[] generated = new int[16];
        private int count;
        private double logProbability;
        private Finish finish;

        Sequence(Prompt prompt) {
            this.prompt = prompt;
            window = new int[config.blockSize()];
            options.boundary().ifPresent(boundary -> window[length++] = boundary);
            for (int token : prompt.tokens()) {
                window[length++] = token;
            }
        }

        void addRows(List<Decoder.Row> rows) {
            for (; cached < length; cached++) {
                rows.add(new Decoder.Row(cache, cached, window[cached], cached == length - 1));
            }
        }

        void advance(float[] logits, int offset) {
            double uniform =
                    CounterRandom.uniform(CounterRandom.bits(prompt.seed(), Purpose.SAMPLE, prompt.sample(), count, 0));
            int token = sampler.choose(logits, offset, config.vocabularySize(), uniform);
            if (options.boundary().isPresent() && token == options.boundary().getAsInt()) {
                finish = Finish.STOP;
                return;
            }
            logProbability += Generator.this.logProbability(logits, offset, token);
            if (count == generated.length) {
                generated = Arrays.copyOf(generated, 2 * count);
            }
            generated[count++] = token;
            if (count == options.maxTokens()) {
                finish = Finish.LENGTH;
            } else if (length == config.blockSize()) {
                if (options.maxTokens() == 0) {
                    finish = Finish.LENGTH;
                } else {
                    forget();
                    window[length++] = token;
                }
            } else {
                window[length++] = token;
            }
        }

        /** The block is full and more is wanted: the older half of the window goes, the rest is computed anew. */
        private void forget() {
            int keep = config.blockSize() / 2;
            window = Arrays.copyOf(Arrays.copyOfRange(window, length - keep, length), config.blockSize());
            length = keep;
            cached = 0;
            cache.clear();
        }

        Completion completion() {
            return new Completion(
                    Arrays.copyOf(generated, count), count == 0 ? Double.NaN : logProbability / count, finish);
        }
    }
}
