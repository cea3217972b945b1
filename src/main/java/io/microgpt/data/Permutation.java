package io.microgpt.data;

import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;

/**
 * A pseudo-random permutation of {@code [0, size)} with random access and no memory: a balanced Feistel network over the next
 * even number of bits, walked along its cycle until it is back in range (Black and Rogaway, 2002).
 */
final class Permutation {
    private static final int ROUNDS = 6;

    private final long seed;
    private final long epoch;
    private final long shard;
    private final int size;
    private final int halfBits;

    Permutation(long seed, long epoch, long shard, int size) {
        this.seed = seed;
        this.epoch = epoch;
        this.shard = shard;
        this.size = size;
        int bits = Math.max(2, 32 - Integer.numberOfLeadingZeros(size - 1));
        this.halfBits = (bits + 1) / 2;
    }

    /** {@return where {@code index} goes} */
    int at(int index) {
        long value = index;
        do {
            value = encrypt(value);
        } while (value >= size);
        return (int) value;
    }

    private long encrypt(long value) {
        long mask = (1L << halfBits) - 1;
        long left = value >>> halfBits;
        long right = value & mask;
        for (int round = 0; round < ROUNDS; round++) {
            long f = CounterRandom.bits(seed, Purpose.EPOCH_ORDER, epoch, shard, right << 8 | round) & mask;
            long next = left ^ f;
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }
}
