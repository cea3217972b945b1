package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.generate.Completion;
import io.microgpt.generate.Generator;
import io.microgpt.generate.Sampling;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.model.ParameterLayout;
import io.microgpt.model.Pass;
import io.microgpt.model.Weights;
import io.microgpt.optim.Adam;
import io.microgpt.optim.Clip;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The engine against vectors computed in float64 by others: every {@code *.safetensors} in {@code -Dgolden.dir}, or else in the
 * project's resources and in {@code ../shared/reference/golden} where that exists.
 */
class GoldenVectorTest {
    private static final double LOSS_TOLERANCE = 1e-6;
    private static final double GRADIENT_TOLERANCE = 1e-5;
    /** Absolute: without bias correction the ten steps overshoot, and amplify the rounding of float32 a thousandfold. */
    private static final double STEPS_TOLERANCE = 1e-5;

    static Stream<Arguments> vectors() throws IOException {
        List<Arguments> all = new ArrayList<>();
        for (Path directory : directories()) {
            try (Stream<Path> files = Files.list(directory)) {
                files.filter(file -> file.toString().endsWith(".safetensors"))
                        .sorted()
                        .forEach(file -> {
                            all.add(Arguments.of(file, Choice.SCALAR));
                            all.add(Arguments.of(file, Choice.VECTOR));
                        });
            }
        }
        assertThat(all).as("golden vectors in %s", directories()).isNotEmpty();
        return all.stream();
    }

    private static List<Path> directories() {
        String given = System.getProperty("golden.dir", "");
        if (!given.isEmpty()) {
            return List.of(Path.of(given));
        }
        return Stream.of(Path.of("src/test/resources/golden"), Path.of("../shared/reference/golden"))
                .filter(Files::isDirectory)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void losses(Path file, Choice kernels) throws IOException {
        Golden golden = new Golden(file, kernels);
        double plain = golden.tensors.number("loss");
        assertThat(golden.gradient(0.0f).meanLoss()).isCloseTo(plain, relative(LOSS_TOLERANCE, plain));
        double smooth = golden.tensors.number("loss.smooth0.1");
        assertThat(golden.gradient(0.1f).meanLoss()).isCloseTo(smooth, relative(LOSS_TOLERANCE, smooth));
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void gradients(Path file, Choice kernels) throws IOException {
        Golden golden = new Golden(file, kernels);
        for (String tag : List.of("grad.", "grad.smooth0.1.")) {
            GradientSum sum = golden.gradient(tag.equals("grad.") ? 0.0f : 0.1f);
            for (ParameterLayout.Matrix matrix : golden.layout.matrices()) {
                double[] expected = golden.tensors.doubles(tag + matrix.name());
                double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
                double worst = 0.0;
                for (int i = 0; i < matrix.size(); i++) {
                    worst = Math.max(
                            worst,
                            Math.abs(sum.gradient()[matrix.offset() + i] / (double) sum.positions() - expected[i]));
                }
                assertThat(worst).as(tag + matrix.name()).isLessThanOrEqualTo(GRADIENT_TOLERANCE * largest);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void logits(Path file, Choice kernels) throws IOException {
        Golden golden = new Golden(file, kernels);
        int[] document = golden.documents.get(0);
        float[] logits = golden.gpt.logits(golden.packed(), Arrays.copyOf(document, document.length - 1));
        double[] expected = golden.tensors.doubles("logits.doc.0");
        assertThat(logits).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) logits[i]).isCloseTo(expected[i], within(1e-5));
        }
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void tenAdamSteps(Path file, Choice kernels) throws IOException {
        for (boolean corrected : new boolean[] {true, false}) {
            Golden golden = new Golden(file, kernels);
            String tag = corrected ? "adam" : "adam_uncorrected";
            double[] expected = Arrays.stream(
                            golden.tensors.text(tag + ".losses").split(","))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            float[] m = new float[golden.weights.length];
            float[] v = new float[golden.weights.length];
            Adam adam = new Adam(new Adam.Settings(0.85, 0.99, 1e-8, corrected, 0.0), golden.kernels, m, v);
            Clip clip = new Clip(1.0);
            Schedule schedule = new Schedule(0.01, 4, 10, 0.0);
            for (int step = 0; step < expected.length; step++) {
                GradientSum sum = golden.gradient(0.0f);
                assertThat(sum.meanLoss())
                        .as("%s, step %d", tag, step)
                        .isCloseTo(expected[step], within(STEPS_TOLERANCE));
                double factor = clip.factor(sum.meanNorm(golden.kernels)) / sum.positions();
                adam.step(golden.weights, sum.gradient(), factor, schedule.at(step), step);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void greedyCompletion(Path file, Choice kernels) throws IOException {
        Golden golden = new Golden(file, kernels);
        int[] expected = golden.tensors.ints("greedy");
        int[] prompt = Arrays.copyOf(expected, Integer.parseInt(golden.tensors.text("greedy.prompt_length")));
        Generator generator = new Generator(
                golden.packed(),
                new Generator.Options(Sampling.GREEDY, expected.length - prompt.length, OptionalInt.empty()));
        Completion completion = generator
                .complete(List.of(new Generator.Prompt(prompt, 0, 1)))
                .get(0)
                .get(0);
        assertThat(completion.tokens()).isEqualTo(Arrays.copyOfRange(expected, prompt.length, expected.length));
    }

    private static org.assertj.core.data.Offset<Double> relative(double tolerance, double value) {
        return within(tolerance * Math.abs(value));
    }

    /** One file of vectors and an engine of its shape. */
    private static final class Golden {
        final GoldenFile tensors;
        final GptConfig config;
        final ParameterLayout layout;
        final Kernels kernels;
        final Gpt gpt;
        final float[] weights;
        final List<int[]> documents = new ArrayList<>();

        Golden(Path file, Choice choice) throws IOException {
            tensors = new GoldenFile(file);
            config = new GptConfig(
                    tensors.integer("V"),
                    tensors.integer("n_embd"),
                    tensors.integer("n_head"),
                    tensors.integer("n_layer"),
                    tensors.integer("block_size"),
                    tensors.integer("mlp_dim"));
            layout = new ParameterLayout(config);
            kernels = KernelProvider.choose(choice).kernels();
            gpt = new Gpt(config, kernels);
            weights = new float[layout.size()];
            for (ParameterLayout.Matrix matrix : layout.matrices()) {
                System.arraycopy(
                        tensors.floats("weights." + matrix.name()), 0, weights, matrix.offset(), matrix.size());
            }
            for (int d = 0; tensors.has("doc." + d); d++) {
                documents.add(tensors.ints("doc." + d));
            }
        }

        /** The weights as they are now. */
        Weights packed() {
            return new Weights(config, weights, kernels);
        }

        GradientSum gradient(float smoothing) {
            float[] gradient = new float[weights.length];
            double[] loss = {0.0};
            long[] positions = {0};
            gpt.gradient(packed(), documents, smoothing, gradient, new Pass(gpt), (d, sum, n) -> {
                loss[0] += sum;
                positions[0] += n;
            });
            return new GradientSum(gradient, loss[0], positions[0], documents.size());
        }
    }
}
