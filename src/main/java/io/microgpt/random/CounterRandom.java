package io.microgpt.random;

/**
 * A counter-based generator: every number is a pure function of (seed, purpose, a, b, c), so that it does not matter
 * who asks first, how often, or on which machine. The coordinates are absorbed one after another by the finalizer of
 * SplitMix64 (Stafford's variant 13), a bijection with full avalanche; doubles use {@link StrictMath}, so that all
 * processors agree.
 */
public final class CounterRandom {
    /** What a number is for. The codes are part of the result: never renumber. */
    public enum Purpose {
        WEIGHTS(1),
        CONTENT_HASH(2),
        SPLIT(3),
        EPOCH_ORDER(4),
        SAMPLE(5),
        BLOCK_SHIFT(6),
        DROPOUT(7),
        REPLAY(8);

        private final long code;

        Purpose(long code) {
            this.code = code;
        }
    }

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private CounterRandom() {}

    /** The finalizer itself: a bijection on 64 bits. */
    public static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** {@return 64 uniform bits at these coordinates} */
    public static long bits(long seed, Purpose purpose, long a, long b, long c) {
        // The seed is mixed before the purpose is added: absorbed as it is, it would be one coordinate like the others.
        long h = mix(mix(seed + GOLDEN_GAMMA) + GOLDEN_GAMMA * purpose.code);
        h = absorb(h, a);
        h = absorb(h, b);
        return absorb(h, c);
    }

    /** {@return the state {@code h} after the coordinate {@code value}; also the step of content hashes and of places of dropout} */
    public static long absorb(long h, long value) {
        return mix((h ^ mix(value + GOLDEN_GAMMA)) + GOLDEN_GAMMA);
    }

    /** {@return a uniform double in [0, 1) made of the upper 53 of {@code bits}} */
    public static double uniform(long bits) {
        return (bits >>> 11) * 0x1.0p-53;
    }

    /** {@return a standard normal number (Box-Muller) at these coordinates} */
    public static double normal(long seed, Purpose purpose, long a, long b, long c) {
        long bits = bits(seed, purpose, a, b, c);
        double u1 = 1.0 - uniform(bits); // in (0, 1]: the logarithm stays finite
        double u2 = uniform(mix(bits + GOLDEN_GAMMA));
        return StrictMath.sqrt(-2.0 * StrictMath.log(u1)) * StrictMath.cos(2.0 * StrictMath.PI * u2);
    }
}
