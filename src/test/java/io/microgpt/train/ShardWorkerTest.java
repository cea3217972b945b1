package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.data.StepPlan;
import io.microgpt.data.TokenShard;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Pass;
import io.microgpt.model.TinyModels;
import io.microgpt.model.Weights;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever adds up the shards of a step, in however large pieces: the bits are those of a gradient for each shard. */
class ShardWorkerTest {
    private static final GptConfig SHAPE = new GptConfig(29, 12, 3, 2, 130, 20);
    private static final float SMOOTHING = 0.1f;

    /** Shards of made-up documents, a plan over them and the reference. */
    private static final class Corpus {
        final GptConfig config;
        final List<TokenShard> shards = new ArrayList<>();
        final Gpt gpt;
        final float[] parameters;
        final Deque<float[]> spare = new ArrayDeque<>();
        private final StepPlan plan;
        private final TrainingTask task;

        /** @param documents positions of the documents of each shard */
        Corpus(GptConfig config, List<int[]> documents, int batch, boolean shifted, Choice choice) {
            this(config, documents, batch, shifted, 0.0f, choice);
        }

        Corpus(GptConfig config, List<int[]> documents, int batch, boolean shifted, float dropout, Choice choice) {
            this.config = config;
            for (int s = 0; s < documents.size(); s++) {
                TokenShard shard = new TokenShard(config.vocabularySize());
                int[] before = null;
                for (int[] document : TinyModels.documents(config, s, documents.get(s))) {
                    if (shifted && before != null) {
                        document[0] = before[before.length - 1]; // the text goes on
                    }
                    shard.add(document);
                    before = document;
                }
                shards.add(shard);
            }
            int[] sizes = shards.stream().mapToInt(TokenShard::documents).toArray();
            StepPlan unshifted = new StepPlan(7, sizes, batch);
            this.plan = shifted ? unshifted.withShiftedBlocks() : unshifted;
            this.task = new TrainingTask(config, plan, SMOOTHING, dropout, choice);
            this.gpt = new Gpt(config, KernelProvider.choose(choice).kernels());
            this.parameters = TinyModels.weights(config, 5);
        }

        static Corpus of(int shards, int documents, IntUnaryOperator positions, int batch) {
            List<int[]> all = new ArrayList<>();
            for (int s = 0; s < shards; s++) {
                int first = s * documents;
                all.add(IntStream.range(first, first + documents).map(positions).toArray());
            }
            return new Corpus(SHAPE, all, batch, false, Choice.VECTOR);
        }

        ShardWorker worker() {
            return new ShardWorker(task, gpt, spare);
        }

        Weights weights() {
            return new Weights(config, parameters, gpt.kernels());
        }

        SumTree tree() {
            return new SumTree(shards.size(), gpt.kernels(), spare);
        }

        /** {@return the positions of a step's documents, shard by shard} */
        long[] positions(long step) {
            int[][] chosen = plan.documents(step, 0, shards.size());
            return IntStream.range(0, shards.size())
                    .mapToLong(s -> Arrays.stream(chosen[s])
                            .mapToLong(shards.get(s)::positions)
                            .sum())
                    .toArray();
        }

        /** {@return the sum of a step, with a pass and an array for each shard} */
        GradientSum reference(long step) {
            Weights weights = weights();
            SumTree tree = new SumTree(shards.size(), gpt.kernels());
            for (int s = 0; s < shards.size(); s++) {
                TokenShard shard = shards.get(s);
                List<int[]> documents = new ArrayList<>();
                List<Long> keys = new ArrayList<>();
                for (int document : plan.documents(step, s, s + 1)[0]) {
                    int[] tokens = new int[config.blockSize() + 1];
                    int shift = plan.shift(step, s, document, shard.positions(document));
                    int length = shard.read(document, shift, config.blockSize(), tokens);
                    documents.add(Arrays.copyOf(tokens, length));
                    keys.add(CounterRandom.bits(7, Purpose.DROPOUT, step, s, document));
                }
                tree.addLeaf(s, documents.isEmpty() ? null : leaf(weights, documents, keys));
            }
            return tree.total();
        }

