package io.microgpt.spark.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Corpus;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TrainingData;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.GptConfig;
import io.microgpt.optim.GradientSum;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.spark.prepare.Preparing;
import io.microgpt.spark.tasks.FloatBlocks;
import io.microgpt.train.GradientSource;
import io.microgpt.train.LocalSource;
import io.microgpt.train.LossSum;
import io.microgpt.train.TrainingTask;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients by Spark are those of one process, whatever the number of tasks. */
class SparkSourceTest {
    private static final int SHARDS = 8;
    private static final int BLOCK = 10;

    @TempDir
    private static Path directory;

    private static Dataset dataset;
    private static Dataset older;

    @BeforeAll
    static void prepareData() {
        Path file = Texts.write(directory.resolve("in.txt"), Texts.lines(Texts.documents(120, 21)));
        dataset = Preparing.of(file, InputFormat.LINES)
                .shards(SHARDS)
                .blockSize(BLOCK)
                .into(directory.resolve("data"))
                .dataset();
        older = Preparing.of(file, InputFormat.LINES)
                .shards(5)
                .blockSize(BLOCK)
                .into(directory.resolve("older"))
                .dataset();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, SHARDS, 5 * SHARDS, 0})
    void gradientsAndLossesHaveTheBitsOfOneProcess(int tasks) {
        TrainingTask task = task(dataset, 12, Choice.AUTO);
        try (GradientSource local = new LocalSource(dataset, task, 1, SparkSourceTest::unexpected);
                GradientSource spark = spark(dataset, task, SparkOptions.ofTasks(tasks))) {
            for (long step : new long[] {0, 1, 6, 7, 8, 1_000_000}) {
                float[] weights = weights(task, step);
                assertSame(
                        spark.at(step, weights).sum(), local.at(step, weights).sum());
            }
            float[] weights = weights(task, 99);
            assertThat(spark.documents(7, weights)).isEqualTo(local.documents(7, weights));
            for (double share : new double[] {1.0, 0.5, 0.01}) {
                assertThat(spark.loss(Part.TRAIN, share, weights)).isEqualTo(local.loss(Part.TRAIN, share, weights));
                assertThat(spark.loss(Part.TEST, share, weights)).isEqualTo(local.loss(Part.TEST, share, weights));
            }
            LossSum all = spark.loss(Part.TRAIN, 1.0, weights);
            assertThat(all.documents()).isEqualTo(dataset.manifest().documents(Part.TRAIN));
            assertThat(all.positions()).isEqualTo(dataset.manifest().positions(Part.TRAIN));
        }
    }

    /** Shards of two datasets are the leaves of one tree; the losses of each are those that it has alone. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 2 * SHARDS})
    void replayHasTheBitsOfOneProcess(int tasks) {
        TrainingData data = new TrainingData(dataset, Optional.of(older));
        TrainingTask alone = task(dataset, 12, Choice.AUTO);
        TrainingTask task = new TrainingTask(
                alone.model(), data.plan(3, 12, 0.3), alone.labelSmoothing(), alone.dropout(), Choice.AUTO);
        try (GradientSource local = new LocalSource(data, task, 1, SparkSourceTest::unexpected);
                GradientSource own = new LocalSource(dataset, alone, 1, SparkSourceTest::unexpected);
                GradientSource spark = spark(data, task, SparkOptions.ofTasks(tasks))) {
            for (long step : new long[] {0, 1, 6, 1_000}) {
                float[] weights = weights(task, step);
                assertSame(
                        spark.at(step, weights).sum(), local.at(step, weights).sum());
                assertThat(spark.documents(step, weights)).isEqualTo(local.documents(step, weights));
            }
            float[] weights = weights(task, 99);
            for (Part part : Part.values()) {
                assertThat(spark.loss(part, 1.0, weights))
                        .isEqualTo(local.loss(part, 1.0, weights))
                        .isEqualTo(own.loss(part, 1.0, weights));
                LossSum replayed = spark.loss(Corpus.REPLAYED, part, 1.0, weights);
                assertThat(replayed).isEqualTo(local.loss(Corpus.REPLAYED, part, 1.0, weights));
                assertThat(replayed.documents()).isEqualTo(older.manifest().documents(part));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, SHARDS})
    void slicesThroughAShuffleHaveTheBitsOfOneProcess(int tasks) {
        TrainingTask task = task(dataset, 12, Choice.AUTO);
        SparkOptions sliced = new SparkOptions(tasks, Optional.of(Gather.SLICED));
        try (GradientSource local = new LocalSource(dataset, task, 1, SparkSourceTest::unexpected);
                GradientSource spark = spark(dataset, task, sliced)) {
            for (long step : new long[] {0, 1, 6, 1_000_000}) {
                float[] weights = weights(task, step);
                assertSame(
                        spark.at(step, weights).sum(), local.at(step, weights).sum());
            }
            float[] weights = weights(task, 99);
            assertThat(spark.loss(Part.TEST, 1.0, weights)).isEqualTo(local.loss(Part.TEST, 1.0, weights));
        }
    }

    @Test
    void shufflesThatNobodyRemovesAreWarnedOf() {
        LocalSpark.session().stop();
        System.setProperty("spark.cleaner.referenceTracking", "false");
        List<String> warnings = new ArrayList<>();
        ClusterWatch watch = new ClusterWatch(LocalSpark.session().sparkContext(), 60, warnings::add);
        for (Gather gather : Gather.values()) {
            new SparkSource(
                            LocalSpark.context(),
                            TrainingData.of(dataset),
                            task(dataset, 12, Choice.AUTO),
                            new SparkOptions(2, Optional.of(gather)),
                            watch,
                            warnings::add)
                    .close();
        }
        System.clearProperty("spark.cleaner.referenceTracking");
        LocalSpark.session().stop();
        assertThat(warnings).singleElement().asString().endsWith("leave it away, or --set engine.gather=direct");
    }

    @Test
    void largeModelsGiveTheSameBitsStepAfterStep() {
        GptConfig model = new GptConfig(dataset.manifest().vocabularySize(), 128, 2, 1, BLOCK, 512);
        TrainingTask task = new TrainingTask(model, plan(dataset, 12), 0.0, Choice.AUTO);
        for (Gather gather : Gather.values()) {
            SparkOptions options = new SparkOptions(3, Optional.of(gather));
            try (GradientSource local = new LocalSource(dataset, task, 1, SparkSourceTest::unexpected);
                    GradientSource spark = spark(dataset, task, options)) {
                for (long step = 0; step < 3; step++) { // the arrays of a step are those of the step before
                    float[] weights = weights(task, step);
                    assertSame(
                            spark.at(step, weights).sum(),
                            local.at(step, weights).sum());
                }
            }
        }
    }

    @Test
    void manyTasksWithLargeGradientsGatherInSlices() {
        assertThat(Gather.of(10_000_000, 2, 2)).isEqualTo(Gather.DIRECT);
        assertThat(Gather.of(10_000_000, 16, 2)).isEqualTo(Gather.SLICED);
        assertThat(Gather.of(4_192, 1000, 2)).isEqualTo(Gather.DIRECT);
        assertThat(Gather.of(Integer.MAX_VALUE, 2, 2)).isEqualTo(Gather.DIRECT);
    }

    /** In one JVM a sum is handed over where it is; a shuffle would write it to the disk and read it again. */
    @Test
    void withinOneJvmNothingGathersInSlicesUnlessItIsAskedFor() {
        int executors = Cluster.executors(LocalSpark.context());
        assertThat(Gather.of(10_000_000, 16, executors)).isEqualTo(Gather.DIRECT);
    }

    /** With {@code spark.task.cpus} of 2 on two threads there is one task at a time, which computes on two threads. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, SHARDS})
    void aTaskWithSeveralCoresHasTheBitsOfOne(int tasks) {
        LocalSpark.session().stop();
        System.setProperty("spark.task.cpus", "2");
        TrainingTask task = task(dataset, 12, Choice.AUTO);
        try (GradientSource local = new LocalSource(dataset, task, 1, SparkSourceTest::unexpected);
                GradientSource spark = spark(dataset, task, SparkOptions.ofTasks(tasks))) {
            for (long step : new long[] {0, 1, 7}) {
                float[] weights = weights(task, step);
                assertSame(
                        spark.at(step, weights).sum(), local.at(step, weights).sum());
            }
            float[] weights = weights(task, 9);
            assertThat(spark.loss(Part.TEST, 1.0, weights)).isEqualTo(local.loss(Part.TEST, 1.0, weights));
            if (tasks < SHARDS) { // a single shard is not divided
                assertThat(Thread.getAllStackTraces().keySet())
                        .filteredOn(thread -> thread.getName().equals("microgpt-shards"))
                        .hasSizeGreaterThanOrEqualTo(2);
            }
        } finally {
            System.clearProperty("spark.task.cpus");
            LocalSpark.session().stop();
        }
    }

    @Test
    void shardsThatAStepTakesNothingOfAddNothing() {
        TrainingTask task = task(dataset, 2, Choice.AUTO);
        try (GradientSource local = new LocalSource(dataset, task, 1, SparkSourceTest::unexpected);
                GradientSource spark = spark(dataset, task, SparkOptions.ofTasks(5))) {
            for (long step = 0; step < 10; step++) {
                GradientSum sum = spark.at(step, weights(task, step)).sum();
                assertSame(sum, local.at(step, weights(task, step)).sum());
                assertThat(sum.documents()).isEqualTo(2);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, SHARDS})
    void dropoutIsThatOfOneProcess(int tasks) {
        TrainingTask none = task(dataset, 12, Choice.AUTO);
        TrainingTask task = new TrainingTask(none.model(), none.plan(), 0.1, 0.3, Choice.AUTO);
        TrainingTask scalar = new TrainingTask(none.model(), none.plan(), 0.1, 0.3, Choice.SCALAR);
        float[] weights = weights(task, 1);
        try (GradientSource local = new LocalSource(dataset, scalar, 1, SparkSourceTest::unexpected);
                GradientSource plain = new LocalSource(dataset, none, 1, SparkSourceTest::unexpected);
                GradientSource spark = spark(dataset, task, SparkOptions.ofTasks(tasks))) {
            for (long step : new long[] {0, 7}) {
                GradientSum sum = spark.at(step, weights).sum();
                assertSame(sum, local.at(step, weights).sum());
                assertThat(sum.lossSum())
                        .isNotEqualTo(plain.at(step, weights).sum().lossSum());
            }
            assertThat(spark.loss(Part.TEST, 1.0, weights)).isEqualTo(plain.loss(Part.TEST, 1.0, weights));
        }
    }

    @Test
    void scalarKernelsGiveTheSameBits() {
        TrainingTask auto = task(dataset, 12, Choice.AUTO);
        TrainingTask scalar = task(dataset, 12, Choice.SCALAR);
        try (GradientSource local = new LocalSource(dataset, auto, 1, SparkSourceTest::unexpected);
                GradientSource spark = spark(dataset, scalar, SparkOptions.ofTasks(3))) {
            assertSame(
                    spark.at(3, weights(auto, 3)).sum(),
                    local.at(3, weights(auto, 3)).sum());
            assertThat(spark.description()).contains("scalar");
        }
    }

    @Test
    void descriptionCountsTasksAndExecutors() {
        TrainingTask task = task(dataset, 12, Choice.SCALAR);
        try (GradientSource one = spark(dataset, task, SparkOptions.ofTasks(1));
                GradientSource many = spark(dataset, task, SparkOptions.ofTasks(99))) {
            assertThat(one.description())
                    .isEqualTo("local[2], 1 task a step on 1 executor, scalar kernels, by configuration");
            assertThat(many.description()).startsWith("local[2], 8 tasks a step on 1 executor, ");
        }
    }

    @Test
    void datasetWithoutTestDocumentsHasALossOfNothing() {
        Path file = Texts.write(directory.resolve("train-only.txt"), Texts.lines(Texts.documents(20, 22)));
        Dataset trainOnly = Preparing.of(file, InputFormat.LINES)
                .shards(SHARDS)
                .blockSize(BLOCK)
                .testFraction(0)
                .into(directory.resolve("train-only"))
                .dataset();
        TrainingTask task = task(trainOnly, 4, Choice.AUTO);
        try (GradientSource local = new LocalSource(trainOnly, task, 1, SparkSourceTest::unexpected);
                GradientSource spark = spark(trainOnly, task, SparkOptions.ofTasks(3))) {
            float[] weights = weights(task, 0);
            assertThat(spark.loss(Part.TEST, 1.0, weights)).isEqualTo(new LossSum(0.0, 0, 0));
            assertThat(spark.loss(Part.TEST, 1.0, weights)).isEqualTo(local.loss(Part.TEST, 1.0, weights));
            assertThat(spark.loss(Part.TRAIN, 1.0, weights)).isEqualTo(local.loss(Part.TRAIN, 1.0, weights));
            assertSame(spark.at(0, weights).sum(), local.at(0, weights).sum());
        }
    }

    /** A task that nobody waits for any more puts its sums after the step has failed. */
    @Test
    void whatATrainingThatFailsLeavesIsSweptAtItsEnd() {
        long next = FloatBlocks.owner() + (1L << 40);
        int before = FloatBlocks.handedOver();
        TrainingTask task = task(dataset, 12, Choice.AUTO);
        try (GradientSource spark = spark(dataset, task, SparkOptions.ofTasks(2))) {
            assertThatThrownBy(() -> spark.at(0, new float[3])).hasMessageContaining("3 weights for a model of ");
            FloatBlocks.put(next, "late", new float[3]);
            assertThat(FloatBlocks.handedOver()).isGreaterThan(before);
        }
        assertThat(FloatBlocks.handedOver()).isEqualTo(before);
    }

    @Test
    void nothingIsLeftInSparkAfterTheEnd() {
        GptConfig model = new GptConfig(dataset.manifest().vocabularySize(), 128, 2, 1, BLOCK, 512);
        TrainingTask task = new TrainingTask(model, plan(dataset, 12), 0.0, Choice.AUTO);
        LocalSpark.session().stop(); // others may have left caches
        SparkSource source = spark(dataset, task, SparkOptions.ofTasks(3));
        assertThat(LocalSpark.context().getPersistentRDDs()).hasSize(1);
        for (long step = 0; step < 3; step++) {
            source.at(step, weights(task, step));
            assertThat(FloatBlocks.handedOver()).isZero();
        }
        source.loss(Part.TEST, 1.0, weights(task, 9));
        source.close();

        assertThat(LocalSpark.context().getPersistentRDDs()).isEmpty();
        assertThat(FloatBlocks.handedOver()).isZero();
    }

    private static TrainingTask task(Dataset dataset, int batch, Choice kernels) {
        GptConfig model = new GptConfig(dataset.manifest().vocabularySize(), 6, 2, 1, BLOCK, 11);
        return new TrainingTask(model, plan(dataset, batch), 0.1, kernels);
    }

    private static StepPlan plan(Dataset dataset, int batch) {
        int[] sizes = dataset.manifest().train().stream()
                .mapToInt(Manifest.Shard::documents)
                .toArray();
        return new StepPlan(5, sizes, batch);
    }

    private static float[] weights(TrainingTask task, long seed) {
        Random random = new Random(seed);
        float[] weights = new float[task.model().parameters()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (random.nextGaussian() * 0.2);
        }
        return weights;
    }

    private static void assertSame(GradientSum actual, GradientSum expected) {
        assertThat(bits(actual.gradient())).isEqualTo(bits(expected.gradient()));
        assertThat(Double.doubleToRawLongBits(actual.lossSum()))
                .isEqualTo(Double.doubleToRawLongBits(expected.lossSum()));
        assertThat(actual.positions()).isEqualTo(expected.positions());
        assertThat(actual.documents()).isEqualTo(expected.documents());
    }

    private static List<Integer> bits(float[] values) {
        List<Integer> bits = new ArrayList<>(values.length);
        for (float value : values) {
            bits.add(Float.floatToRawIntBits(value));
        }
        return bits;
    }

    private static SparkSource spark(Dataset dataset, TrainingTask task, SparkOptions options) {
        return spark(TrainingData.of(dataset), task, options);
    }

    private static SparkSource spark(TrainingData data, TrainingTask task, SparkOptions options) {
        ClusterWatch watch = new ClusterWatch(LocalSpark.session().sparkContext(), 60, SparkSourceTest::unexpected);
        return new SparkSource(LocalSpark.context(), data, task, options, watch, SparkSourceTest::unexpected);
    }

    private static void unexpected(String warning) {
        throw new AssertionError(warning);
    }
}
