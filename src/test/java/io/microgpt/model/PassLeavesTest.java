package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.LeafPrograms;
import io.microgpt.kernel.LeafTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The gradient of a tree of leaves is, bit for bit, a gradient for each leaf, and those added in the tree. */
class PassLeavesTest {
    private static final GptConfig SHAPE = new GptConfig(29, 20, 4, 2, 130, 33);
    private static final float SMOOTHING = 0.1f;

    /** Documents whose gradients go to one array: leaves and their order, or one leaf after which nothing is added. */
    private record Run(int[] program, List<List<int[]>> leaves) {
        int positions() {
            return leaves.stream().mapToInt(PassLeavesTest::positions).sum();
        }
    }

    private static int positions(List<int[]> documents) {
        return documents.stream().mapToInt(document -> document.length - 1).sum();
    }

    /** A model, and what was computed with it. */
    private static final class Fixture {
        final Kernels kernels;
        final Gpt gpt;
        final Weights weights;
        private final List<Double> losses = new ArrayList<>();

        Fixture(GptConfig config, Choice choice) {
            this.kernels = KernelProvider.choose(choice).kernels();
            this.gpt = new Gpt(config, kernels);
            this.weights = new Weights(config, TinyModels.weights(config, 12), kernels);
        }

        /** {@return the gradients of the runs by one pass; runs of one leaf are ordinary ones} */
        List<float[]> byPass(Pass pass, List<Run> runs) {
            losses.clear();
            List<float[]> gradients = new ArrayList<>();
            pass.begin(weights, SMOOTHING, (document, sum, positions) -> {
                assertThat(document).isEqualTo(losses.size());
                losses.add(sum);
            });
            for (Run run : runs) {
                float[] gradient = new float[gpt.config().parameters()];
                Arrays.fill(gradient, Float.NaN);
                gradients.add(gradient);
                if (run.program == null) {
                    pass.gradient(gradient, true);
                } else {
                    pass.gradient(gradient, new LeafTree(run.program), run.positions());
                }
                for (List<int[]> leaf : run.leaves) {
                    if (run.program != null) {
                        pass.leaf();
                    }
                    leaf.forEach(document -> pass.document(document, document.length));
                }
            }
            pass.end();
            return gradients;
        }

        /** {@return the same, every leaf by a pass of its own} */
        List<float[]> byHand(List<Run> runs) {
            losses.clear();
            return runs.stream()
                    .map(run -> LeafPrograms.sum(kernels, run.program == null ? new int[] {0} : run.program, leaf -> {
                        float[] gradient = new float[gpt.config().parameters()];
                        gpt.gradient(
                                weights,
                                run.leaves.get(leaf),
                                SMOOTHING,
                                gradient,
                                new Pass(gpt),
                                (document, sum, positions) -> losses.add(sum));
                        return gradient;
                    }))
                    .collect(Collectors.toList());
        }

        void same(Pass pass, List<Run> runs) {
            List<float[]> expected = byHand(runs);
            List<Double> expectedLosses = List.copyOf(losses);
            List<float[]> actual = byPass(pass, runs);
            for (int i = 0; i < runs.size(); i++) {
                assertThat(bits(actual.get(i))).as("run %d", i).isEqualTo(bits(expected.get(i)));
                assertThat(Arrays.stream(bits(actual.get(i))).anyMatch(b -> b << 1 != 0))
                        .isTrue();
            }
            assertThat(losses).isEqualTo(expectedLosses).isNotEmpty();
        }
    }

    private static int[] bits(float[] gradient) {
        return IntStream.range(0, gradient.length)
                .map(i -> Float.floatToRawIntBits(gradient[i]))
                .toArray();
    }

    /** Of at most {@code positions} positions: leaves of one document to four, of one position to a whole block. */
    private static Run leaves(int leaves, int positions, Random random) {
        List<List<int[]>> all = new ArrayList<>();
        int left = positions;
        for (int leaf = 0; leaf < leaves; leaf++) {
            int share = left - (leaves - leaf - 1);
            int documents = 1 + random.nextInt(Math.min(4, share));
            int[] lengths = new int[documents];
            for (int d = 0; d < documents; d++) {
                int most = Math.min(random.nextBoolean() ? 130 : 10, share - (documents - d - 1));
                lengths[d] = 1 + random.nextInt(most);
                share -= lengths[d];
                left -= lengths[d];
            }
            all.add(TinyModels.documents(SHAPE, random.nextLong(), lengths));
        }
        return new Run(LeafPrograms.random(leaves, random), all);
    }

