package io.microgpt.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.random.CounterRandom.Purpose;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CounterRandomTest {
    private static final long[] COORDINATES = {0, 1, 2, 255, 1L << 32, -1, Long.MAX_VALUE, Long.MIN_VALUE};

    @Test
    void aFunctionOfItsCoordinates() {
        long[] first = new long[1000];
        for (int i = 0; i < first.length; i++) {
            first[i] = CounterRandom.bits(7, Purpose.SAMPLE, i, -i, i * 3L);
        }
        for (int i = first.length - 1; i >= 0; i--) {
            assertThat(CounterRandom.bits(7, Purpose.SAMPLE, i, -i, i * 3L)).isEqualTo(first[i]);
        }
    }

    @Test
    void everyCoordinateCounts() {
        assertThat(distinct(EnumSet.complementOf(EnumSet.of(Purpose.WEIGHTS))))
                .isEqualTo((Purpose.values().length - 1) * 4096);
    }

    @Test
    void everyCoordinateCountsForEveryPurpose() {
        assertThat(distinct(EnumSet.allOf(Purpose.class))).isEqualTo(Purpose.values().length * 4096);
    }

    /** {@return how many different numbers there are at eight values of each of four coordinates} */
    private static int distinct(Set<Purpose> purposes) {
        Set<Long> seen = new HashSet<>();
        for (Purpose purpose : purposes) {
            for (long seed : COORDINATES) {
                for (long a : COORDINATES) {
                    for (long b : COORDINATES) {
                        for (long c : COORDINATES) {
                            seen.add(CounterRandom.bits(seed, purpose, a, b, c));
                        }
                    }
                }
            }
        }
        return seen.size();
    }

    /** Steele, Lea and Flood's generator is this finalizer over multiples of the same constant. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, 42, Long.MIN_VALUE, 0x123456789ABCDEFL})
    void finalizerIsThatOfSplitMix64(long seed) {
        SplittableRandom expected = new SplittableRandom(seed);
        for (int i = 1; i <= 10; i++) {
            assertThat(CounterRandom.mix(seed + i * 0x9E3779B97F4A7C15L)).isEqualTo(expected.nextLong());
        }
    }

    /** Trained models, prepared datasets and completions depend on these very bits. */
    @Test
    void bitsNeverChange() {
        assertThat(CounterRandom.bits(0, Purpose.WEIGHTS, 0, 0, 0)).isEqualTo(0x15CAA809CF794190L);
        assertThat(CounterRandom.bits(0, Purpose.CONTENT_HASH, 0, 0, 0)).isEqualTo(0x612870EBAF57E6D5L);
        assertThat(CounterRandom.bits(0, Purpose.SPLIT, 0, 0, 0)).isEqualTo(0x55B90FD563D1047CL);
        assertThat(CounterRandom.bits(0, Purpose.EPOCH_ORDER, 0, 0, 0)).isEqualTo(0xC4811DC7E56AE269L);
        assertThat(CounterRandom.bits(0, Purpose.SAMPLE, 0, 0, 0)).isEqualTo(0xE5CCE3A7C85B94C9L);
        assertThat(CounterRandom.bits(0, Purpose.DROPOUT, 0, 0, 0)).isEqualTo(0xC2B8349855267EAFL);
        assertThat(CounterRandom.bits(-42, Purpose.SAMPLE, 1, 2, 3)).isEqualTo(0xE99E571B39A03894L);
        assertThat(CounterRandom.normal(1, Purpose.WEIGHTS, 1, 2, 3)).isEqualTo(-0.7599779449479067);
    }

    @Test
    void uniformIsBelowOne() {
        assertThat(CounterRandom.uniform(0)).isEqualTo(0.0);
        assertThat(CounterRandom.uniform(0x7FF)).isEqualTo(0.0);
        assertThat(CounterRandom.uniform(0x800)).isEqualTo(0x1.0p-53);
        assertThat(CounterRandom.uniform(1L << 63)).isEqualTo(0.5);
        assertThat(CounterRandom.uniform(-1)).isEqualTo(1.0 - 0x1.0p-53);
    }

    @ParameterizedTest
    @EnumSource
    void uniformOverNeighbouringCoordinates(Purpose purpose) {
        for (int coordinate = 0; coordinate < 4; coordinate++) {
            long[] high = new long[64];
            long[] low = new long[64];
            long[] pairs = new long[64];
            int before = 0;
            for (long i = 0; i < 64_000; i++) {
                long bits = bits(purpose, coordinate, i);
                int bucket = (int) (CounterRandom.uniform(bits) * 64);
                high[bucket]++;
                low[(int) (bits & 63)]++;
                pairs[bucket / 8 * 8 + before / 8]++;
                before = bucket;
            }
            assertThat(ChiSquare.deviations(high)).as("high bits").isBetween(-4.0, 4.0);
            assertThat(ChiSquare.deviations(low)).as("low bits").isBetween(-4.0, 4.0);
            assertThat(ChiSquare.deviations(pairs)).as("neighbours").isBetween(-4.0, 4.0);
        }
    }

    private static long bits(Purpose purpose, int coordinate, long i) {
        return switch (coordinate) {
            case 0 -> CounterRandom.bits(i, purpose, 5, 6, 7);
            case 1 -> CounterRandom.bits(4, purpose, i, 6, 7);
            case 2 -> CounterRandom.bits(4, purpose, 5, i, 7);
            default -> CounterRandom.bits(4, purpose, 5, 6, i);
        };
    }

    @Test
    void oneBitOfACoordinateFlipsHalfOfTheResult() {
        for (int bit = 0; bit < Long.SIZE; bit++) {
            long flipped = 0;
            for (long i = 0; i < 500; i++) {
                flipped += Long.bitCount(CounterRandom.bits(1, Purpose.SPLIT, i, 2, 3)
                        ^ CounterRandom.bits(1, Purpose.SPLIT, i ^ 1L << bit, 2, 3));
            }
            assertThat(flipped / 500.0).as("bit %d", bit).isCloseTo(32.0, within(1.0));
        }
    }

    @Test
    void normalHasItsMoments() {
        int n = 200_000;
        double[] moments = new double[5];
        int withinOne = 0;
        for (int i = 0; i < n; i++) {
            double x = CounterRandom.normal(3, Purpose.WEIGHTS, i, 0, 0);
            for (int power = 1; power <= 4; power++) {
                moments[power] += Math.pow(x, power) / n;
            }
            withinOne += Math.abs(x) < 1.0 ? 1 : 0;
        }
        assertThat(moments[1]).as("mean").isCloseTo(0.0, within(0.01));
        assertThat(moments[2]).as("variance").isCloseTo(1.0, within(0.013));
        assertThat(moments[3]).as("skew").isCloseTo(0.0, within(0.035));
        assertThat(moments[4]).as("kurtosis").isCloseTo(3.0, within(0.09));
        assertThat(withinOne / (double) n).isCloseTo(0.6827, within(0.005));
    }

    @Test
    void normalNeighboursAreNotCorrelated() {
        int n = 100_000;
        double products = 0.0;
        for (int i = 0; i < n; i++) {
            products += CounterRandom.normal(3, Purpose.WEIGHTS, i, 0, 0)
                    * CounterRandom.normal(3, Purpose.WEIGHTS, i + 1L, 0, 0);
        }
        assertThat(products / n).isCloseTo(0.0, within(0.013));
    }
}
