package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.StepPlan;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.GptConfig;
import io.microgpt.model.TinyModels;
import io.microgpt.optim.GradientSum;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The source fills the arrays of a former step again; what it gives depends on the step and the weights alone. */
class LocalSourceTest {
    @TempDir
    private static Path shared;

    private static Dataset dataset;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() throws IOException {
        dataset = TinyDataset.write(shared.resolve("names"), 400, 3, 1);
    }

    private static GptConfig model() {
        return new GptConfig(dataset.manifest().vocabularySize(), 12, 3, 1, TinyDataset.BLOCK_SIZE, 20);
    }

    private static LocalSource source(int batch) {
        return source(batch, 1);
    }

    private static LocalSource source(int batch, int threads) {
        return source(model(), batch, threads);
    }

    private static LocalSource source(GptConfig model, int batch, int threads) {
        int[] sizes = dataset.manifest().train().stream()
                .mapToInt(Manifest.Shard::documents)
                .toArray();
        TrainingTask task = new TrainingTask(model, new StepPlan(7, sizes, batch), 0.1, Choice.AUTO);
        return new LocalSource(dataset, task, threads, warning -> {
            throw new AssertionError(warning);
        });
    }

    private static void same(GradientSum actual, GradientSum expected) {
        assertThat(bits(actual.gradient())).isEqualTo(bits(expected.gradient()));
        assertThat(actual.lossSum()).isEqualTo(expected.lossSum());
        assertThat(actual.positions()).isEqualTo(expected.positions());
        assertThat(actual.documents()).isEqualTo(expected.documents());
    }

    private static int[] bits(float[] gradient) {
        int[] bits = new int[gradient.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(gradient[i]));
        return bits;
    }

    /** An array that a failed step had given back is not given out twice. */
    @Test
    void aStepAfterOneThatFailed() {
        float[] weights = TinyModels.weights(model(), 3);
        try (LocalSource once = source(300);
                LocalSource used = source(300)) {
            GradientSum expected = once.at(1, weights).sum();
            used.at(0, weights);
            assertThatThrownBy(() -> used.at(1, new float[3])).hasMessageContaining("3 weights");
            same(used.at(1, weights).sum(), expected);
        }
    }

    /** A document that is too long for the model fails in the thread that has its shard; other steps are as if it had not. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void stepsAmongThoseThatFail(int threads) {
        GptConfig small = new GptConfig(model().vocabularySize(), 12, 3, 1, TinyDataset.BLOCK_SIZE - 2, 20);
        float[] weights = TinyModels.weights(small, 3);
        int failed = 0;
        int steps = 30;
        try (LocalSource used = source(small, 2, threads)) {
            for (long step = 0; step < steps; step++) {
                GradientSum actual;
                try {
                    actual = used.at(step, weights).sum();
                } catch (IllegalArgumentException e) {
                    assertThat(e).hasMessageContaining("9 positions; a model with block size 7 takes");
                    failed++;
                    continue;
                }
                try (LocalSource once = source(small, 2, 1)) {
                    same(actual, once.at(step, weights).sum());
                }
            }
        }
        assertThat(failed).isBetween(1, steps - 1);
    }

    /** Of one document, of a tree in one group, and of several groups. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 16, 300})
    void anyOrderOfSteps(int batch) {
        float[] weights = TinyModels.weights(model(), 3);
        float[] others = TinyModels.weights(model(), 4);
        Map<Long, GradientSum> expected = new HashMap<>();
        for (long step : new long[] {0, 1, 3, 5}) {
            try (LocalSource once = source(batch)) {
                expected.put(step, once.at(step, weights).sum());
            }
            assertThat(expected.get(step).documents()).isEqualTo(batch);
        }
        try (LocalSource used = source(batch)) {
            LossSum loss = used.loss(Part.TEST, 1.0, weights);
            for (long step : new long[] {0, 0, 1, 5, 5, 5, 0, 3}) {
                GradientSum sum = used.at(step, weights).sum();
                assertThat(sum.gradient()).isNotSameAs(expected.get(step).gradient());
                same(sum, expected.get(step));
                assertThat(used.loss(Part.TEST, 1.0, weights)).isEqualTo(loss);
                same(sum, expected.get(step)); // still valid
                Arrays.fill(sum.gradient(), Float.NaN); // and the array is anyone's after
            }
            used.at(3, others);
            same(used.at(3, weights).sum(), expected.get(3L));
        }
    }

    /** Of no shard, one or all; the most threads are more than shards. */
    @ParameterizedTest
    @CsvSource({"1,2", "1,3", "2,2", "2,3", "16,2", "16,3", "16,7", "300,2", "300,7"})
    void anyNumberOfThreads(int batch, int threads) {
        try (LocalSource one = source(batch);
                LocalSource several = source(batch, threads)) {
            for (long step = 0; step < 12; step++) {
                float[] weights = TinyModels.weights(model(), step);
                same(several.at(step, weights).sum(), one.at(step, weights).sum());
                assertThat(several.loss(Part.TEST, 0.7, weights)).isEqualTo(one.loss(Part.TEST, 0.7, weights));
                assertThat(several.loss(Part.TRAIN, 1.0, weights)).isEqualTo(one.loss(Part.TRAIN, 1.0, weights));
            }
            float[] weights = TinyModels.weights(model(), 3);
            assertThat(several.documents(5, weights)).isEqualTo(one.documents(5, weights));
        }
    }