    private static Run ordinary(long seed, int... positions) {
        return new Run(null, List.of(TinyModels.documents(SHAPE, seed, positions)));
    }

    @ParameterizedTest
    @CsvSource({"SCALAR, 400", "VECTOR, 1024"})
    void aTreeIsItsLeavesOneByOne(Choice choice, int positions) {
        Fixture fixture = new Fixture(SHAPE, choice);
        for (int leaves = 1; leaves <= 9; leaves++) {
            fixture.same(new Pass(fixture.gpt), List.of(leaves(leaves, positions, new Random(leaves))));
        }
    }

    /** As the tree of shards has it where some have no documents. */
    @Test
    void absentLeaves() {
        Fixture fixture = new Fixture(SHAPE, Choice.VECTOR);
        Pass pass = new Pass(fixture.gpt);
        for (int mask = 1; mask < 64; mask++) {
            boolean[] present = new boolean[6];
            for (int i = 0; i < 6; i++) {
                present[i] = (mask >> i & 1) != 0;
            }
            int[] program = LeafPrograms.of(present);
            List<List<int[]>> documents = leaves(LeafPrograms.leaves(program), 60, new Random(mask)).leaves;
            fixture.same(pass, List.of(new Run(program, documents)));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR"})
    void amongOrdinaryRuns(Choice choice) {
        Fixture fixture = new Fixture(SHAPE, choice);
        Random random = new Random(3);
        List<Run> runs = List.of(
                ordinary(1, 17, 3),
                leaves(3, 100, random),
                ordinary(2, 40),
                leaves(2, 60, random),
                leaves(5, 150, random),
                ordinary(4, 1, 1, 130));
        assertThat(runs.stream().mapToInt(Run::positions).sum()).isLessThanOrEqualTo(Pass.GROUP_ROWS);
        fixture.same(new Pass(fixture.gpt), runs);
        for (int i = 0; i < runs.size(); i++) {
            fixture.same(new Pass(fixture.gpt), runs.subList(i, runs.size()));
        }
    }

    /** A tree that fits no more in the group begins the next; an ordinary run goes on from one to the other. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void severalGroups(long seed) {
        Fixture fixture = new Fixture(SHAPE, Choice.VECTOR);
        Random random = new Random(seed);
        List<Run> runs = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            runs.add(
                    random.nextInt(3) == 0
                            ? ordinary(
                                    i,
                                    random.ints(1 + random.nextInt(9), 1, 131).toArray())
                            : leaves(1 + random.nextInt(8), 1 + random.nextInt(8) + random.nextInt(1000) + 8, random));
        }
        runs.add(ordinary(seed, 130, 130, 130, 130, 130, 130, 130, 130, 130));
        runs.add(leaves(4, 500, random));
        assertThat(runs.stream().mapToInt(Run::positions).sum()).isGreaterThan(Pass.GROUP_ROWS);
        fixture.same(new Pass(fixture.gpt), runs);
    }

    /** Exactly as many positions as a group takes, and as are left in one. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 7})
    void aFullGroup(int before) {
        Fixture fixture = new Fixture(SHAPE, Choice.VECTOR);
        List<Run> runs = new ArrayList<>();
        int[] positions = new int[before];
        Arrays.fill(positions, 128);
        if (before > 0) {
            runs.add(ordinary(8, positions));
        }
        int[] rest = new int[8 - before];
        Arrays.fill(rest, 128);
        List<List<int[]>> leaves = new ArrayList<>();
        for (int[] document : TinyModels.documents(SHAPE, 9, rest)) {
            leaves.add(List.of(document));
        }
        runs.add(new Run(LeafPrograms.random(leaves.size(), new Random(before)), leaves));
        assertThat(runs.stream().mapToInt(Run::positions).sum()).isEqualTo(Pass.GROUP_ROWS);
        runs.add(leaves(2, 30, new Random(5)));
        runs.add(ordinary(7, 3));
        fixture.same(new Pass(fixture.gpt), runs);
    }

    /** Gradients so large that a group has room for few. */
    @Test
    void largeGradients() {
        GptConfig config = new GptConfig(29, 256, 4, 2, 130, 1024);
        assertThat(config.parameters()).isGreaterThan(1 << 20);
        Fixture fixture = new Fixture(config, Choice.VECTOR);
        Random random = new Random(8);
        List<Run> runs = List.of(
                leaves(2, 20, random),
                leaves(3, 20, random),
                ordinary(1, 9),
                leaves(4, 20, random),
                leaves(2, 9, random));
        fixture.same(new Pass(fixture.gpt), runs);
    }

    /** The largest vocabulary with which leaves are added: the logits of a whole group are one chunk. */
    @Test
    void aLargeVocabulary() {
        GptConfig config = new GptConfig(16_380, 2, 1, 1, 128, 3);
        Fixture fixture = new Fixture(config, Choice.VECTOR);
        assertThat(Gpt.addsLeaves(fixture.gpt.config())).isTrue();
        List<List<int[]>> leaves = new ArrayList<>();
        for (int[] document : TinyModels.documents(config, 9, 128, 128, 128, 128, 128, 128, 128, 128)) {
            leaves.add(List.of(document));
        }
        fixture.same(new Pass(fixture.gpt), List.of(new Run(LeafPrograms.random(8, new Random(2)), leaves)));
    }

    @ParameterizedTest
    @CsvSource({
        "29,    20,   130, true",
        "16380, 32,   8,   true",
        "16381, 32,   8,   false", // logits
        "1000,  1024, 24,  true",
        "1000,  1024, 25,  false", // embeddings
        "50000, 8,    8,   false"
    })
    void whichModelsAddLeaves(int vocabulary, int embedding, int block, boolean adds) {
        GptConfig config = new GptConfig(vocabulary, embedding, 1, 1, block, 2);
        assertThat(Gpt.addsLeaves(config)).isEqualTo(adds);
    }

    /** Smaller and larger trees, deeper and flatter ones, with losses and other weights between. */
    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR"})
    void aPassRemembersNothing(Choice choice) {
        Fixture fixture = new Fixture(SHAPE, choice);
        Weights others = new Weights(SHAPE, TinyModels.weights(SHAPE, 13), fixture.kernels);
        Pass used = new Pass(fixture.gpt);
        Random random = new Random(5);
        List<int[]> documents = TinyModels.documents(SHAPE, 6, 130, 4, 60);
        for (int leaves : new int[] {2, 8, 1, 5, 3}) {
            fixture.same(used, List.of(leaves(leaves, 20 * leaves, random), ordinary(leaves, 5, 9)));
            fixture.same(used, List.of(ordinary(leaves, 5, 9), leaves(leaves, 30, random)));
            fixture.gpt.loss(others, documents, used, (document, sum, positions) -> {});
            fixture.gpt.gradient(
                    others, documents, 0.5f, new float[SHAPE.parameters()], used, (document, sum, positions) -> {});
        }
    }

    @Test
    void morePositionsThanTold() {
        Fixture fixture = new Fixture(SHAPE, Choice.VECTOR);
        Pass pass = new Pass(fixture.gpt);
        List<Integer> reported = new ArrayList<>();
        float[][] gradients = new float[2][SHAPE.parameters()];
        List<int[]> full = TinyModels.documents(SHAPE, 3, 128, 128, 128, 128, 128, 128, 128, 118);
        int[] document = TinyModels.documents(SHAPE, 4, 5).get(0);
        pass.begin(fixture.weights, SMOOTHING, (number, sum, positions) -> reported.add(number));
        pass.gradient(gradients[0], true);
        full.forEach(each -> pass.document(each, each.length));
        pass.gradient(gradients[1], new LeafTree(new int[] {0, 1, LeafTree.ADD}), 10);
        pass.leaf();
        pass.document(document, document.length);
        pass.leaf();
        pass.document(document, document.length); // the group is full
        assertThatThrownBy(() -> pass.document(document, 2))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("leaves of more than the positions that were told");
        assertThat(reported).isEmpty();
        fixture.same(pass, List.of(leaves(3, 90, new Random(1)), ordinary(2, 8))); // it begins anew
    }

    @Test
    void moreLeavesThanNamed() {
        Fixture fixture = new Fixture(SHAPE, Choice.VECTOR);
        Pass pass = new Pass(fixture.gpt);
        pass.begin(fixture.weights, SMOOTHING, (number, sum, positions) -> {});
        pass.gradient(new float[SHAPE.parameters()], new LeafTree(new int[] {0}), 10);
        pass.leaf();
        assertThatThrownBy(pass::leaf).isInstanceOf(IllegalStateException.class);
    }
}
