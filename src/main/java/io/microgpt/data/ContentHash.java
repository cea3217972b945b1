package io.microgpt.data;

import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A seeded 128-bit hash of a document's bytes. It orders the documents, chooses their shard and their side of the train/test
 * split: all of that depends on the content alone, never on files, rows or partitions. Not cryptographic; at 128 bits two
 * different documents of one dataset do not meet by chance.
 */
public record ContentHash(long high, long low) implements Comparable<ContentHash> {
    /** {@return the hash of {@code utf8} under {@code seed}} */
    public static ContentHash of(byte[] utf8, long seed) {
        long h = CounterRandom.bits(seed, Purpose.CONTENT_HASH, utf8.length, 0, 0);
        long l = CounterRandom.bits(seed, Purpose.CONTENT_HASH, utf8.length, 1, 0);
        ByteBuffer words = ByteBuffer.wrap(utf8).order(ByteOrder.LITTLE_ENDIAN);
        while (words.remaining() >= Long.BYTES) {
            long word = words.getLong();
            h = CounterRandom.absorb(h, word);
            l = CounterRandom.absorb(l, word);
        }
        long rest = 0;
        while (words.hasRemaining()) {
            rest = rest << Byte.SIZE | words.get() & 0xFF;
        }
        return new ContentHash(CounterRandom.absorb(h, rest), CounterRandom.absorb(l, rest));
    }

    /** {@return whether the document is held out, for a share {@code testFraction} of all} */
    public boolean held(double testFraction, long seed) {
        return CounterRandom.uniform(CounterRandom.bits(seed, Purpose.SPLIT, high, low, 0)) < testFraction;
    }

    /** {@return the shard of this document: by equal ranges of its upper 32 bits} */
    public int shard(int shards) {
        return (int) (((high >>> 32) * shards) >>> 32);
    }

    @Override
    public int compareTo(ContentHash other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }
}
