package io.microgpt.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;

/** Arrays for the tests of kernels, and their comparison as bits. */
final class Floats {
    private static final float[] SPECIALS = {
        0.0f,
        -0.0f,
        1.0f,
        -1.0f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        1e-38f,
        1e-30f,
        -3e38f,
        Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        88.5f,
        -88.5f,
        -103f,
        87.99f
    };

    private Floats() {}

    /** NaN has many bit patterns and hardware chooses among them; every other value has one. */
    static void assertBits(float[] actual, float[] expected, String description, Object... arguments) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i])) {
                assertThat(actual[i])
                        .as(description + ", element " + i, arguments)
                        .isEqualTo(expected[i]);
                throw new AssertionError(
                        String.format(description, arguments) + ", element " + i + ": the sign of zero");
            }
        }
    }

    /** {@return normal numbers of three magnitudes, a quarter of them special values if wanted} */
    static float[] random(int n, int seed, boolean specials) {
        Random random = new Random(seed * 31L + n);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = specials && random.nextInt(4) == 0
                    ? SPECIALS[random.nextInt(SPECIALS.length)]
                    : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(3)));
        }
        return x;
    }

    static double[] doubles(float[] x) {
        double[] result = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            result[i] = x[i];
        }
        return result;
    }

    static float[] concat(float[]... arrays) {
        float[] all = new float
                [java.util.Arrays.stream(arrays).mapToInt(a -> a.length).sum()];
        int at = 0;
        for (float[] array : arrays) {
            System.arraycopy(array, 0, all, at, array.length);
            at += array.length;
        }
        return all;
    }
}