        private GradientSum leaf(Weights weights, List<int[]> documents, List<Long> keys) {
            float[] gradient = new float[config.parameters()];
            double[] loss = new double[1];
            long[] positions = new long[1];
            Pass pass = new Pass(gpt);
            pass.begin(weights, SMOOTHING, (float) task.dropout(), (document, sum, count) -> {
                loss[0] += sum;
                positions[0] += count;
            });
            pass.gradient(gradient, false);
            for (int d = 0; d < documents.size(); d++) {
                pass.document(documents.get(d), documents.get(d).length, keys.get(d));
            }
            pass.end();
            return new GradientSum(gradient, loss[0], positions[0], documents.size());
        }

        /** {@return the nodes of workers who divide the shards at the cuts} */
        List<SumTree.Node> nodes(long step, List<ShardWorker> workers, List<Integer> cuts) {
            List<SumTree.Node> nodes = new ArrayList<>();
            for (int w = 0; w + 1 < cuts.size(); w++) {
                ShardWorker worker = workers.get(w % workers.size());
                SumTree tree = tree();
                List<TokenShard> part = shards.subList(cuts.get(w), cuts.get(w + 1));
                worker.gradients(tree, part, cuts.get(w), step, weights());
                nodes.addAll(tree.nodes());
            }
            return nodes;
        }

        GradientSum total(List<SumTree.Node> nodes, Random random) {
            List<SumTree.Node> arrived = new ArrayList<>(nodes);
            Collections.shuffle(arrived, random);
            SumTree driver = new SumTree(shards.size(), gpt.kernels());
            arrived.forEach(driver::add);
            return driver.total();
        }

        void check(long step, List<ShardWorker> workers, List<Integer> cuts, GradientSum expected) {
            GradientSum actual = total(nodes(step, workers, cuts), new Random(step));
            same(actual, expected, "step " + step + " cut at " + cuts);
        }

        /** All shards in one worker, and random cuts by workers that are used again and again. */
        void check(long step, List<ShardWorker> workers) {
            GradientSum expected = reference(step);
            check(step, workers, List.of(0, shards.size()), expected);
            Random random = new Random(step);
            for (int run = 0; run < 3; run++) {
                TreeSet<Integer> cuts = new TreeSet<>(List.of(0, shards.size()));
                for (int cut = 0; cut < 1 + run; cut++) {
                    cuts.add(random.nextInt(shards.size() + 1));
                }
                check(step, workers, List.copyOf(cuts), expected);
            }
            check(step, workers, IntStream.rangeClosed(0, shards.size()).boxed().toList(), expected);
        }

        List<ShardWorker> workers() {
            return List.of(worker(), worker(), worker());
        }
    }

    private static void same(GradientSum actual, GradientSum expected, String description) {
        assertThat(bits(actual.gradient())).as(description).isEqualTo(bits(expected.gradient()));
        assertThat(Arrays.stream(bits(expected.gradient())).anyMatch(b -> b << 1 != 0))
                .isTrue();
        assertThat(actual.lossSum())
                .as(description)
                .isEqualTo(expected.lossSum())
                .isPositive();
        assertThat(actual.positions()).as(description).isEqualTo(expected.positions());
        assertThat(actual.documents()).as(description).isEqualTo(expected.documents());
    }

    private static int[] bits(float[] gradient) {
        return IntStream.range(0, gradient.length)
                .map(i -> Float.floatToRawIntBits(gradient[i]))
                .toArray();
    }

