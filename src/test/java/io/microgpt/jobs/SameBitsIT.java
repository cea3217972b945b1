package io.microgpt.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.jobs.Round.Planned;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever the cluster, whatever befalls it and whichever way weights and sums go: the weights of {@code --no-spark}, and each document
 * counted once. What {@code scripts/chaos.sh} does at random, here as it is said.
 */
class SameBitsIT {
    private static final long STEPS = 24;

    @TempDir
    static Path directory;

    private static Cluster cluster;
    private static Trainings trainings;

    @BeforeAll
    static void start() throws Exception {
        cluster = new Cluster(directory, directory.resolve("cluster"));
        cluster.start("--workers", "3", "--cores", "2", "--memory", "2g", "--hdfs", "--datanodes", "3");
        trainings = new Trainings(cluster, directory, STEPS, 5, 20);
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.stop();
    }

    /**
     * Trains with these faults, on clusters of these settings in turn; with speculation, tasks must have been copied, unless executors come and
     * go.
     *
     * @return what its last driver printed for people
     */
    private static String befallen(TestInfo test, Model model, List<Planned> plan, Setting... settings)
            throws Exception {
        String run = test.getTestMethod().orElseThrow().getName();
        try (Training training = trainings.training(directory, model, run)) {
            Round round = new Round(
                    cluster, training, plan, Arrays.asList(settings).iterator(), new SplittableRandom(1), what -> {});
            assertThat(round.play(trainings.expected(model))).as(run).isEmpty();
            assertThat(round.incidents())
                    .extracting(Incident::fault)
                    .containsExactlyElementsOf(plan.stream().map(Planned::fault).toList());
            assertThat(round.incidents()).noneMatch(Incident::ended);
            if (Arrays.stream(settings).anyMatch(setting -> setting.speculation() && !setting.dynamic())) {
                assertThat(training.copies()).as("copies of tasks").isPositive();
            }
            return training.job().err();
        }
    }

    @Test
    void blocksAndThenSlicesAsExecutorsAndDriversDieEachResumedOnAnotherCluster(TestInfo test) throws Exception {
        befallen(
                test,
                Model.PIECES,
                List.of(
                        new Planned(Fault.EXECUTOR, 5),
                        new Planned(Fault.DRIVER, 9),
                        new Planned(Fault.EXECUTOR, 13),
                        new Planned(Fault.TERM, 18)),
                Setting.PLAIN,
                Setting.PLAIN.on(3, 2).withTasks(8).sliced().withDynamicAllocation(),
                Setting.PLAIN.on(2, 2).withTasks(4).withSpeculation().withDynamicAllocation());
    }

    @Test
    void slicesAndThenBlocksAsADataNodeDiesAndTheDriverInTheMiddleOfACheckpoint(TestInfo test) throws Exception {
        befallen(
                test,
                Model.PIECES,
                List.of(
                        new Planned(Fault.DATANODE, 4),
                        new Planned(Fault.EXECUTOR, 6),
                        new Planned(Fault.CHECKPOINT, 11),
                        new Planned(Fault.EXECUTOR, 18)),
                Setting.PLAIN.on(2, 1).withTasks(3).sliced(),
                Setting.PLAIN.on(1, 2).withTaskCpus(2).withTasks(2));
    }

    @Test
    void broadcastWeightsAsAnExecutorStandsStillWhileCopiesOfItsTasksRunAndAWorkerDies(TestInfo test) throws Exception {
        String shown = befallen(
                test,
                Model.WIDE,
                List.of(
                        new Planned(Fault.STRAGGLER, 5),
                        new Planned(Fault.EXECUTOR, 10),
                        new Planned(Fault.WORKER, 15)),
                Setting.PLAIN.on(Setting.BROADCASTING, 1).withTasks(8).withSpeculation());
        // Where the shards were read says nothing: copies may have been faster, all on one executor.
        assertThat(shown).contains("8 tasks a step on ").contains(" to 5 executors and ");
    }

    @Test
    void fewWeightsWithTheTasksAsAnExecutorDiesAndTheDriverAndTheRestIsDoneByOneProcess(TestInfo test)
            throws Exception {
        befallen(
                test,
                Model.SMALL,
                List.of(new Planned(Fault.EXECUTOR, 5), new Planned(Fault.DRIVER, 12)),
                Setting.PLAIN.on(3, 1).withTasks(3),
                Setting.PLAIN.on(0, 2).withTasks(2));
    }
}
