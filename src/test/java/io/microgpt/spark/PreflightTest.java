package io.microgpt.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Manifest;
import io.microgpt.data.StepPlan;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.GptConfig;
import io.microgpt.train.TrainingTask;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is said of a training before its first step. */
class PreflightTest {
    private static final long GIB = 1L << 30;
    private static final GptConfig TEN_MILLION = new GptConfig(27, 256, 8, 12, 2144, 1024);
    private static final long TEN_MILLION_BYTES = 4L * 9_999_872;

    private static final Manifest SHARDS = new Manifest(
            16,
            27,
            "a",
            Map.of(),
            Map.of(),
            Collections.nCopies(8, new Manifest.Shard(100, 700, "b", 900, "d")),
            Collections.nCopies(8, new Manifest.Shard(10, 70, "c", 90, "e")));

    private static Preflight preflight(GptConfig model, Cluster cluster, SparkOptions options) {
        int[] sizes = {100, 100, 100, 100, 100, 100, 100, 100};
        TrainingTask task = new TrainingTask(model, new StepPlan(1, sizes, 32), 0.0, Choice.AUTO);
        return Preflight.of(cluster, List.of(SHARDS), task, options);
    }

    private static Cluster cluster(int executors, int parallelism) {
        return new Cluster("spark://host:7077", parallelism, executors, 2 * GIB, GIB, Optional.empty());
    }

    @Test
    void everyExecutorGetsTheWeightsAndEverySubtreeComesBack() {
        Footprint two =
                preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(0)).footprint();
        assertThat(two.tasks()).isEqualTo(2);
        assertThat(two.broadcastBytes()).isEqualTo(2 * TEN_MILLION_BYTES);
        assertThat(two.gatheredBytes()).isEqualTo(2 * TEN_MILLION_BYTES);
        assertThat(two.positions()).isEqualTo(32 * 7.0);

        // Three tasks have the shards 0-1, 2-4 and 5-7: the last two meet in no whole subtree.
        Footprint three =
                preflight(TEN_MILLION, cluster(3, 3), SparkOptions.ofTasks(0)).footprint();
        assertThat(three.subtrees()).isEqualTo(1 + 2 + 2);
        assertThat(three.gatheredBytes()).isEqualTo(5 * TEN_MILLION_BYTES);

        SparkOptions sliced = new SparkOptions(3, Optional.of(Gather.SLICED));
        Footprint slices = preflight(TEN_MILLION, cluster(3, 3), sliced).footprint();
        assertThat(slices.gatheredBytes()).isEqualTo(TEN_MILLION_BYTES);
        assertThat(slices.shuffledBytes()).isEqualTo(5 * TEN_MILLION_BYTES);
    }

    @Test
    void inOneJvmNothingIsMoved() {
        Preflight local = preflight(TEN_MILLION, cluster(0, 2), SparkOptions.ofTasks(0));
        assertThat(local.footprint().broadcastBytes()).isZero();
        assertThat(local.line())
                .startsWith("nothing leaves this JVM; driver heap ")
                .contains(" of 2.15 GB");
    }

    @Test
    void whatFitsIsNotRefused() {
        assertThatCode(() -> preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(0))
                        .require())
                .doesNotThrowAnyException();
        assertThatCode(() -> preflight(TEN_MILLION, cluster(0, 2), SparkOptions.ofTasks(0))
                        .require())
                .doesNotThrowAnyException();
    }

    @Test
    void resultsOverSparksLimitAreRefusedWithTheSettingThatHelps() {
        Cluster limited = new Cluster("spark://host:7077", 2, 2, 2 * GIB, 2 * GIB, Optional.of(30_000_000L));
        SparkOptions sliced = new SparkOptions(0, Optional.of(Gather.SLICED));
        assertThatThrownBy(() -> preflight(TEN_MILLION, limited, sliced).require())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "a model of 9,999,872 parameters cannot be trained here: the tasks of a step send 40.0 MB to the"
                                + " driver as results, over spark.driver.maxResultSize = 30.0 MB; give --conf"
                                + " spark.driver.maxResultSize=0, or --set engine.gather=direct");
        // Fetched as blocks: no results.
        assertThatCode(() ->
                        preflight(TEN_MILLION, limited, SparkOptions.ofTasks(0)).require())
                .doesNotThrowAnyException();
    }

    @Test
    void tooSmallHeapsAreRefusedWithWhatToGive() {
        Cluster small = new Cluster("spark://host:7077", 2, 2, GIB / 4, GIB / 4, Optional.empty());
        assertThatThrownBy(() ->
                        preflight(TEN_MILLION, small, SparkOptions.ofTasks(0)).require())
                .hasMessageContaining("the driver needs a heap of at least ")
                .hasMessageContaining("has 268.4 MB; give --driver-memory ")
                .hasMessageContaining("an executor needs a heap of at least ")
                .hasMessageContaining("; give --executor-memory ");
    }

    @Test
    void theTableEndsWithATaskAShard() {
        List<Scaling.Step> table = preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(0))
                .scaling(10)
                .table(8);
        assertThat(table).extracting(Scaling.Step::executors).containsExactly(1, 2, 4, 8);
        for (int i = 1; i < table.size(); i++) {
            assertThat(table.get(i).compute()).isLessThan(table.get(i - 1).compute());
            assertThat(table.get(i).overhead()).isBetween(table.get(i - 1).overhead(), 1.0);
        }
        double slow = preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(0))
                .scaling(1)
                .table(8)
                .get(1)
                .millis();
        assertThat(slow).isGreaterThan(table.get(1).millis());
    }
}
