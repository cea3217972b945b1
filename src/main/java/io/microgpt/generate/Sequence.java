package io.microgpt.generate;

import io.microgpt.generate.Completion.Finish;
import io.microgpt.generate.Generator.Options;
import io.microgpt.model.GptConfig;
import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** One completion under way: the window of tokens that the model sees, and what was generated. */
final class Sequence {
    private final Request request;
    private final int sample;
    private final Options options;
    private final KvCache cache;
    private final BitSet seen; // null where repeating costs nothing
    private int[] window; // tokens at positions 0 to length - 1; of those at the end, the cache may not hold all
    private int length;
    private int[] generated = new int[16];
    private double[] sums = new double[16]; // of the logarithms of the probabilities up to each token
    private int count;

    /** The first sample of a prompt, which computes its positions. */
    Sequence(Request request, GptConfig config, Options options, PagePool pool) {
        this.request = request;
        this.sample = 0;
        this.options = options;
        this.cache = new KvCache(config, pool);
        this.seen = options.sampling().penalises() ? new BitSet() : null;
        window = new int[config.blockSize()];
        options.boundary().ifPresent(boundary -> window[length++] = boundary);
        for (int token : request.prompt().tokens()) {
            window[length++] = token;
            see(token);
        }
    }

    private Sequence(Sequence first, int sample) {
        this.request = first.request;
        this.sample = sample;
        this.options = first.options;
        this.cache = first.cache.fork();
        this.seen = first.seen == null ? null : (BitSet) first.seen.clone();
        this.window = first.window.clone();
        this.length = first.length;
    }

    /** {@return another sample of the prompt, which shares what is computed of it}; before the first token is chosen. */
    Sequence fork(int sample) {
        return new Sequence(this, sample);
    }

    /** {@return how many samples will be {@link #fork forked} off when the prompt is computed} */
    int siblings() {
        return sample == 0 && count == 0 ? request.prompt().samples() - 1 : 0;
    }

    /** {@return how many pages its next token takes from the pool} */
    int missing() {
        return cache.missing(length);
    }

    boolean holdsPages() {
        return cache.length() > 0;
    }

    /** Gives back what is its alone; it will be computed again. */
    void shed() {
        cache.shed();
    }

    /** Gives back everything. */
    void clear() {
        cache.clear();
    }

    /** Adds the positions that the cache lacks; only of the last one are the logits wanted. */
    void addRows(List<Decoder.Row> rows) {
        for (int t = cache.length(); t < length; t++) {
            rows.add(new Decoder.Row(cache, t, window[t], t == length - 1));
        }
    }

    /** {@return whether the completion goes on after the token that these logits give} */
    boolean advance(NextToken next, float[] logits, int offset) {
        long bits = CounterRandom.bits(request.prompt().seed(), Purpose.SAMPLE, sample, count, 0);
        int token;
        try {
            token = next.choose(logits, offset, seen, CounterRandom.uniform(bits));
        } catch (NonFiniteLogitsException e) {
            return end(Completion.failed(e.getMessage()));
        }
        if (options.boundary().isPresent() && token == options.boundary().getAsInt()) {
            return end(count, Finish.STOP);
        }
        append(token, next.logProbability(logits, offset, token));
        int kept = options.stop().kept(generated, count);
        if (kept != StopRule.GO_ON) {
            return end(kept, Finish.STOP);
        }
        boolean full = length == window.length;
        if (count == options.maxTokens() || full && options.maxTokens() == 0) {
            return end(count, Finish.LENGTH);
        }
        if (full) {
            forget();
        }
        window[length++] = token;
        return true;
    }

    private void append(int token, double logProbability) {
        if (count == generated.length) {
            generated = Arrays.copyOf(generated, 2 * count);
            sums = Arrays.copyOf(sums, 2 * count);
        }
        sums[count] = count == 0 ? logProbability : sums[count - 1] + logProbability;
        generated[count++] = token;
        see(token);
    }

    private void see(int token) {
        if (seen != null) {
            seen.set(token);
        }
    }

    /** The block is full and more is wanted: the older half of the window goes, the rest is computed anew. */
    private void forget() {
        int keep = window.length / 2;
        System.arraycopy(window, length - keep, window, 0, keep);
        length = keep;
        cache.clear();
    }

    private boolean end(int kept, Finish finish) {
        return end(new Completion(
                Arrays.copyOf(generated, kept),
                Arrays.copyOfRange(generated, kept, count),
                kept == 0 ? Double.NaN : sums[kept - 1] / kept,
                finish,
                null));
    }

    private boolean end(Completion completion) {
        cache.clear();
        request.end(sample, completion);
        return false;
    }
}
