package io.microgpt.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SumTreeTest {
    private static final int WIDTH = 5;

    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();

    static IntStream shardCounts() {
        return IntStream.concat(IntStream.rangeClosed(1, 17), IntStream.of(31, 32, 33, 100));
    }

    @ParameterizedTest
    @MethodSource("shardCounts")
    void leavesInAnyOrder(int shards) {
        for (int seed = 0; seed < 30; seed++) {
            Leaves leaves = new Leaves(shards, seed, 0.0);
            SumTree tree = new SumTree(shards, kernels);
            for (int shard : shuffled(shards, seed)) {
                tree.addLeaf(shard, leaves.copy(shard));
            }
            same(tree.total(), leaves.reference());
        }
    }

    /** Tasks add up runs of shards; the driver adds the subtrees that are left, as they arrive. */
    @ParameterizedTest
    @MethodSource("shardCounts")
    void runsOfShardsByAnyNumberOfTasks(int shards) {
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            Leaves leaves = new Leaves(shards, seed, seed % 3 * 0.4);
            List<SumTree.Node> arrived = new ArrayList<>();
            for (int from = 0; from < shards; ) {
                int to = Math.min(shards, from + 1 + random.nextInt(shards));
                SumTree task = new SumTree(shards, kernels);
                for (int i : shuffled(to - from, seed)) {
                    task.addLeaf(from + i, leaves.copy(from + i));
                }
                assertThat(task.nodes())
                        .isSortedAccordingTo(
                                (a, b) -> Long.compare((long) a.index() << a.level(), (long) b.index() << b.level()));
                arrived.addAll(task.nodes());
                from = to;
            }
            Collections.shuffle(arrived, random);
            SumTree driver = new SumTree(shards, kernels);
            arrived.forEach(driver::add);
            same(driver.total(), leaves.reference());
        }
    }

    /** Otherwise the tests above would prove nothing. */
    @Test
    void theOrderWouldMatter() {
        Leaves leaves = new Leaves(17, 1, 0.0);
        float[] inSequence = leaves.copy(0).gradient();
        for (int shard = 1; shard < 17; shard++) {
            kernels.add(inSequence, 0, leaves.copy(shard).gradient(), 0, WIDTH);
        }
        assertThat(inSequence).isNotEqualTo(leaves.reference().gradient());
    }

    /** Not even a zero: that would turn minus zero into zero. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8})
    void absentLeavesAddNothing(int shards) {
        for (int present = 0; present < shards; present++) {
            SumTree tree = new SumTree(shards, kernels);
            for (int shard = 0; shard < shards; shard++) {
                tree.addLeaf(shard, shard == present ? new GradientSum(new float[] {-0.0f}, -0.0, 3, 2) : null);
            }
            GradientSum total = tree.total();
            assertThat(Float.floatToRawIntBits(total.gradient()[0])).isEqualTo(0x80000000);
            assertThat(Double.doubleToRawLongBits(total.lossSum())).isEqualTo(Long.MIN_VALUE);
            assertThat(total.positions()).isEqualTo(3);
            assertThat(total.documents()).isEqualTo(2);
        }
    }

    @Test
    void lossesAlone() {
        SumTree tree = new SumTree(3, kernels);
        for (int shard = 0; shard < 3; shard++) {
            tree.addLeaf(shard, new GradientSum(new float[0], 0.5 + shard, 10 + shard, 1));
        }
        assertThat(tree.total().lossSum()).isEqualTo(4.5);
        assertThat(tree.total().positions()).isEqualTo(33);
        assertThat(tree.total().documents()).isEqualTo(3);
    }

    @Test
    void freedArraysAreHandedBack() {
        ArrayDeque<float[]> spare = new ArrayDeque<>();
        Leaves leaves = new Leaves(9, 1, 0.0);
        SumTree tree = new SumTree(9, kernels, spare);
        for (int shard : shuffled(9, 1)) {
            tree.addLeaf(shard, leaves.copy(shard));
        }
        assertThat(spare)
                .hasSize(8)
                .doesNotHaveDuplicates()
                .doesNotContain(tree.total().gradient());
    }

    @Test
    void aMissingShardIsNoticed() {
        for (int missing = 0; missing < 5; missing++) {
            SumTree tree = new SumTree(5, kernels);
            for (int shard = 0; shard < 5; shard++) {
                if (shard != missing) {
                    tree.addLeaf(shard, shard == 2 ? null : new GradientSum(new float[1], 1.0, 1, 1));
                }
            }
            assertThatThrownBy(tree::total)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("the sum over 5 shards is incomplete: ");
        }
    }

    @Test
    void noDocumentsAtAll() {
        SumTree tree = new SumTree(2, kernels);
        tree.addLeaf(1, null);
        tree.addLeaf(0, null);
        assertThatThrownBy(tree::total)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no shard of 2 had a document");
    }

    @ParameterizedTest
    @CsvSource({"0, 5", "0, -1", "1, 3", "2, 2", "3, 1", "4, 0", "31, 1"})
    void nodesOfAnotherTree(int level, int index) {
        SumTree tree = new SumTree(5, kernels);
        assertThatThrownBy(() -> tree.add(new SumTree.Node(level, index, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("node (" + level + ", " + index + ") is not in the tree of 5 shards");
    }

    @Test
    void aLeafThatCameBefore() {
        SumTree tree = new SumTree(4, kernels);
        tree.addLeaf(2, null);
        assertThatThrownBy(() -> tree.addLeaf(2, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("node (0, 2) was added to the tree twice");
    }

    @Test
    void aTreeNeedsAShard() {
        assertThatThrownBy(() -> new SumTree(0, kernels))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a summation tree needs at least one shard, not 0");
    }

    private static List<Integer> shuffled(int n, long seed) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
        Collections.shuffle(order, new Random(seed));
        return order;
    }

    private static void same(GradientSum actual, GradientSum expected) {
        for (int i = 0; i < WIDTH; i++) {
            assertThat(Float.floatToRawIntBits(actual.gradient()[i]))
                    .isEqualTo(Float.floatToRawIntBits(expected.gradient()[i]));
        }
        assertThat(Double.doubleToRawLongBits(actual.lossSum()))
                .isEqualTo(Double.doubleToRawLongBits(expected.lossSum()));
        assertThat(actual.positions()).isEqualTo(expected.positions());
        assertThat(actual.documents()).isEqualTo(expected.documents());
    }

    /** Leaves of very different magnitudes, some absent but never all, and the definition of their sum. */
    private static final class Leaves {
        private final List<GradientSum> leaves = new ArrayList<>();

        Leaves(int shards, long seed, double absent) {
            Random random = new Random(seed);
            int present = random.nextInt(shards);
            for (int shard = 0; shard < shards; shard++) {
                float[] gradient = new float[WIDTH];
                for (int i = 0; i < WIDTH; i++) {
                    gradient[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(7)));
                }
                boolean gone = shard != present && random.nextDouble() < absent;
                leaves.add(
                        gone
                                ? null
                                : new GradientSum(
                                        gradient, random.nextGaussian() / 3, random.nextInt(100), random.nextInt(9)));
            }
        }

        GradientSum copy(int shard) {
            GradientSum leaf = leaves.get(shard);
            return leaf == null
                    ? null
                    : new GradientSum(leaf.gradient().clone(), leaf.lossSum(), leaf.positions(), leaf.documents());
        }

        GradientSum reference() {
            int width = 1;
            while (width < leaves.size()) {
                width *= 2;
            }
            return reference(0, width);
        }

        private GradientSum reference(int from, int width) {
            if (from >= leaves.size()) {
                return null;
            }
            if (width == 1) {
                return copy(from);
            }
            GradientSum left = reference(from, width / 2);
            GradientSum right = reference(from + width / 2, width / 2);
            if (left == null || right == null) {
                return left == null ? right : left;
            }
            for (int i = 0; i < WIDTH; i++) {
                left.gradient()[i] += right.gradient()[i];
            }
            return new GradientSum(
                    left.gradient(),
                    left.lossSum() + right.lossSum(),
                    left.positions() + right.positions(),
                    left.documents() + right.documents());
        }
    }
}
