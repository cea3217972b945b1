package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bits of losses, gradients and logits: the same whatever the kernels, the grouping and the company. */
class GptTest {
    private static final GptConfig SHAPE = new GptConfig(29, 20, 4, 2, 19, 33);
    /** Documents longer than a block of rows in attention. */
    private static final GptConfig LONG = new GptConfig(9, 8, 2, 2, 125, 7);

    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();

    @ParameterizedTest
    @CsvSource({
        "27, 16, 4, 1, 16, 64",
        "27, 16, 1, 2, 13, 17",
        "65, 48, 3, 1, 33, 192",
        "28, 20, 4, 2, 17, 80",
        "31, 7, 7, 1, 9, 5",
        "65, 20, 2, 1, 8, 21",
        "27, 16, 4, 2, 130, 19",
        "9, 10, 2, 1, 97, 33",
        "7, 6, 1, 1, 303, 5"
    })
    void kernelsAgreeToTheLastBit(int v, int e, int h, int l, int b, int m) {
        GptConfig config = new GptConfig(v, e, h, l, b, m);
        List<int[]> documents = TinyModels.documents(config, 1, b, 1, b - 1, b / 2, 2, b, 7);
        Kernels scalar = KernelProvider.scalar();
        Kernels vector = KernelProvider.choose(Choice.VECTOR).kernels();
        Run byVector = Run.of(config, vector, documents, 0.1f);
        Run byScalar = Run.of(config, scalar, documents, 0.1f);
        assertThat(byVector.bits()).isEqualTo(byScalar.bits());
        assertThat(byVector.losses).isEqualTo(byScalar.losses);

        int[] tokens = Arrays.copyOf(documents.get(0), b);
        assertThat(new Gpt(config, vector).logits(Run.weights(config, vector), tokens))
                .hasSize(b * v)
                .isEqualTo(new Gpt(config, scalar).logits(Run.weights(config, scalar), tokens));
    }

    @Test
    void aLossIsTheSameAloneAndInCompany() {
        List<int[]> documents = TinyModels.documents(SHAPE, 3, 19, 1, 7, 8, 9, 3, 19, 16);
        List<Double> together = Run.of(SHAPE, kernels, documents, 0.0f).losses;
        for (int d = 0; d < documents.size(); d++) {
            assertThat(Run.of(SHAPE, kernels, documents.subList(d, d + 1), 0.0f).losses)
                    .as("document %d", d)
                    .containsExactly(together.get(d));
        }
        List<int[]> reversed = new ArrayList<>(documents);
        Collections.reverse(reversed);
        List<Double> backwards = new ArrayList<>(Run.of(SHAPE, kernels, reversed, 0.0f).losses);
        Collections.reverse(backwards);
        assertThat(backwards).isEqualTo(together);
    }

