package io.microgpt.data;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Parquet's mixture of runs of one number and of packed bits, read number by number: a run that claims to be endless costs no more
 * memory than a short one.
 */
final class RunLengths {
    private static final long MOST_HEAD = 0xFFFFFFFFL;

    private final ByteBuffer in;
    private final int width;
    private boolean packed;
    private long left; // numbers of the run
    private long repeated;
    private long bits; // that were read and not yet used
    private int held; // how many of them

    /** @param width bits a number */
    RunLengths(ByteBuffer in, int width) throws IOException {
        if (width < 0 || width > Integer.SIZE) {
            throw new DamageException("numbers of " + width + " bits");
        }
        this.in = in;
        this.width = width;
    }

    int next() throws IOException {
        while (left == 0) {
            begin();
        }
        left--;
        return (int) (packed ? unpack() : repeated);
    }

    private void begin() throws IOException {
        long head = ThriftStruct.varint(in);
        if (head < 0 || head > MOST_HEAD) {
            throw new DamageException("a run with the head " + Long.toUnsignedString(head) + ", beyond 32 bits");
        }
        packed = (head & 1) != 0;
        left = head >>> 1;
        if (!packed) {
            repeated = 0;
            for (int at = 0; at < width; at += Byte.SIZE) {
                repeated |= (in.get() & 0xFFL) << at;
            }
            return;
        }
        if (left * width > in.remaining()) {
            throw new DamageException(
                    "a run of " + left + " times " + width + " packed bytes, where " + in.remaining() + " are left");
        }
        left *= Byte.SIZE;
        bits = 0;
        held = 0;
    }

    private long unpack() {
        while (held < width) {
            bits |= (in.get() & 0xFFL) << held;
            held += Byte.SIZE;
        }
        long number = bits & (1L << width) - 1;
        bits >>>= width;
        held -= width;
        return number;
    }
}
