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
 * Whatever the cluster and whatever befalls it: the weights of {@code --no-spark}, and each document counted once. What
 * {@code scripts/chaos.sh} does at random, here as it is said.
 */
class SameBitsIT {
    private static final long STEPS = 48;
    private static final long BATCH = 32;

    @TempDir
    static Path directory;

    private static Cluster cluster;
    private static Round.Expected expected;

    @BeforeAll
    static void trainWithoutSpark() throws Exception {
        cluster = new Cluster(directory, directory.resolve("cluster"));
        cluster.start("--workers", "3", "--cores", "2", "--memory", "2g", "--hdfs", "--datanodes", "3");
        String names = Path.of("data-samples/names.txt").toAbsolutePath().toString();
        Job prepared = Job.run(
                directory,
                "jobs/prepare.sh",
                "--master",
                "local[1]",
                "--input",
                names,
                "--out",
                cluster.hdfs() + "/names");
        assertThat(prepared.exit()).as(prepared.err()).isZero();
        try (Training alone = training("alone")) {
            alone.runAlone();
            expected = new Round.Expected(alone.sha256(), alone.checkpoint().state());
        }
        assertThat(expected.state().documents()).isEqualTo(STEPS * BATCH);
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.stop();
    }

    private static Training training(String run) throws Exception {
        return new Training(
                directory,
                cluster.fileSystem(),
                cluster.hdfs() + "/" + run,
                "--data",
                cluster.hdfs() + "/names",
                "--set",
                "train.steps=" + STEPS,
                "--set",
                "train.checkpoint-every=5",
                "--set",
                "train.eval-every=20",
                "--set",
                Training.WIDE);
    }

    /** Trains with these faults, on clusters of these settings in turn. */
    private static void befallen(TestInfo test, List<Planned> plan, Setting... settings) throws Exception {
        String run = test.getTestMethod().orElseThrow().getName();
        try (Training training = training(run)) {
            Round round = new Round(
                    cluster, training, plan, Arrays.asList(settings).iterator(), new SplittableRandom(1), what -> {});
            assertThat(round.play(expected)).as(run).isEmpty();
            assertThat(round.incidents())
                    .extracting(Incident::fault)
                    .containsExactlyElementsOf(plan.stream().map(Planned::fault).toList());
            assertThat(round.incidents()).noneMatch(Incident::ended);
        }
    }

    @Test
    void theOnlyExecutorDiesThenTheDriverAndTheNextOneIsToldToEndEachResumedOnAnotherCluster(TestInfo test)
            throws Exception {
        befallen(
                test,
                List.of(new Planned(Fault.EXECUTOR, 9), new Planned(Fault.DRIVER, 21), new Planned(Fault.TERM, 35)),
                Setting.PLAIN,
                Setting.PLAIN.on(3, 2).withTasks(8).withDynamicAllocation(),
                Setting.PLAIN.on(2, 2).withTasks(4).withSpeculation().withDynamicAllocation());
    }

    @Test
    void aDataNodeDiesAndTheDriverInTheMiddleOfACheckpoint(TestInfo test) throws Exception {
        befallen(
                test,
                List.of(new Planned(Fault.DATANODE, 7), new Planned(Fault.CHECKPOINT, 17)),
                Setting.PLAIN.on(2, 1).withTasks(3),
                Setting.PLAIN.on(1, 2).withTaskCpus(2).withTasks(2));
    }

    @Test
    void anExecutorStandsStillWhileCopiesOfItsTasksRunAndAWorkerDies(TestInfo test) throws Exception {
        befallen(
                test,
                List.of(new Planned(Fault.STRAGGLER, 9), new Planned(Fault.WORKER, 30)),
                Setting.PLAIN.on(3, 1).withTasks(3).withSpeculation());
    }
}