    @Test
    void lossesAreTheSameWithoutGradients() {
        List<int[]> documents = TinyModels.documents(SHAPE, 3, 19, 1, 7, 8);
        List<Double> losses = new ArrayList<>();
        Gpt gpt = new Gpt(SHAPE, kernels);
        gpt.loss(Run.weights(SHAPE, kernels), documents, new Pass(gpt), (document, sum, positions) -> losses.add(sum));
        assertThat(losses).isEqualTo(Run.of(SHAPE, kernels, documents, 0.0f).losses);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8})
    void gradientsAccumulateInAnyGrouping(int group) {
        List<int[]> documents = TinyModels.documents(SHAPE, 4, 19, 1, 7, 8, 9, 3, 19, 16);
        Run whole = Run.of(SHAPE, kernels, documents, 0.2f);
        assertThat(Run.inGroups(SHAPE, kernels, documents, 0.2f, group).bits()).isEqualTo(whole.bits());
    }

    /** The engine takes 1024 rows at a time; a document alone may have more. */
    @Test
    void moreRowsThanAGroupHolds() {
        GptConfig config = new GptConfig(13, 6, 2, 1, 1100, 7);
        int[] positions = new int[30];
        Arrays.setAll(positions, i -> 90 + i % 7);
        positions[11] = 1100;
        List<int[]> documents = TinyModels.documents(config, 5, positions);
        Run whole = Run.of(config, kernels, documents, 0.0f);
        Run oneByOne = Run.inGroups(config, kernels, documents, 0.0f, 1);
        assertThat(oneByOne.bits()).isEqualTo(whole.bits());
        assertThat(oneByOne.losses).isEqualTo(whole.losses);
    }

    /** The engine holds so many logits at a time: a few rows of this vocabulary. */
    @Test
    void logitsInChunks() {
        GptConfig config = new GptConfig(700_000, 2, 1, 1, 20, 3);
        List<int[]> documents = TinyModels.documents(config, 6, 9, 20, 3, 13, 14);
        Workspace workspace = new Workspace();
        workspace.ensure(config, TinyModels.sequences(config, documents), false);
        assertThat(workspace.logitsRows).isBetween(1, 29); // otherwise this would prove nothing
        Run inChunks = Run.of(config, kernels, documents, 0.1f);
        Run oneByOne = Run.inGroups(config, kernels, documents, 0.1f, 1);
        assertThat(oneByOne.losses).isEqualTo(inChunks.losses);
        assertThat(oneByOne.bits()).isEqualTo(inChunks.bits());
        assertThat(inChunks.losses.get(0) / 9).isCloseTo(Math.log(700_000), within(1.0));
    }

    @Test
    void aTokenIsNotSeenBeforeItsPosition() {
        aTokenIsNotSeenBeforeItsPosition(SHAPE);
        aTokenIsNotSeenBeforeItsPosition(LONG);
    }

    private void aTokenIsNotSeenBeforeItsPosition(GptConfig config) {
        int[] tokens = TinyModels.documents(config, 9, config.blockSize() - 1).get(0);
        Gpt gpt = new Gpt(config, kernels);
        Weights weights = Run.weights(config, kernels);
        float[] logits = gpt.logits(weights, tokens);
        assertThat(logits).hasSize(config.blockSize() * config.vocabularySize());
        for (int changed = 0; changed < tokens.length; changed++) {
            int[] others = tokens.clone();
            others[changed] = (tokens[changed] + 1) % config.vocabularySize();
            float[] after = gpt.logits(weights, others);
            int before = changed * config.vocabularySize();
            assertThat(Arrays.copyOf(after, before)).isEqualTo(Arrays.copyOf(logits, before));
            assertThat(Arrays.copyOfRange(after, before, after.length))
                    .isNotEqualTo(Arrays.copyOfRange(logits, before, after.length));
        }
    }

    @Test
    void initialWeightsAreAFunctionOfSeedAndIndex() {
        GptConfig config = new GptConfig(65, 48, 4, 2, 32, 192);
        float[] weights = Gpt.initialWeights(config, 42);
        assertThat(weights).hasSize(config.parameters()).isEqualTo(Gpt.initialWeights(config, 42));
        assertThat(weights).isNotEqualTo(Gpt.initialWeights(config, 43));
        float[] ofFewerLayers = Gpt.initialWeights(new GptConfig(65, 48, 4, 1, 32, 192), 42);
        assertThat(ofFewerLayers).isEqualTo(Arrays.copyOf(weights, ofFewerLayers.length));
        float[] ofAnotherShape = Gpt.initialWeights(new GptConfig(9, 5, 1, 1, 3, 4), 42);
        assertThat(ofAnotherShape).isEqualTo(Arrays.copyOf(weights, ofAnotherShape.length));
    }

    @Test
    void initialWeightsHaveTheirDeviation() {
        GptConfig config = new GptConfig(65, 48, 4, 2, 32, 192);
        float[] weights = Gpt.initialWeights(config, 1);
        for (ParameterLayout.Matrix matrix : new ParameterLayout(config).matrices()) {
            double[] values = IntStream.range(matrix.offset(), matrix.offset() + matrix.size())
                    .mapToDouble(i -> weights[i])
                    .toArray();
            double mean = Arrays.stream(values).average().orElseThrow();
            double variance = Arrays.stream(values)
                    .map(x -> (x - mean) * (x - mean))
                    .average()
                    .orElseThrow();
            assertThat(mean).as(matrix.name()).isCloseTo(0.0, within(4 * 0.08 / Math.sqrt(values.length)));
            assertThat(Math.sqrt(variance))
                    .as(matrix.name())
                    .isCloseTo(0.08, within(4 * 0.08 / Math.sqrt(2.0 * values.length)));
        }
    }

    @Test
    void weightsOfAnotherShapeAreRefused() {
        String message = "10 weights for a model of " + SHAPE.parameters() + " parameters";
        assertThatThrownBy(() -> new Weights(SHAPE, new float[10], kernels))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
        Weights weights = Run.weights(SHAPE, kernels);
        assertThatThrownBy(() -> weights.set(new float[10]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    /** Only what is packed for decoding belongs to the kernels that weights were made for. */
    @Test
    void weightsForOtherKernels() {
        Kernels vector = KernelProvider.choose(Choice.VECTOR).kernels();
        Gpt gpt = new Gpt(SHAPE, vector);
        Weights weights = Run.weights(SHAPE, KernelProvider.scalar());
        assertThat(weights.kernels().name()).isEqualTo("scalar");
        int[] tokens = TinyModels.documents(SHAPE, 9, 18).get(0);
        assertThat(gpt.logits(weights, tokens)).isEqualTo(gpt.logits(Run.weights(SHAPE, vector), tokens));
        int e = SHAPE.nEmbd();
        int v = SHAPE.vocabularySize();
        assertThatThrownBy(() -> vector.matmul(
                        1, v, e, new float[e], 0, e, weights.packed().lmHead(), new float[v], 0, v, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("packed by");
    }

    /** They are packed when decoding first asks, and again when they change. */
    @Test
    void packedWhenAskedFor() {
        Weights weights = Run.weights(SHAPE, kernels);
        PackedWeights packed = weights.packed();
        assertThat(weights.packed()).isSameAs(packed);
        weights.set(TinyModels.weights(SHAPE, 13));
        assertThat(weights.packed()).isNotSameAs(packed);
    }

    @Test
    void weightsTakeOtherValues() {
        int[] tokens = TinyModels.documents(SHAPE, 9, 18).get(0);
        Gpt gpt = new Gpt(SHAPE, kernels);
        float[] first = gpt.logits(Run.weights(SHAPE, kernels), tokens);
        float[] other = TinyModels.weights(SHAPE, 13);
        float[] expected = gpt.logits(new Weights(SHAPE, other, kernels), tokens);
        assertThat(expected).isNotEqualTo(first);

        float[] flat = TinyModels.weights(SHAPE, 12);
        Weights weights = new Weights(SHAPE, flat, kernels);
        weights.set(other);
        assertThat(gpt.logits(weights, tokens)).isEqualTo(expected);
        weights.set(flat);
        assertThat(gpt.logits(weights, tokens)).isEqualTo(first);
        System.arraycopy(other, 0, flat, 0, flat.length);
        weights.set(flat);
        assertThat(gpt.logits(weights, tokens)).isEqualTo(expected);
    }

    /** What a call to the engine gave. */
    private record Run(float[] gradient, List<Double> losses) {
        static Weights weights(GptConfig config, Kernels kernels) {
            return new Weights(config, TinyModels.weights(config, 12), kernels);
        }

        static Run of(GptConfig config, Kernels kernels, List<int[]> documents, float smoothing) {
            return inGroups(config, kernels, documents, smoothing, documents.size());
        }

        static Run inGroups(GptConfig config, Kernels kernels, List<int[]> documents, float smoothing, int group) {
            Run run = new Run(new float[config.parameters()], new ArrayList<>());
            Gpt gpt = new Gpt(config, kernels);
            Weights weights = weights(config, kernels);
            for (int from = 0; from < documents.size(); from += group) {
                List<int[]> some = documents.subList(from, Math.min(documents.size(), from + group));
                int before = from;
                gpt.gradient(weights, some, smoothing, run.gradient, new Pass(gpt), (document, loss, positions) -> {
                    assertThat(before + document).isEqualTo(run.losses.size());
                    assertThat(positions).isEqualTo(some.get(document).length - 1);
                    run.losses.add(loss);
                });
            }
            assertThat(run.losses).hasSize(documents.size());
            return run;
        }

        /** Compared as bits, so that zeros have their sign; and never all zero by accident. */
        int[] bits() {
            int[] bits = new int[gradient.length];
            Arrays.setAll(bits, i -> Float.floatToRawIntBits(gradient[i]));
            assertThat(Arrays.stream(bits).filter(b -> b << 1 != 0).count()).isPositive();
            return bits;
        }
    }
}
