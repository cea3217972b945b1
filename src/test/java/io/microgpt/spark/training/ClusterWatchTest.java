package io.microgpt.spark.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.spark.LocalSpark;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
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
