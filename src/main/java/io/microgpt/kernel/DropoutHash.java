package io.microgpt.kernel;

/**
 * Which elements of a row dropout takes away: a hash of the row's key and the column, of 32 bits and in integer operations that vector
 * registers have. A multiple of the column is added to one half of the key, mixed, added to the other half and mixed again, by shifts and
 * multiplications of Wellons' {@code lowbias32}; so two rows have a mask in common, or a part of it, only where they share both halves.
 */
final class DropoutHash {
    /** Two to the 32 over the golden section. */
    static final int COLUMN = 0x9E3779B9;

    static final int SHIFT1 = 16;
    static final int MULTIPLIER1 = 0x7FEB352D;
    static final int SHIFT2 = 15;
    static final int MULTIPLIER2 = 0x846CA68B;
    /** The upper 23 bits, below the exponent of one, make a float in [1, 2). */
    static final int MANTISSA_SHIFT = 9;

    static final int ONE = 0x3F800000;

    private DropoutHash() {}

    /** {@return a uniform number in [1, 2), a multiple of 2^-23} */
    static float number(long key, int column) {
        int h = (int) key + column * COLUMN;
        h = (h ^ h >>> SHIFT1) * MULTIPLIER1 + (int) (key >>> 32);
        h = (h ^ h >>> SHIFT2) * MULTIPLIER2;
        return Float.intBitsToFloat(h >>> MANTISSA_SHIFT | ONE);
    }

    /** {@return what numbers of dropped elements are below} */
    static float bound(float rate) {
        return 1.0f + rate;
    }

    /** {@return what the elements that stay are multiplied by} */
    static float scale(float rate) {
        return 1.0f / (1.0f - rate);
    }
}