    /** Short documents: the whole step is one group, or each worker's part of it. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 16})
    void aStepInOneGroup(int shards) {
        Corpus corpus = Corpus.of(shards, 9, i -> 1 + i * 7 % 13, 24);
        List<ShardWorker> workers = corpus.workers();
        for (long step = 0; step < 8; step++) {
            corpus.check(step, workers);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 8, 16})
    void shardsWithoutDocuments(int shards) {
        Corpus corpus = Corpus.of(shards, 6, i -> 1 + i * 5 % 11, Math.max(1, shards / 3));
        List<ShardWorker> workers = corpus.workers();
        for (long step = 0; step < 12; step++) {
            assertThat(corpus.positions(step)).contains(0);
            corpus.check(step, workers);
        }
    }

    @Test
    void shardsThatAreEmpty() {
        List<int[]> documents = new ArrayList<>();
        for (int s = 0; s < 11; s++) {
            documents.add(s % 4 == 1 || s > 7 ? new int[0] : new int[] {3, 9, 1, 4});
        }
        Corpus corpus = new Corpus(SHAPE, documents, 10, false, Choice.VECTOR);
        List<ShardWorker> workers = corpus.workers();
        for (long step = 0; step < 8; step++) {
            corpus.check(step, workers);
        }
    }

    /** More positions than a group takes: the tree is descended, down to shards that need several groups. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 16})
    void aStepOfSeveralGroups(int shards) {
        Corpus corpus = Corpus.of(shards, 64 / shards, i -> 40 + i * 31 % 91, 30);
        List<ShardWorker> workers = corpus.workers();
        for (long step = 0; step < 4; step++) {
            assertThat(Arrays.stream(corpus.positions(step)).sum()).isGreaterThan(2 * Pass.GROUP_ROWS);
            corpus.check(step, workers);
        }
    }

    /** Subtrees of just as many positions as a group takes, and of one document more. */
    @ParameterizedTest
    @ValueSource(ints = {7, 8, 9, 16, 17, 32})
    void fullGroups(int batch) {
        Corpus corpus = Corpus.of(8, 4, i -> 128, batch);
        List<ShardWorker> workers = corpus.workers();
        for (long step = 0; step < 3; step++) {
            assertThat(Arrays.stream(corpus.positions(step)).sum()).isEqualTo(128L * batch);
            corpus.check(step, workers);
        }
    }

    /** One shard with nearly all of the step, among others with little. */
    @Test
    void anUnevenStep() {
        List<int[]> documents = new ArrayList<>();
        for (int s = 0; s < 7; s++) {
            int[] positions = new int[s == 3 ? 20 : 2];
            Arrays.fill(positions, s == 3 ? 130 : 5);
            documents.add(positions);
        }
        Corpus corpus = new Corpus(SHAPE, documents, 32, false, Choice.VECTOR);
        assertThat(corpus.positions(0)[3]).isGreaterThan(2 * Pass.GROUP_ROWS);
        corpus.check(0, corpus.workers());
    }

    /** Blocks of a text, whose cuts move: a step may then have fewer positions than its documents. */
    @Test
    void shiftedBlocks() {
        List<int[]> documents = new ArrayList<>();
        for (int s = 0; s < 6; s++) {
            int[] positions = new int[8];
            Arrays.fill(positions, SHAPE.blockSize());
            positions[7] = 1 + s;
            documents.add(positions);
        }
        Corpus corpus = new Corpus(SHAPE, documents, 20, true, Choice.VECTOR);
        List<ShardWorker> workers = corpus.workers();
        boolean fewer = false;
        for (long step = 0; step < 4; step++) {
            corpus.check(step, workers);
            fewer |= corpus.reference(step).positions()
                    < Arrays.stream(corpus.positions(step)).sum();
        }
        assertThat(fewer).isTrue();
    }

