package io.microgpt.kernel;

/**
 * The exponential that all kernels share: {@code 2^n * P(r)} with {@code r = x - n ln 2} and the degree-6 polynomial of
 * Cephes' {@code expf} (Moshier), error about one unit in the last place. Results below {@code exp(-87)} are flushed to zero,
 * so that no subnormal is ever made; above 88 the result is infinite.
 */
final class Exp {
    static final float LOWEST = -87.0f;
    static final float HIGHEST = 88.0f;
    static final float LOG2_E = 1.44269504f;
    /** 1.5 * 2^23: adding it rounds to an integer and leaves that integer in the low bits of the sum. */
    static final float ROUND = 12582912.0f;
    /** Minus ln 2 in two parts; the first has few bits, so that its product with n is exact. */
    static final float MINUS_LN2_HIGH = -0.693359375f;

    static final float MINUS_LN2_LOW = 2.12194440e-4f;
    static final float P0 = 1.9875691500e-4f;
    static final float P1 = 1.3981999507e-3f;
    static final float P2 = 8.3334519073e-3f;
    static final float P3 = 4.1665795894e-2f;
    static final float P4 = 1.6666665459e-1f;
    static final float P5 = 5.0000001201e-1f;

    private Exp() {}

    static float exp(float x) {
        if (!(x <= HIGHEST)) {
            return x * Float.POSITIVE_INFINITY;
        }
        if (x < LOWEST) {
            return 0.0f;
        }
        float t = Math.fma(x, LOG2_E, ROUND);
        float n = t - ROUND;
        float r = Math.fma(n, MINUS_LN2_LOW, Math.fma(n, MINUS_LN2_HIGH, x));
        float p = Math.fma(P0, r, P1);
        p = Math.fma(p, r, P2);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P4);
        p = Math.fma(p, r, P5);
        p = Math.fma(p * r, r, r) + 1.0f;
        return Float.intBitsToFloat(Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(t) << 23));
    }
}
