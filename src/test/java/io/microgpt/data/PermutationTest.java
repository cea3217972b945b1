package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.random.ChiSquare;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PermutationTest {
    static IntStream sizes() {
        return IntStream.concat(IntStream.rangeClosed(1, 70), IntStream.of(255, 256, 257, 1000, 65_537));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void everyIndexOnce(int size) {
        for (long seed : new long[] {0, 1, -7}) {
            int[] sorted = all(new Permutation(seed, 3, 5, size), size);
            Arrays.sort(sorted);
            assertThat(sorted).isEqualTo(IntStream.range(0, size).toArray());
        }
    }

    @Test
    void seedEpochAndShardEachGiveAnotherOrder() {
        int[] order = all(new Permutation(1, 2, 3, 100), 100);
        assertThat(all(new Permutation(1, 2, 3, 100), 100)).isEqualTo(order);
        assertThat(all(new Permutation(2, 2, 3, 100), 100)).isNotEqualTo(order);
        assertThat(all(new Permutation(1, 3, 3, 100), 100)).isNotEqualTo(order);
        assertThat(all(new Permutation(1, 2, 4, 100), 100)).isNotEqualTo(order);
        assertThat(order).isNotEqualTo(IntStream.range(0, 100).toArray());
    }

    @Test
    void everyIndexGoesAnywhere() {
        int size = 7;
        for (int index = 0; index < size; index++) {
            long[] counts = new long[size];
            for (int epoch = 0; epoch < 7000; epoch++) {
                counts[new Permutation(11, epoch, 0, size).at(index)]++;
            }
            assertThat(ChiSquare.deviations(counts)).as("index %d", index).isLessThan(4.0);
        }
    }

    @Test
    void theLargestSize() {
        Permutation permutation = new Permutation(1, 0, 0, Integer.MAX_VALUE);
        int[] images = IntStream.range(0, 1000).map(permutation::at).toArray();
        assertThat(images).doesNotHaveDuplicates();
        assertThat(Arrays.stream(images).min().orElseThrow()).isNotNegative();
        assertThat(Arrays.stream(images).max().orElseThrow()).isGreaterThan(1 << 30);
    }

    private static int[] all(Permutation permutation, int size) {
        return IntStream.range(0, size).map(permutation::at).toArray();
    }
}