    /** With a vocabulary so large that every leaf has a gradient of its own, and logits are of some rows of a group. */
    @Test
    void aModelThatDoesNotAddLeaves() {
        GptConfig config = new GptConfig(40_000, 2, 1, 1, 50, 3);
        List<int[]> documents = new ArrayList<>();
        for (int s = 0; s < 5; s++) {
            documents.add(new int[] {50, 50, 50, 50});
        }
        Corpus corpus = new Corpus(config, documents, 9, false, Choice.VECTOR);
        assertThat(Gpt.addsLeaves(corpus.gpt.config())).isFalse();
        assertThat(Arrays.stream(corpus.positions(1)).sum()).isBetween((1L << 24) / 40_000, (long) Pass.GROUP_ROWS);
        GradientSum expected = corpus.reference(1);
        corpus.check(1, corpus.workers(), List.of(0, 5), expected);
        corpus.check(1, corpus.workers(), List.of(0, 2, 5), expected);
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR"})
    void eitherKernels(Choice choice) {
        List<int[]> documents = new ArrayList<>();
        for (int s = 0; s < 5; s++) {
            documents.add(new int[] {3, 130, 70, 1, 120});
        }
        Corpus corpus = new Corpus(SHAPE, documents, 20, false, choice);
        Corpus scalar = new Corpus(SHAPE, documents, 20, false, Choice.SCALAR);
        GradientSum actual = corpus.total(corpus.nodes(1, corpus.workers(), List.of(0, 2, 5)), new Random(1));
        assertThat(actual.positions()).isGreaterThan(Pass.GROUP_ROWS);
        same(actual, scalar.reference(1), choice.name());
    }

    /** What is dropped depends on the document and the step, not on who computes it, with what, or in which group. */
    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR"})
    void dropout(Choice choice) {
        List<int[]> documents = new ArrayList<>();
        for (int s = 0; s < 5; s++) {
            documents.add(new int[] {3, 130, 70, 1, 120});
        }
        Corpus corpus = new Corpus(SHAPE, documents, 20, true, 0.2f, choice);
        Corpus scalar = new Corpus(SHAPE, documents, 20, true, 0.2f, Choice.SCALAR);
        Corpus without = new Corpus(SHAPE, documents, 20, true, choice);
        List<ShardWorker> workers = corpus.workers();
        for (long step = 0; step < 2; step++) {
            GradientSum expected = scalar.reference(step);
            corpus.check(step, workers, List.of(0, 5), expected);
            corpus.check(step, workers, List.of(0, 2, 3, 5), expected);
            assertThat(expected.lossSum()).isNotEqualTo(without.reference(step).lossSum());
        }
    }

    /** A worker hands in the largest subtrees that it has all shards of. */
    @Test
    void theFewestNodes() {
        Corpus corpus = Corpus.of(11, 6, i -> 1 + i * 5 % 11, 4); // most shards have none
        List<SumTree.Node> nodes = corpus.nodes(0, corpus.workers(), List.of(3, 11));
        assertThat(nodes).extracting(SumTree.Node::level).containsExactly(0, 2, 3);
        assertThat(nodes).extracting(SumTree.Node::index).containsExactly(3, 1, 1);
    }

    @Test
    void lossesAreThoseOfEachShard() {
        Corpus corpus = Corpus.of(5, 9, i -> 1 + i * 29 % 130, 4);
        Weights weights = corpus.weights();
        SumTree expected = new SumTree(5, corpus.gpt.kernels());
        for (int s = 0; s < 5; s++) {
            TokenShard shard = corpus.shards.get(s);
            List<int[]> documents =
                    IntStream.range(0, 5).mapToObj(shard::document).toList(); // half of nine, rounded up
            double[] loss = new double[1];
            corpus.gpt.loss(weights, documents, new Pass(corpus.gpt), (document, sum, count) -> loss[0] += sum);
            long positions = documents.stream().mapToInt(d -> d.length - 1).sum();
            expected.addLeaf(s, new GradientSum(new float[0], loss[0], positions, 5));
        }
        ShardWorker worker = corpus.worker();
        SumTree driver = corpus.tree();
        for (int[] part : new int[][] {{3, 5}, {0, 1}, {1, 3}}) {
            SumTree tree = corpus.tree();
            List<TokenShard> some = corpus.shards.subList(part[0], part[1]);
            worker.losses(tree, some, part[0], io.microgpt.data.Corpus.OWN, 0.5, corpus.weights());
            tree.nodes().forEach(driver::add);
        }
        assertThat(driver.total().lossSum()).isEqualTo(expected.total().lossSum());
        assertThat(driver.total().positions()).isEqualTo(expected.total().positions());
        assertThat(driver.total().documents()).isEqualTo(25);
    }
}
