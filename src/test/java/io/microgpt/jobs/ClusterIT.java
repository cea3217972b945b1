package io.microgpt.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/cluster.sh}: a Spark standalone cluster and HDFS, each process a JVM of its own. */
class ClusterIT {
    private static final String CLUSTER = "scripts/cluster.sh";
    private static final String[] SMALL = {"--set", "train.steps=40", "--set", "train.checkpoint-every=10"};

    @TempDir
    static Path directory;

    private static Job cluster(String... arguments) throws Exception {
        String dir = directory.resolve("cluster").toString();
        return Job.run(directory, CLUSTER, with(arguments, "--dir", dir));
    }

    private static String[] with(String[] arguments, String... more) {
        return Stream.of(arguments, more).flatMap(Stream::of).toArray(String[]::new);
    }

    private static String url(String name) throws IOException {
        return Files.readString(directory.resolve("cluster").resolve(name)).strip();
    }

    @AfterAll
    static void stop() throws Exception {
        cluster("stop");
    }

    @Test
    void servesJobsUntilItIsStopped() throws Exception {
        Job start = cluster("start", "--workers", "2", "--hdfs", "--datanodes", "2");
        assertThat(start.exit()).as(start.err()).isZero();
        assertThat(start.out()).contains("--master " + url("spark.url"), url("hdfs.url") + "/", "6 processes run");
        Job again = cluster("start");
        assertThat(again.exit()).isEqualTo(2);
        assertThat(again.err()).contains("a cluster runs in");

        String master = url("spark.url");
        String data = url("hdfs.url") + "/names";
        String names = Path.of("data-samples/names.txt").toAbsolutePath().toString();
        Job prepared = Job.run(directory, "jobs/prepare.sh", "--master", master, "--input", names, "--out", data);
        assertThat(prepared.exit()).as(prepared.err()).isZero();
        String sha = train(data, "alone", "--no-spark").sha256();
        Job two = train(data, "two", "--master", master);
        assertThat(two.sha256()).isEqualTo(sha);
        assertThat(two.err()).contains("2 executors");

        kill("worker-2");
        Job status = cluster("status");
        assertThat(status.exit()).isEqualTo(1);
        assertThat(status.out()).contains("worker-2 has ended", "5 processes run");
        assertThat(train(data, "one", "--master", master).sha256()).isEqualTo(sha);

        Job stop = cluster("stop");
        assertThat(stop.exit()).as(stop.err()).isZero();
        assertThat(stop.out()).contains("5 processes stopped");
        status = cluster("status");
        assertThat(status.exit()).isEqualTo(1);
        assertThat(status.out()).contains("no cluster runs in");
    }

    private static Job train(String data, String run, String... where) throws Exception {
        String[] what = {"--data", data, "--out", url("hdfs.url") + "/" + run};
        return Job.start(directory, Map.of(), "jobs/train.sh", List.of(with(with(what, SMALL), where)))
                .await();
    }

    private static void kill(String name) throws Exception {
        String id =
                Files.readString(directory.resolve("cluster/run").resolve(name)).split(" ")[0];
        ProcessHandle process = ProcessHandle.of(Long.parseLong(id)).orElseThrow();
        process.destroyForcibly();
        process.onExit().get();
    }

    @Test
    void mistakesAreNamed() throws Exception {
        Job none = cluster("start", "--workers", "0");
        assertThat(none.exit()).isEqualTo(2);
        assertThat(none.err()).contains("error: --workers 0: must be a number from 1 up");
        Job unknown = cluster("begin");
        assertThat(unknown.exit()).isEqualTo(2);
        assertThat(unknown.err()).contains("unknown command begin");
    }
}
