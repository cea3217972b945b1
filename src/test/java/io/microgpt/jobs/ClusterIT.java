package io.microgpt.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/cluster.sh}: a Spark standalone cluster and HDFS, each process a JVM of its own; {@link SameBitsIT} trains on one. */
class ClusterIT {
    @TempDir
    static Path directory;

    private static Cluster cluster;

    @BeforeAll
    static void place() {
        cluster = new Cluster(directory, directory.resolve("cluster"));
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.stop();
    }

    @Test
    void servesJobsUntilItIsStopped() throws Exception {
        Job start = cluster.run("start", "--workers", "2", "--hdfs", "--datanodes", "2");
        assertThat(start.exit()).as(start.err()).isZero();
        assertThat(start.out()).contains("--master " + cluster.master(), cluster.hdfs() + "/", "6 processes run");
        Job again = cluster.run("start");
        assertThat(again.exit()).isEqualTo(2);
        assertThat(again.err()).contains("a cluster runs in");

        String names = Path.of("data-samples/names.txt").toAbsolutePath().toString();
        Job prepared = Job.run(
                directory,
                "jobs/prepare.sh",
                "--master",
                cluster.master(),
                "--input",
                names,
                "--out",
                cluster.hdfs() + "/names");
        assertThat(prepared.exit()).as(prepared.err()).isZero();

        cluster.kill("worker-2");
        Job status = cluster.run("status");
        assertThat(status.exit()).isEqualTo(1);
        assertThat(status.out()).contains("worker-2 has ended", "5 processes run");
        Job restarted = cluster.run("restart", "worker-2");
        assertThat(restarted.exit()).as(restarted.err()).isZero();
        assertThat(restarted.out()).contains("worker-2 serves again");
        status = cluster.run("status");
        assertThat(status.exit()).as(status.out()).isZero();
        assertThat(status.out()).contains("6 processes run");
        Job alive = cluster.run("restart", "datanode-1");
        assertThat(alive.exit()).isEqualTo(2);
        assertThat(alive.err()).contains("datanode-1 runs");

        Job stop = cluster.run("stop");
        assertThat(stop.exit()).as(stop.err()).isZero();
        assertThat(stop.out()).contains("6 processes stopped");
        status = cluster.run("status");
        assertThat(status.exit()).isEqualTo(1);
        assertThat(status.out()).contains("no cluster runs in");
    }

    @Test
    void mistakesAreNamed() throws Exception {
        Job none = cluster.run("start", "--workers", "0");
        assertThat(none.exit()).isEqualTo(2);
        assertThat(none.err()).contains("error: --workers 0: must be a number from 1 up");
        Job unknown = cluster.run("begin");
        assertThat(unknown.exit()).isEqualTo(2);
        assertThat(unknown.err()).contains("unknown command begin");
        Job master = cluster.run("restart", "master");
        assertThat(master.exit()).isEqualTo(2);
        assertThat(master.err()).contains("restart master: the name of a worker or DataNode is needed");
        Job unstarted = cluster.run("restart", "worker-9");
        assertThat(unstarted.exit()).isEqualTo(2);
        assertThat(unstarted.err()).contains("no worker-9 was started in");
    }
}
