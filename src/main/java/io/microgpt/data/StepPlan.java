package io.microgpt.data;

import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Arrays;

/**
 * Which documents a step takes: a pure function of (seed, step, shard sizes). The epochs follow each other as one endless
 * stream, each a new order of all documents; step {@code s} takes the places {@code [s * batch, (s + 1) * batch)} of it. So an epoch
 * is every document exactly once, and every step has a full batch.
 *
 * <p>Within an epoch the places walk over the shards by a stride near the golden section of the number of documents, so that
 * any few neighbouring places spread evenly over all shards and the tasks of a step have equal work; inside a shard the
 * documents come in a pseudo-random order, a new one each epoch.
 */
public final class StepPlan implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final double GOLDEN_SECTION = 0.6180339887498949;
    /** Products of two document numbers must fit a long. */
    private static final long MOST_DOCUMENTS = 3_000_000_000L;

    private final long seed;
    private final int batchSize;
    private final int[] shardSizes;
    private final long[] firsts; // (shards + 1) number of documents before each shard
    private final long stride;
    private final boolean shifted;
    private final StepPlan replayed; // null where nothing is
    private final double replayFraction;

    /**
     * @param shardSizes number of documents of each shard
     * @param batchSize documents a step
     * @throws IllegalArgumentException if there are no documents, or more than three thousand million
     */
    public StepPlan(long seed, int[] shardSizes, int batchSize) {
        this(seed, shardSizes, batchSize, false, null, 0.0);
    }

    private StepPlan(
            long seed, int[] shardSizes, int batchSize, boolean shifted, StepPlan replayed, double replayFraction) {
        this.shifted = shifted;
        this.replayed = replayed;
        this.replayFraction = replayFraction;
        this.seed = seed;
        this.batchSize = batchSize;
        this.shardSizes = shardSizes.clone();
        this.firsts = new long[shardSizes.length + 1];
        for (int s = 0; s < shardSizes.length; s++) {
            firsts[s + 1] = firsts[s] + shardSizes[s];
        }
        if (documents() < 1 || documents() > MOST_DOCUMENTS) {
            throw new IllegalArgumentException("a training set of " + documents() + " documents; it must have 1 to "
                    + MOST_DOCUMENTS + (documents() < 1 ? " (is data.test-fraction too large for so few rows?)" : ""));
        }
        this.stride = stride(documents());
    }

    /** {@return a plan for looking at all documents of so many shards, not for taking steps} */
    public static StepPlan ofShards(int shards) {
        int[] one = new int[shards];
        Arrays.fill(one, 1);
        return new StepPlan(0, one, 1);
    }

    private static long stride(long documents) {
        long stride = Math.max(1, Math.round(documents * GOLDEN_SECTION));
        while (greatestCommonDivisor(stride, documents) != 1) {
            stride++;
        }
        return stride;
    }

    private static long greatestCommonDivisor(long a, long b) {
        return b == 0 ? a : greatestCommonDivisor(b, a % b);
    }

    /** {@return the number of documents of an epoch, without what is replayed} */
    public long documents() {
        return firsts[shardSizes.length];
    }

    /** {@return how many shards there are, those of what is replayed included} */
    public int shards() {
        return shardSizes.length + (replayed == null ? 0 : replayed.shards());
    }

    /** {@return what a shard is a part of} */
    public Corpus corpus(int shard) {
        return shard < shardSizes.length ? Corpus.OWN : Corpus.REPLAYED;
    }

    public int batchSize() {
        return batchSize;
    }

    /** {@return how many epochs {@code steps} steps are} */
    public double epochs(long steps) {
        return (double) (steps * batchSize - replayed(steps)) / documents();
    }

    /** {@return how many documents {@code steps} steps draw from what is replayed: the exact share, rounded down} */
    public long replayed(long steps) {
        return replayed == null
                ? 0
                : BigDecimal.valueOf(steps)
                        .multiply(BigDecimal.valueOf(batchSize))
                        .multiply(BigDecimal.valueOf(replayFraction)) // as it was written: 0.29 of 100 are 29
                        .longValue();
    }

    /** {@return for each of the shards {@code [from, to)} the documents that the step takes of it, in the order of the stream} */
    public int[][] documents(long step, int from, int to) {
        int own = shardSizes.length;
        long before = replayed(step);
        int older = (int) (replayed(step + 1) - before);
        long first = Math.multiplyExact(step, (long) batchSize) - before;
        int[][] chosen = places(first, batchSize - older, Math.min(from, own), Math.min(to, own));
        if (to <= own) {
            return chosen;
        }
        int[][] replays = replayed.places(before, older, Math.max(from, own) - own, to - own);
        int[][] both = Arrays.copyOf(chosen, chosen.length + replays.length);
        System.arraycopy(replays, 0, both, chosen.length, replays.length);
        return both;
    }

    /** {@return the documents at so many places of the stream, for each of the shards {@code [from, to)}} */
    private int[][] places(long first, int count, int from, int to) {
        int[][] chosen = new int[to - from][0];
        int[] counts = new int[to - from];
        for (int i = 0; i < count; i++) {
            long place = Math.addExact(first, i);
            long epoch = place / documents();
            long offset =
                    Long.remainderUnsigned(CounterRandom.bits(seed, Purpose.EPOCH_ORDER, epoch, -1, 0), documents());
            long walked = (place % documents() * stride % documents() + offset) % documents();
            int shard = shardOf(walked);
            if (shard >= from && shard < to) {
                int s = shard - from;
                if (counts[s] == chosen[s].length) {
                    chosen[s] = Arrays.copyOf(chosen[s], Math.max(4, 2 * counts[s]));
                }
                Permutation order = new Permutation(seed, epoch, shard, shardSizes[shard]);
                chosen[s][counts[s]++] = order.at((int) (walked - firsts[shard]));
            }
        }
        for (int s = 0; s < chosen.length; s++) {
            chosen[s] = Arrays.copyOf(chosen[s], counts[s]);
        }
        return chosen;
    }

    /**
     * {@return this plan, drawing a share of every batch from another one} The two streams are apart: each goes through its own epochs. The
     * other's shards are numbered after this one's.
     *
     * @param older what is replayed; its own batches are of no account
     * @param fraction share of the documents, in [0, 1): over any number of steps exact to one document
     */
    public StepPlan replaying(StepPlan older, double fraction) {
        long olderSeed = CounterRandom.bits(seed, Purpose.REPLAY, 0, 0, 0);
        StepPlan stream = new StepPlan(olderSeed, older.shardSizes, batchSize, older.shifted, null, 0.0);
        return new StepPlan(seed, shardSizes, batchSize, shifted, stream, fraction);
    }

    /**
     * {@return the same plan for blocks of continuous text} It shifts the cut of a block each time that a step takes it, so that a
     * model does not learn where in the text the blocks begin.
     */
    public StepPlan withShiftedBlocks() {
        return new StepPlan(seed, shardSizes, batchSize, true, replayed, replayFraction);
    }

    /** {@return by how many tokens a step shifts the cut of a document: below {@code positions}, and 0 unless it is a block} */
    public int shift(long step, int shard, int document, int positions) {
        if (shard >= shardSizes.length) {
            return replayed.shift(step, shard - shardSizes.length, document, positions);
        }
        if (!shifted) {
            return 0;
        }
        long bits = CounterRandom.bits(seed, Purpose.BLOCK_SHIFT, step, shard, document);
        return (int) Long.remainderUnsigned(bits, positions);
    }

    /** {@return what decides, beside the place in the model, which activations of a document a step drops} */
    public long dropoutKey(long step, int shard, int document) {
        return CounterRandom.bits(seed, Purpose.DROPOUT, step, shard, document);
    }

    private int shardOf(long document) {
        int at = Arrays.binarySearch(firsts, document);
        if (at < 0) {
            return -at - 2;
        }
        // Empty shards begin where the next one begins: the document is in the last of them.
        while (firsts[at + 1] == document) {
            at++;
        }
        return at;
    }
}
