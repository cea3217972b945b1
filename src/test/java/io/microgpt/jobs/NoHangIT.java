package io.microgpt.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can never go well ends, with a message that names the first cause. */
class NoHangIT {
    @TempDir
    static Path directory;

    private static Cluster cluster;
    private static String data;

    @BeforeAll
    static void start() throws Exception {
        cluster = new Cluster(directory, directory.resolve("cluster"));
        cluster.start("--workers", "1", "--cores", "1", "--memory", "1g", "--hdfs", "--datanodes", "1");
        String names = Path.of("data-samples/names.txt").toAbsolutePath().toString();
        data = directory.resolve("names").toString();
        Job prepared = Job.run(directory, "jobs/prepare.sh", "--input", names, "--out", data);
        assertThat(prepared.exit()).as(prepared.err()).isZero();
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.stop();
    }

    private static String failure(String run, String... more) throws Exception {
        return failureOf(data, run, more);
    }

    private static String failureOf(String data, String run, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--data", data, "--out", run));
        arguments.addAll(List.of("--set", "train.steps=40", "--set", "train.checkpoint-every=10"));
        arguments.addAll(List.of(more));
        Job job = Job.run(directory, "jobs/train.sh", arguments.toArray(String[]::new));
        assertThat(job.exit()).as("%s%n%s", job.out(), job.err()).isEqualTo(1);
        assertThat(job.err()).doesNotContain("\tat ");
        return job.err().substring(job.err().lastIndexOf("error: "));
    }

    @Test
    void executorsThatNoWorkerHasRoomForAreNotWaitedForWithoutEnd() throws Exception {
        assertThat(failure(
                        "no-room",
                        "--master",
                        cluster.master(),
                        "--executor-memory",
                        "64g",
                        "--set",
                        "engine.patience=5"))
                .contains("no task has run for ")
                .contains(
                        " s on " + cluster.master() + ", which gives this application no executor: are its workers up,"
                                + " and have they the cores and the memory that are asked for (spark.executor.memory = 64g)?")
                .contains("given up after 5 s (engine.patience)");
    }

    @Test
    void executorsThatCannotStartEndTheJobWithTheirFirstLoss() throws Exception {
        assertThat(failure(
                        "no-start",
                        "--master",
                        cluster.master(),
                        "--conf",
                        "spark.executor.extraJavaOptions=-javaagent:/no/such.jar"))
                .containsPattern("10 executors in turn were lost before they ran a task; first, executor \\d+ was lost:"
                        + " Command exited with code 1; their logs are with the cluster's workers");
    }

    @Test
    void aMasterThatIsNotThereIsNamed() throws Exception {
        assertThat(failure("no-master", "--master", "spark://127.0.0.1:1"))
                .isEqualTo("error: no Spark master answers at spark://127.0.0.1:1 (127.0.0.1:1: Connection refused)\n");
    }

    @Test
    void aFileSystemThatIsNotThereIsNamed() throws Exception {
        assertThat(failureOf("hdfs://127.0.0.1:1/names", "no-hdfs", "--no-spark"))
                .contains("hdfs://127.0.0.1:1/names")
                .contains("Connection refused");
    }

    @Test
    void aFileSystemThatDiesWhileTrainingEndsTheTrainingWithTheCheckpointThatCannotBeWritten() throws Exception {
        String run = cluster.hdfs() + "/dying";
        List<String> arguments = List.of(
                "--no-spark",
                "--data",
                data,
                "--out",
                run,
                "--set",
                "train.steps=100000000",
                "--set",
                "train.checkpoint-every=200");
        Job job = Job.start(directory, java.util.Map.of(), "jobs/train.sh", arguments);
        try {
            org.apache.hadoop.fs.Path first = new org.apache.hadoop.fs.Path(run + "/checkpoints/step-00000200");
            while (!cluster.fileSystem().exists(first)) {
                assertThat(job.process().isAlive()).as(job.err()).isTrue();
            }
            cluster.kill("namenode");
            job.await();
        } finally {
            job.process().destroyForcibly();
        }
        assertThat(job.exit()).isEqualTo(1);
        // How the connection broke (refused, reset, at its end) is Hadoop's to say; it is the one line.
        assertThat(job.err().substring(job.err().lastIndexOf("error: ")).strip())
                .contains(run + "/checkpoints", ": cannot be ", "Exception")
                .doesNotContain("\n");
    }
}
