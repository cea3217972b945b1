package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.data.StepPlan;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.Panels;
import io.microgpt.random.ChiSquare;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The masks are as good as thrown coins, wherever two of them are compared. */
class DropoutTest {
    private static final int HEADS = 3;
    private static final int COLUMNS = 64;
    private static final double MOST_DEVIATIONS = 4.0;

    /** What tells one row's mask from another's. */
    private enum Coordinate {
        SEED,
        STEP,
        SHARD,
        DOCUMENT,
        LAYER,
        HEAD,
        POSITION
    }

    private static long[] coordinates(int i) {
        return new long[] {i % 3, 100 + i, i % 8, i / 8 % 50, i % 4, i % (HEADS - 1), i / 2 % 31};
    }

    /** {@return which columns of a row are dropped: of the attention weights, or of what attention adds} */
    private static boolean[] row(float rate, boolean branch, long... c) {
        GptConfig config = new GptConfig(5, branch ? COLUMNS - COLUMNS % HEADS : HEADS, HEADS, 4, 64, 5);
        Kernels kernels = KernelProvider.choose(KernelProvider.Choice.AUTO).kernels();
        Dropout dropout = new Dropout(config, kernels, rate);
        long document = new StepPlan(c[0], new int[] {1}, 1).dropoutKey(c[1], (int) c[2], (int) c[3]);
        int t = (int) c[6];
        float[] x = new float[Panels.size(t + 1, COLUMNS)];
        Arrays.fill(x, 1.0f);
        int width = COLUMNS;
        if (branch) {
            Sequences sequence = new Sequences(config);
            sequence.run(null, false);
            sequence.add(new int[t + 2], t + 2, 0, document);
            width = config.nEmbd();
            dropout.residual(sequence, (int) c[4], (int) c[5], x, x);
        } else {
            long[] keys = dropout.attention(document, (int) c[4], t + 1);
            int first = (int) c[5] * (t + 1); // of the head
            kernels.panels().dropout(x, x, t + 1, width, Arrays.copyOfRange(keys, first, first + t + 1), rate);
        }
        boolean[] dropped = new boolean[width];
        for (int i = 0; i < width; i++) {
            dropped[i] = x[Panels.index(t, width) + i * Panels.ROWS] == 0.0f;
        }
        return dropped;
    }

    @ParameterizedTest
    @EnumSource
    void neighboursAreIndependent(Coordinate coordinate) {
        for (double rate : new double[] {0.1, 0.5}) {
            for (boolean branch : new boolean[] {false, true}) {
                long[] pairs = new long[4];
                for (int i = 0; i < 1500; i++) {
                    long[] here = coordinates(i);
                    long[] there = here.clone();
                    there[coordinate.ordinal()]++;
                    boolean[] a = row((float) rate, branch, here);
                    boolean[] b = row((float) rate, branch, there);
                    for (int j = 0; j < a.length; j++) {
                        pairs[(a[j] ? 2 : 0) + (b[j] ? 1 : 0)]++;
                    }
                }
                double stays = 1.0 - rate;
                double[] expected = {stays * stays, stays * rate, rate * stays, rate * rate};
                assertThat(ChiSquare.deviations(pairs, expected))
                        .as("rate %s, branch %s", rate, branch)
                        .isLessThan(MOST_DEVIATIONS);
            }
        }
    }

    /** Every pattern of eight neighbouring columns is as frequent as it should be. */
    @ParameterizedTest
    @ValueSource(floats = {0.1f, 0.5f, 0.75f})
    void columnsAreIndependent(float rate) {
        long[] patterns = new long[256];
        for (int i = 0; i < 8_000; i++) {
            boolean[] row = row(rate, false, coordinates(i));
            for (int j = 0; j < row.length; j += 8) {
                int pattern = 0;
                for (int bit = 0; bit < 8; bit++) {
                    pattern |= row[j + bit] ? 1 << bit : 0;
                }
                patterns[pattern]++;
            }
        }
        double[] expected = new double[256];
        for (int pattern = 0; pattern < 256; pattern++) {
            int dropped = Integer.bitCount(pattern);
            expected[pattern] = Math.pow(rate, dropped) * Math.pow(1.0 - rate, 8 - dropped);
        }
        assertThat(ChiSquare.deviations(patterns, expected)).isLessThan(MOST_DEVIATIONS);
    }

    /** Counted over rows, every column is dropped as often as any other. */
    @Test
    void noColumnIsPreferred() {
        long[] dropped = new long[COLUMNS];
        for (int i = 0; i < 10_000; i++) {
            boolean[] row = row(0.2f, false, coordinates(i));
            for (int j = 0; j < COLUMNS; j++) {
                dropped[j] += row[j] ? 1 : 0;
            }
        }
        assertThat(ChiSquare.deviations(dropped)).isLessThan(MOST_DEVIATIONS);
        assertThat(Arrays.stream(dropped).sum() / (10_000.0 * COLUMNS)).isBetween(0.198, 0.202);
    }

    /** Heads and branches of all layers: no two places share a mask, whatever the position. */
    @Test
    void noTwoPlacesShareAMask() {
        Set<String> masks = new HashSet<>();
        int rows = 0;
        for (long layer = 0; layer < 4; layer++) {
            for (long t = 0; t < 30; t++) {
                for (long place = 0; place < HEADS + 2; place++) {
                    boolean branch = place >= HEADS;
                    boolean[] row = row(0.5f, branch, 1, 2, 3, 4, layer, branch ? place - HEADS : place, t);
                    masks.add(Arrays.toString(Arrays.copyOf(row, COLUMNS - COLUMNS % HEADS)));
                    rows++;
                }
            }
        }
        assertThat(masks).hasSize(rows);
    }
}
