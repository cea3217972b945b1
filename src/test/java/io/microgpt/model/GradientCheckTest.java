package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine's losses and gradients against {@link DoubleGpt}, whose loss is differenced along every single parameter. */
class GradientCheckTest {
    private static final double STEP = 1e-5;
    /** Of the largest gradient of the same matrix. */
    private static final double TOLERANCE = 1e-5;

    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();

    /** Some documents are longer than a block of rows in attention. */
    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of(new GptConfig(7, 6, 2, 2, 5, 5), 0.0f, new int[] {5, 1, 3, 5, 2}),
                Arguments.of(new GptConfig(7, 6, 2, 2, 5, 5), 0.1f, new int[] {5, 1, 3, 5, 2}),
                Arguments.of(new GptConfig(11, 15, 3, 1, 11, 13), 0.0f, new int[] {1, 11, 10, 9}),
                Arguments.of(new GptConfig(11, 15, 3, 1, 11, 13), 0.3f, new int[] {1, 11, 10, 9}),
                Arguments.of(new GptConfig(5, 5, 5, 3, 17, 3), 0.0f, new int[] {17, 8, 1}),
                Arguments.of(new GptConfig(2, 1, 1, 1, 3, 1), 0.05f, new int[] {3, 2, 1}),
                Arguments.of(new GptConfig(3, 18, 1, 1, 2, 17), 0.0f, new int[] {1, 1, 2}),
                Arguments.of(new GptConfig(5, 4, 2, 2, 101, 3), 0.0f, new int[] {101, 48, 3}),
                Arguments.of(new GptConfig(5, 6, 2, 1, 120, 3), 0.1f, new int[] {49, 120}));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void losses(GptConfig config, float smoothing, int[] positions) {
        float[] weights = TinyModels.weights(config, 1);
        List<int[]> documents = TinyModels.documents(config, 2, positions);
        DoubleGpt reference = new DoubleGpt(config, toDoubles(weights));
        Gpt gpt = new Gpt(config, kernels);
        Weights packed = new Weights(config, weights, kernels);

        List<Integer> seen = new ArrayList<>();
        Gpt.LossSink smooth = (d, sum, n) -> {
            seen.add(d);
            double expected = reference.loss(documents.subList(d, d + 1), smoothing);
            assertThat(sum).as("document %d", d).isCloseTo(expected, within(2e-6 * expected));
            assertThat(n).isEqualTo(positions[d]);
        };
        gpt.gradient(packed, documents, smoothing, new float[weights.length], new Pass(gpt), smooth);
        gpt.loss(packed, documents, new Pass(gpt), (d, sum, n) -> {
            seen.add(d);
            double expected = reference.loss(documents.subList(d, d + 1), 0.0);
            assertThat(sum).as("document %d without smoothing", d).isCloseTo(expected, within(2e-6 * expected));
        });
        assertThat(seen).hasSize(2 * documents.size());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradients(GptConfig config, float smoothing, int[] positions) {
        float[] weights = TinyModels.weights(config, 1);
        List<int[]> documents = TinyModels.documents(config, 2, positions);
        float[] gradient = gradient(config, weights, documents, smoothing, 0.0);
        // Passing over what relu makes zero changes no bit.
        assertThat(gradient(config, weights, documents, smoothing, 1.1)).containsExactly(gradient);

        double[] moved = toDoubles(weights);
        DoubleGpt reference = new DoubleGpt(config, moved);
        for (ParameterLayout.Matrix matrix : new ParameterLayout(config).matrices()) {
            double largest = 0.0;
            double worst = 0.0;
            for (int i = matrix.offset(); i < matrix.offset() + matrix.size(); i++) {
                double here = moved[i];
                moved[i] = here + STEP;
                double above = reference.loss(documents, smoothing);
                moved[i] = here - STEP;
                double below = reference.loss(documents, smoothing);
                moved[i] = here;
                double expected = (above - below) / (2.0 * STEP);
                largest = Math.max(largest, Math.abs(expected));
                worst = Math.max(worst, Math.abs(gradient[i] - expected));
            }
            assertThat(worst).as(matrix.name()).isLessThanOrEqualTo(TOLERANCE * largest + 1e-7);
        }
    }

    private float[] gradient(
            GptConfig config, float[] weights, List<int[]> documents, float smoothing, double mostActive) {
        float[] gradient = new float[weights.length];
        Gpt gpt = new Gpt(config, kernels, mostActive);
        Weights packed = new Weights(config, weights, kernels);
        gpt.gradient(packed, documents, smoothing, gradient, new Pass(gpt), (d, sum, n) -> {});
        return gradient;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logits(GptConfig config, float smoothing, int[] positions) {
        float[] weights = TinyModels.weights(config, 1);
        DoubleGpt reference = new DoubleGpt(config, toDoubles(weights));
        Gpt gpt = new Gpt(config, kernels);
        Weights packed = new Weights(config, weights, kernels);
        for (int[] tokens : TinyModels.documents(config, 3, positions)) {
            int[] inputs = java.util.Arrays.copyOf(tokens, tokens.length - 1);
            float[] logits = gpt.logits(packed, inputs);
            double[][] expected = reference.logits(inputs);
            for (int i = 0; i < logits.length; i++) {
                double value = expected[i / config.vocabularySize()][i % config.vocabularySize()];
                assertThat((double) logits[i]).as("logit %d", i).isCloseTo(value, within(1e-5));
            }
        }
    }

    private static double[] toDoubles(float[] floats) {
        double[] doubles = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            doubles[i] = floats[i];
        }
        return doubles;
    }
}
