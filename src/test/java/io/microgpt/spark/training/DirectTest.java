package io.microgpt.spark.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Shards;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TrainingData;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.GptConfig;
import io.microgpt.optim.GradientSum;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.spark.prepare.Preparing;
import io.microgpt.spark.tasks.Blocks;
import io.microgpt.spark.tasks.FloatBlocks;
import io.microgpt.spark.tasks.WeightBlock;
import io.microgpt.train.GradientSource;
import io.microgpt.train.LocalSource;
import io.microgpt.train.TrainingTask;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums that are lost, or do not come, after their task has ended, as an executor that dies just then loses them. */
class DirectTest {
    private static final int SHARDS = 6;
    private static final int STEP = 3;

    @TempDir
    private static Path directory;

    private static Dataset dataset;
    private static TrainingTask task;
    private static float[] weights;

    private static final AtomicInteger ATTEMPTS = new AtomicInteger();
    private static final List<String> WARNINGS = Collections.synchronizedList(new ArrayList<>());
    private static volatile int losses;

    @BeforeAll
    static void prepareData() {
        Path file = Texts.write(directory.resolve("in.txt"), Texts.lines(Texts.documents(60, 5)));
        dataset = Preparing.of(file, InputFormat.LINES)
                .shards(SHARDS)
                .blockSize(10)
                .into(directory.resolve("data"))
                .dataset();
        GptConfig model = new GptConfig(dataset.manifest().vocabularySize(), 8, 2, 1, 10, 16);
        int[] sizes = dataset.manifest().train().stream()
                .mapToInt(Manifest.Shard::documents)
                .toArray();
        task = new TrainingTask(model, new StepPlan(5, sizes, 12), 0.0, Choice.AUTO);
        weights = new float[model.parameters()];
        Random random = new Random(8);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextGaussian() * 0.1f;
        }
    }

    private interface Losing extends Serializable {
        PartialSums of(PartialSums sums);
    }

    /** Two tasks; the sums of the second are gone as often as {@code losses} says. */
    private static GradientSum gather() throws Exception {
        try (ClusterWatch watch = watch(600)) {
            return gather(watch, sums -> {
                long gone = FloatBlocks.owner();
                PartialSums offered = sums.offered(gone);
                FloatBlocks.remove(gone);
                return offered;
            });
        }
    }

    private static ClusterWatch watch(int patienceSeconds) {
        return new ClusterWatch(LocalSpark.context().sc(), patienceSeconds, WARNINGS::add);
    }

    private static GradientSum gather(ClusterWatch watch, Losing losing) throws Exception {
        Shards shards = TrainingData.of(dataset).shards();
        JavaRDD<ShardRun> runs = LocalSpark.context()
                .parallelize(List.of(0, 3), 2)
                .map(first -> ShardRun.load(new Configuration(), shards, task, first, first + 3));
        long kept = FloatBlocks.owner();
        Direct direct = new Direct(
                runs.rdd(), SHARDS, KernelProvider.choose(Choice.AUTO).kernels(), watch);
        ATTEMPTS.set(0);
        try {
            return direct.gather(
                            run -> {
                                PartialSums sums = run.gradients(new WeightBlock(weights), STEP);
                                return run.first() == 0 || ATTEMPTS.getAndIncrement() >= losses
                                        ? sums.offered(kept)
                                        : losing.of(sums);
                            },
                            0)
                    .sum();
        } finally {
            FloatBlocks.remove(kept);
        }
    }

    @Test
    void areComputedAgainAndCountOnce() throws Exception {
        losses = 3;
        GradientSum sum = gather();
        assertThat(ATTEMPTS).hasValue(4);
        assertExpected(sum);
    }

    private static void assertExpected(GradientSum sum) {
        try (GradientSource local = new LocalSource(dataset, task, 1, warning -> {})) {
            GradientSum expected = local.at(STEP, weights).sum();
            assertThat(sum.gradient()).isEqualTo(expected.gradient());
            assertThat(sum.lossSum()).isEqualTo(expected.lossSum());
            assertThat(sum.documents()).isEqualTo(expected.documents());
            assertThat(sum.positions()).isEqualTo(expected.positions());
        }
    }

    @Test
    void areNotComputedAgainForEver() {
        losses = Integer.MAX_VALUE;
        assertThatThrownBy(DirectTest::gather)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the sums of task 1 were lost on their way to the driver, 4 times in turn: ")
                .hasMessageContaining("of a step that is over");
        assertThat(ATTEMPTS).hasValue(4);
    }

    /** The executor's machine takes the connection, and not a byte comes: Spark's transport would try for eight minutes. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Timeout(110)
    void areComputedAgainWhenTheirExecutorStandsStill(boolean removed) throws Exception {
        losses = 1;
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                ClusterWatch watch = watch(removed ? 600 : 10)) {
            FloatBlocks.Place there =
                    new FloatBlocks.Place(FloatBlocks.owner(), "sums", "7", "127.0.0.1", silent.getLocalPort(), 10);
            if (removed) {
                CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS)
                        .execute(() -> watch.onExecutorRemoved(
                                new SparkListenerExecutorRemoved(0L, "7", "Executor heartbeat timed out")));
            }
            SparkEnv.get().conf().set("spark.master", "spark://elsewhere:7077"); // sums come through the transport
            assertExpected(gather(watch, sums -> elsewhere(3, there)));
            assertThat(FloatBlocks.coming()).isEmpty();
        } finally {
            SparkEnv.get().conf().set("spark.master", LocalSpark.context().master());
        }
        assertThat(ATTEMPTS).hasValue(2);
    }

    /** As of any driver whose heap is too small for what comes: no JVM has an array as long as this one would be. */
    @Test
    void areNotLostWhenTheDriverHasNoMemoryForThem() throws Exception {
        JavaRDD<ShardRun> runs =
                LocalSpark.context().parallelize(List.of(0, 1), 2).map(first -> new ShardRun());
        ClusterWatch watch = watch(600);
        Direct direct =
                new Direct(runs.rdd(), 2, KernelProvider.choose(Choice.AUTO).kernels(), watch);
        SparkEnv.get().conf().set("spark.master", "spark://elsewhere:7077"); // sums come through the transport
        ATTEMPTS.set(0);
        try {
            assertThatThrownBy(() -> direct.gather(
                            run -> {
                                ATTEMPTS.getAndIncrement();
                                return elsewhere(
                                        TaskContext.getPartitionId(),
                                        new FloatBlocks.Place(
                                                1, "endless", "driver", "localhost", 1, Integer.MAX_VALUE));
                            },
                            0))
                    .isInstanceOf(OutOfMemoryError.class);
        } finally {
            SparkEnv.get().conf().set("spark.master", LocalSpark.context().master());
            watch.close();
        }
        assertThat(ATTEMPTS).hasValue(2);
    }

    /** {@return sums of a shard whose gradient is elsewhere} */
    private static PartialSums elsewhere(int shard, FloatBlocks.Place place) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                out.writeLong(0);
                out.writeObject(new FloatBlocks.Place[] {place});
                out.writeInt(1);
                out.writeInt(0);
                out.writeInt(shard);
                out.writeBoolean(true);
                out.writeDouble(1.0);
                out.writeLong(1);
                out.writeLong(1);
                Blocks.write(out, new float[0], 0, 0);
            }
            PartialSums sums = new PartialSums();
            try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
                sums.readExternal(in);
            }
            return sums;
        } catch (IOException | ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
