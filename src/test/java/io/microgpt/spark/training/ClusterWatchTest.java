package io.microgpt.spark.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.SparkDefaults;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.scheduler.ExecutorKilled$;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.scheduler.TaskLocality;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import scala.collection.immutable.Nil$;
import scala.collection.immutable.Seq;

/** What the watch makes of Spark's events, which would take a large cluster to come in earnest. */
class ClusterWatchTest {
    private static final int EXECUTORS = 30;
    private static final String ON_FATAL_ERROR = "spark.executor.killOnFatalError.depth";
    private static final String DIED = "Command exited with code 1";

    private final List<String> warnings = new ArrayList<>();

    @Test
    void executorsThatDynamicAllocationHasNoUseForMayGo() {
        try (ClusterWatch watch = watching()) {
            removeAll(watch, ExecutorKilled$.MODULE$.toString());
            assertThat(watch.explain(new IllegalStateException("another cause")))
                    .isEqualTo("another cause");
            assertThat(warnings).isEmpty();
        }
    }

    @Test
    void executorsThatCannotStartEndAJobThatNobodyServes() {
        try (ClusterWatch watch = watching()) {
            removeAll(watch, DIED);
            assertThat(watch.explain(new IllegalStateException("cancelled")))
                    .startsWith("10 executors in turn were lost before they ran a task; first, executor 0 was lost: "
                            + DIED);
            assertThat(warnings).hasSize(EXECUTORS);
        }
    }

    @Test
    void executorsThatCannotStartDoNotEndAJobThatOthersServe() {
        try (ClusterWatch watch = watching()) {
            watch.onTaskStart(new SparkListenerTaskStart(
                    0, 0, new TaskInfo(1L, 0, 0, 0, 0L, "serving", "host", TaskLocality.ANY(), false)));
            removeAll(watch, DIED);
            assertThat(watch.explain(new IllegalStateException("another cause")))
                    .startsWith("another cause\n  first, executor 0 was lost: " + DIED);
        }
    }

    @Test
    void whatAJobWasGivenUpForIsToldInsteadOfItsCancelling() throws Exception {
        try (ClusterWatch watch = watching()) {
            assertThatThrownBy(() -> watch.over("preparing", () -> {
                        throw new IOException("no such file");
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("no such file");
            assertThat(watch.over("preparing", () -> "done")).isEqualTo("done");
            assertThatThrownBy(() -> watch.over("preparing", () -> {
                        removeAll(watch, DIED);
                        throw new SparkException("Job 0 cancelled");
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("preparing failed on Spark: 10 executors in turn were lost before they ran"
                            + " a task; first, executor 0 was lost: " + DIED);
            assertThatThrownBy(() -> watch.over("preparing", () -> {
                        throw new IOException("no such file");
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("no such file");
        }
    }

    /** A Spark that stops leaves its caller waiting; whom the watch wakes can wait again, as for a last checkpoint. */
    @Test
    @Timeout(120)
    void aSparkThatHasStoppedIsNotWaitedForAndTheThreadThatWaitedIsAsBefore() {
        try (ClusterWatch watch = watching()) {
            assertThatThrownBy(() -> watch.over("preparing", () -> {
                        LocalSpark.session().stop();
                        while (!Thread.currentThread().isInterrupted()) {
                            LockSupport.park();
                        }
                        throw new IOException("the lock was not given back");
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("preparing failed on Spark: Spark has stopped: the lock was not given back");
        }
        assertThat(Thread.interrupted()).isFalse();
    }

    /** In one JVM: neither does Spark end it, nor is the error one of a job. */
    @Test
    void aTaskOfThisJvmWhoseHeapWasShortIsTheCallersError() {
        SparkConf local = new SparkConf(false).setMaster("local[3]");
        SparkDefaults.addTo(local);
        SparkConf cluster = new SparkConf(false).setMaster("spark://host:7077");
        SparkDefaults.addTo(cluster);
        assertThat(cluster.contains(ON_FATAL_ERROR)).isFalse();

        LocalSpark.session().stop();
        System.setProperty(ON_FATAL_ERROR, local.get(ON_FATAL_ERROR));
        try (ClusterWatch watch = watching()) {
            assertThatThrownBy(() -> watch.over(
                            "preparing",
                            () -> LocalSpark.context()
                                    .parallelize(List.of(1, 2), 2)
                                    .map(ClusterWatchTest::outOfHeap)
                                    .collect()))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("Java heap space");
        } finally {
            System.clearProperty(ON_FATAL_ERROR);
            LocalSpark.session().stop();
        }
    }

    private static Integer outOfHeap(int any) {
        throw new OutOfMemoryError("Java heap space");
    }

    @Test
    void anExecutorWhoseHeapWasShortIsToldSo() {
        try (ClusterWatch watch = watching()) {
            watch.onExecutorRemoved(new SparkListenerExecutorRemoved(0L, "3", "Command exited with code 52"));
            watch.onExecutorRemoved(new SparkListenerExecutorRemoved(0L, "4", "Command exited with code 152"));
        }
        assertThat(warnings)
                .containsExactly(
                        "executor 3 was lost: Command exited with code 52 (its heap was short: give more by"
                                + " --executor-memory)",
                        "executor 4 was lost: Command exited with code 152");
    }

    /** As of a machine that sleeps now and then: nothing says that they cannot start. */
    @Test
    void executorsThatAreLostWithTheirWorkersDoNotEndAJob() {
        try (ClusterWatch watch = watching()) {
            removeAll(watch, "worker lost: Not receiving heartbeat for 60 seconds");
            assertThat(watch.explain(new IllegalStateException("another cause")))
                    .startsWith("another cause\n  first, executor 0 was lost: worker lost");
        }
    }

    /** The job whose sums it has is over: without being asked, the watch would not look. */
    @Test
    void whatStandsStillAfterAJobIsAwaitedForAWhileAndWhatIsGoneIsNot() {
        try (ClusterWatch watch = watching()) {
            assertThat(watch.noLongerAwaited("3", TimeUnit.SECONDS.toNanos(29))).isEmpty();
            assertThat(warnings).isEmpty();
            assertThat(watch.noLongerAwaited("3", TimeUnit.SECONDS.toNanos(601)))
                    .contains("nothing has come from executor 3 for 601 s (engine.patience)");
            watch.onExecutorRemoved(new SparkListenerExecutorRemoved(0L, "3", "Executor heartbeat timed out"));
            assertThat(watch.noLongerAwaited("3", 0)).contains("executor 3 was lost before the driver had its sums");
            assertThat(watch.noLongerAwaited("4", 0)).isEmpty();
        }
    }

    private ClusterWatch watching() {
        ClusterWatch watch = new ClusterWatch(LocalSpark.context().sc(), 600, warnings::add);
        @SuppressWarnings("unchecked")
        Seq<StageInfo> none = (Seq<StageInfo>) (Seq<?>) Nil$.MODULE$;
        watch.onJobStart(new SparkListenerJobStart(0, 0L, none, new Properties()));
        return watch;
    }

    private static void removeAll(ClusterWatch watch, String reason) {
        Stream.iterate(0, executor -> executor + 1)
                .limit(EXECUTORS)
                .map(executor -> new SparkListenerExecutorRemoved(0L, String.valueOf(executor), reason))
                .forEach(watch::onExecutorRemoved);
    }
}