    @Test
    void whatItIsCalled() {
        try (LocalSource one = source(2);
                LocalSource two = source(2, 2);
                LocalSource most = source(2, 7)) {
            assertThat(one.description()).startsWith("this process, one thread, ");
            assertThat(two.description()).startsWith("this process, 2 threads, ");
            assertThat(most.description()).startsWith("this process, 3 threads, ");
        }
    }

    /** Of a step that diverged, nothing stays behind in memory that is used again. */
    @Test
    void aStepThatIsNotFiniteLeavesNothingBehind() {
        float[] weights = TinyModels.weights(model(), 3);
        float[] broken = weights.clone();
        Arrays.fill(broken, Float.NaN);
        try (LocalSource source = source(16);
                LocalSource fresh = source(16)) {
            assertThat(source.at(0, broken).sum().meanLoss()).isNaN();
            assertThat(source.documents(0, broken)).noneMatch(StepDocument::finite);
            GradientSum sum = source.at(1, weights).sum();
            GradientSum expected = fresh.at(1, weights).sum();
            assertThat(sum.gradient()).isEqualTo(expected.gradient());
            assertThat(sum.lossSum()).isEqualTo(expected.lossSum());
        }
    }

    /** Document by document it is the same step. */
    @ParameterizedTest
    @ValueSource(ints = {1, 16, 300})
    void aStepTakenApart(int batch) {
        float[] weights = TinyModels.weights(model(), 3);
        try (LocalSource source = source(batch)) {
            for (long step : new long[] {0, 5}) {
                List<StepDocument> documents = source.documents(step, weights);
                GradientSum sum = source.at(step, weights).sum();
                assertThat(documents).hasSize(batch);
                assertThat(documents.stream().mapToLong(StepDocument::positions).sum())
                        .isEqualTo(sum.positions());
                assertThat(documents.stream().mapToDouble(StepDocument::lossSum).sum())
                        .isCloseTo(sum.lossSum(), withinPercentage(1e-9));
                assertThat(documents.stream()
                                .mapToDouble(StepDocument::gradientNorm)
                                .sum())
                        .isGreaterThan(0.999
                                * sum.positions()
                                * sum.meanNorm(
                                        KernelProvider.choose(Choice.AUTO).kernels()));
            }
        }
    }

    @Test
    void theArrayIsTheFormerSteps() {
        float[] weights = TinyModels.weights(model(), 3);
        try (LocalSource source = source(16)) {
            float[] first = source.at(0, weights).sum().gradient();
            source.loss(Part.TEST, 1.0, weights);
            for (long step = 1; step < 5; step++) {
                assertThat(source.at(step, weights).sum().gradient()).isSameAs(first);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7})
    void trainingDoesNotSeeThreads(int threads) {
        List<TrainingRun> runs = new ArrayList<>();
        for (int t : new int[] {1, threads}) {
            TrainingRun run = new TrainingRun(dataset, directory.resolve("on-" + t));
            run.steps = 12;
            run.evalEvery = 3;
            run.dropout = 0.1;
            run.threads = t;
            runs.add(run);
        }
        assertThat(runs.get(1).train()).isEqualTo(runs.get(0).train());
        assertThat(runs.get(1).store.load(12).state())
                .isEqualTo(runs.get(0).store.load(12).state());
    }

    /** A training has the bits of one for each of whose steps there is a source of its own. */
    @ParameterizedTest
    @ValueSource(ints = {3, 300})
    void trainingDoesNotSeeIt(int batch) {
        TrainingRun run = new TrainingRun(dataset, directory.resolve("run"));
        TrainingRun fresh = new TrainingRun(dataset, directory.resolve("fresh"));
        for (TrainingRun each : new TrainingRun[] {run, fresh}) {
            each.steps = 6;
            each.evalEvery = 3;
            each.batchSize = batch;
            each.labelSmoothing = 0.1;
        }
        fresh.sources = source -> new FreshEachStep(source, batch);
        assertThat(run.train()).isEqualTo(fresh.train());
        assertThat(run.store.load(6).state()).isEqualTo(fresh.store.load(6).state());
    }

    private static final class FreshEachStep extends ForwardingSource {
        private final int batch;

        FreshEachStep(GradientSource losses, int batch) {
            super(losses);
            this.batch = batch;
        }

        @Override
        public StepGradient at(long step, float[] weights) {
            try (LocalSource fresh = source(batch)) {
                return fresh.at(step, weights);
            }
        }
    }
}
