package io.microgpt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.LeafTree;
import io.microgpt.kernel.Panels;
import io.microgpt.random.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses and gradients with dropout against {@link DoubleGpt} under the same masks, and against themselves in other company. */
class DropoutGradientTest {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-5;
    private static final float SMOOTHING = 0.1f;
    private static final GptConfig SHAPE = new GptConfig(11, 12, 3, 2, 130, 10);
    private static final int[] POSITIONS = {1, 130, 16, 17, 64, 65, 48, 5, 100};

    /** Short documents, those whose attention weights are kept, and longer ones than a block of rows. */
    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of(new GptConfig(7, 6, 2, 2, 5, 5), 0.3f, 0.1f, new int[] {5, 1, 3, 5, 2}),
                Arguments.of(new GptConfig(11, 15, 3, 1, 17, 13), 0.1f, 0.0f, new int[] {1, 17, 16, 9}),
                Arguments.of(new GptConfig(5, 6, 3, 2, 60, 4), 0.5f, 0.0f, new int[] {60, 2}),
                Arguments.of(new GptConfig(5, 6, 2, 1, 120, 3), 0.2f, 0.1f, new int[] {65, 120}));
    }

    private static long key(int document) {
        return CounterRandom.mix(1000L + document);
    }

    /** The masks, by the formula: (document, layer and place, position) make the key of a row. */
    private static DoubleGpt.Mask mask(GptConfig config, int document, float rate) {
        int places = config.nHead() + 2;
        int columns = Math.max(config.nEmbd(), config.blockSize());
        float[][] rows = new float[config.nLayer() * places * config.blockSize()][];
        return (layer, place, position, column) -> {
            int at = layer * places + place;
            int row = at * config.blockSize() + position;
            if (rows[row] == null) {
                long key = CounterRandom.absorb(CounterRandom.absorb(key(document), at), position);
                float[] panel = new float[Panels.size(1, columns)];
                Arrays.fill(panel, 1.0f);
                KernelProvider.scalar().panels().dropout(panel, panel, 1, columns, new long[] {key}, rate);
                rows[row] = new float[columns];
                KernelProvider.scalar().panels().toRows(panel, 1, columns, rows[row]);
            }
            return rows[row][column];
        };
    }

    private static double reference(DoubleGpt gpt, List<int[]> documents, float smoothing, List<DoubleGpt.Mask> masks) {
        return IntStream.range(0, documents.size())
                .mapToDouble(d -> gpt.loss(documents.subList(d, d + 1), smoothing, masks.get(d)))
                .sum();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradientsWithTheMaskHeld(GptConfig config, float rate, float smoothing, int[] positions) {
        float[] parameters = TinyModels.weights(config, 1);
        List<int[]> documents = TinyModels.documents(config, 2, positions);
        Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();
        Gpt gpt = new Gpt(config, kernels);
        double[] moved = new double[parameters.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = parameters[i];
        }
        DoubleGpt twin = new DoubleGpt(config, moved);

        List<DoubleGpt.Mask> masks = IntStream.range(0, documents.size())
                .mapToObj(d -> mask(config, d, rate))
                .toList();
        float[] gradient = new float[parameters.length];
        Pass pass = new Pass(gpt);
        pass.begin(new Weights(config, parameters, kernels), smoothing, rate, (d, sum, n) -> {
            double expected = twin.loss(documents.subList(d, d + 1), smoothing, masks.get(d));
            assertThat(sum).as("document %d", d).isCloseTo(expected, within(3e-6 * expected));
            assertThat(sum).isNotCloseTo(twin.loss(documents.subList(d, d + 1), smoothing), within(1e-4 * expected));
        });
        pass.gradient(gradient, true);
        for (int d = 0; d < documents.size(); d++) {
            pass.document(documents.get(d), documents.get(d).length, key(d));
        }
        pass.end();

        for (ParameterLayout.Matrix matrix : new ParameterLayout(config).matrices()) {
            double largest = 0.0;
            double worst = 0.0;
            int stride = Math.max(1, matrix.size() / 20); // a few of each matrix
            for (int i = matrix.offset(); i < matrix.offset() + matrix.size(); i += stride) {
                double here = moved[i];
                moved[i] = here + STEP;
                double above = reference(twin, documents, smoothing, masks);
                moved[i] = here - STEP;
                double below = reference(twin, documents, smoothing, masks);
                moved[i] = here;
                double expected = (above - below) / (2.0 * STEP);
                largest = Math.max(largest, Math.abs(expected));
                worst = Math.max(worst, Math.abs(gradient[i] - expected));
            }
            assertThat(worst).as(matrix.name()).isLessThanOrEqualTo(2.0 * TOLERANCE * largest + 1e-7);
        }
    }

    /** What a pass of documents gives: loss sums, and the bits of the gradient. */
    private record Outcome(List<Double> losses, List<Integer> gradient) {}

    private interface Order {
        void fill(Pass pass, float[] gradient, List<int[]> documents);
    }

    private static Outcome outcome(Choice choice, float rate, Order order) {
        Kernels kernels = KernelProvider.choose(choice).kernels();
        Gpt gpt = new Gpt(SHAPE, kernels);
        float[] parameters = TinyModels.weights(SHAPE, 1);
        float[] gradient = new float[parameters.length];
        List<Double> losses = new ArrayList<>();
        Pass pass = new Pass(gpt);
        pass.begin(new Weights(SHAPE, parameters, kernels), SMOOTHING, rate, (d, sum, n) -> losses.add(sum));
        order.fill(pass, gradient, TinyModels.documents(SHAPE, 3, POSITIONS));
        pass.end();
        return new Outcome(
                losses,
                IntStream.range(0, gradient.length)
                        .mapToObj(i -> Float.floatToRawIntBits(gradient[i]))
                        .toList());
    }

    private static void documents(Pass pass, List<int[]> documents, int from, int to) {
        for (int d = from; d < to; d++) {
            pass.document(documents.get(d), documents.get(d).length, key(d));
        }
    }

    private static Outcome together(Choice choice, float rate) {
        return outcome(choice, rate, (pass, gradient, documents) -> {
            pass.gradient(gradient, true);
            documents(pass, documents, 0, documents.size());
        });
    }

    @Test
    void kernelsDoNotMatter() {
        assertThat(together(Choice.VECTOR, 0.2f)).isEqualTo(together(Choice.SCALAR, 0.2f));
    }

    /** A pass for each document, in a run of its own among others, adds to the same gradient. */
    @Test
    void companyDoesNotMatter() {
        Outcome apart = outcome(Choice.AUTO, 0.2f, (pass, gradient, documents) -> {
            float[] other = new float[gradient.length];
            for (int d = 0; d < documents.size(); d++) {
                pass.gradient(gradient, false);
                documents(pass, documents, d, d + 1);
                pass.gradient(other, false);
                documents(pass, documents, d, d + 1);
            }
        });
        Outcome together = together(Choice.AUTO, 0.2f);
        assertThat(apart.gradient()).isEqualTo(together.gradient());
        assertThat(IntStream.range(0, POSITIONS.length)
                        .mapToObj(d -> apart.losses().get(2 * d))
                        .toList())
                .isEqualTo(together.losses());
    }

    @Test
    void leavesOfATreeHaveTheSameMasks() {
        Outcome byLeaves = outcome(Choice.AUTO, 0.2f, (pass, gradient, documents) -> {
            pass.gradient(
                    gradient,
                    new LeafTree(new int[] {0}),
                    IntStream.of(POSITIONS).sum());
            pass.leaf();
            documents(pass, documents, 0, documents.size());
        });
        assertThat(byLeaves).isEqualTo(together(Choice.AUTO, 0.2f));
    }

    /** A rate of zero is the code without dropout; a rate too small to drop anything has the loss of none, by other operations. */
    @Test
    void noDropoutIsTheModelItself() {
        Outcome none = together(Choice.AUTO, 0.0f);
        Outcome keyless = outcome(Choice.AUTO, 0.0f, (pass, gradient, documents) -> {
            pass.gradient(gradient, true);
            documents.forEach(document -> pass.document(document, document.length));
        });
        assertThat(keyless).isEqualTo(none);
        Outcome hardly = together(Choice.AUTO, 1e-9f);
        for (int d = 0; d < POSITIONS.length; d++) {
            double loss = none.losses().get(d);
            assertThat(hardly.losses().get(d)).isCloseTo(loss, within(1e-6 * loss));
        }
    }

    /** Losses alone are never of a model with dropout, in a pass that computes gradients too. */
    @Test
    void lossesAloneAreWithoutDropout() {
        Outcome losses = outcome(Choice.AUTO, 0.4f, (pass, gradient, documents) -> {
            pass.gradient(gradient, true);
            documents(pass, documents, 0, documents.size());
            pass.losses();
            documents(pass, documents, 0, documents.size());
        });
        assertThat(losses.losses().subList(POSITIONS.length, 2 * POSITIONS.length))
                .isEqualTo(together(Choice.AUTO, 0.0f).losses());
    }

    /** A document with another key has other masks, and the rest of the group does not see it. */
    @Test
    void theKeyDecides() {
        Outcome here = together(Choice.AUTO, 0.2f);
        Outcome there = outcome(Choice.AUTO, 0.2f, (pass, gradient, documents) -> {
            pass.gradient(gradient, true);
            documents(pass, documents, 0, 4);
            pass.document(documents.get(4), documents.get(4).length, key(77));
            documents(pass, documents, 5, documents.size());
        });
        for (int d = 0; d < POSITIONS.length; d++) {
            assertThat(there.losses().get(d).equals(here.losses().get(d)))
                    .as("document %d", d)
                    .isEqualTo(d != 4);
        }
    }
}
