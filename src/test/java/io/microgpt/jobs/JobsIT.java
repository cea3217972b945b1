package io.microgpt.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts and the job jar as a user has them, with executors in processes of their own. */
class JobsIT {
    private static final String TRAIN = "jobs/train.sh";
    private static final String[] SMALL = {
        "--set", "train.steps=60", "--set", "train.checkpoint-every=7", "--set", "train.eval-every=20"
    };
    /** Two executors of one core, each a JVM of its own. */
    private static final String TWO_EXECUTORS = "local-cluster[2,1,1024]";

    @TempDir
    static Path directory;

    private static Path data;
    private static String sha;

    @BeforeAll
    static void trainWithoutSpark() throws Exception {
        Path names = Path.of("data-samples/names.txt").toAbsolutePath();
        data = directory.resolve("dataset");
        assertThat(Job.run(directory, "jobs/prepare.sh", "--input", names.toString(), "--out", data.toString())
                        .exit())
                .isZero();
        sha = train("no-spark", "--no-spark").sha256();
    }

    private static Job train(String run, String... more) throws Exception {
        return Job.run(directory, TRAIN, arguments(run, more));
    }

    private static String[] arguments(String run, String... more) {
        return Stream.of(new String[] {"--data", data.toString(), "--out", run}, SMALL, more)
                .flatMap(Stream::of)
                .toArray(String[]::new);
    }

    @Test
    void jobJarHoldsNeitherSparkNorHadoop() throws IOException {
        try (JarFile jar = new JarFile("target/microgpt-spark-job.jar")) {
            Set<String> roots = jar.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.endsWith(".class"))
                    .map(name -> name.substring(0, name.indexOf('/', name.indexOf('/') + 1)))
                    .collect(Collectors.toSet());
            assertThat(roots).containsExactly("io/microgpt");
        }
    }

    @Test
    void oneThreadOfSparkGivesTheSameWeights() throws Exception {
        assertThat(train("local-1", "--master", "local[1]").sha256()).isEqualTo(sha);
    }

    @Test
    void executorsInOtherProcessesGiveTheSameWeightsOnHdfs() throws Exception {
        Configuration conf = new Configuration();
        conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.resolve("hdfs").toString());
        try (MiniDFSCluster hdfs =
                new MiniDFSCluster.Builder(conf).numDataNodes(2).build()) {
            FileSystem fs = hdfs.getFileSystem();
            String root = fs.getUri() + "/microgpt";
            fs.copyFromLocalFile(
                    new org.apache.hadoop.fs.Path(data.toUri()), new org.apache.hadoop.fs.Path(root, "data"));
            String[] where = {"--master", TWO_EXECUTORS, "--data", root + "/data", "--out", root + "/run"};
            String[] stopped = Stream.of(where, SMALL, new String[] {"--stop-at", "33"})
                    .flatMap(Stream::of)
                    .toArray(String[]::new);
            Job first = Job.run(directory, TRAIN, stopped);
            assertThat(first.exit()).as(first.err()).isZero();
            assertThat(first.err()).contains("2 executors");

            String[] resumed = Stream.of(where, SMALL, new String[] {"--resume"})
                    .flatMap(Stream::of)
                    .toArray(String[]::new);
            assertThat(Job.run(directory, TRAIN, resumed).sha256()).isEqualTo(sha);
        }
    }

    /** Every {@code java} of this home lacks the module, whatever Spark's launcher asks for. */
    @Test
    void executorsWithoutTheVectorModuleWarnAndGiveTheSameWeights() throws Exception {
        Path home = Files.createDirectories(directory.resolve("jdk/bin"));
        Path java = Files.writeString(
                home.resolve("java"),
                "#!/bin/bash\nargs=()\nfor a in \"$@\"; do [ \"$a\" = --add-modules=jdk.incubator.vector ] || args+=(\"$a\"); done\n"
                        + "exec '" + System.getProperty("java.home") + "/bin/java' \"${args[@]}\"\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        Job job = Job.start(
                        directory,
                        Map.of("JAVA_HOME", home.getParent().toString()),
                        TRAIN,
                        List.of(arguments("no-vector", "--master", TWO_EXECUTORS)))
                .await();
        assertThat(job.sha256()).isEqualTo(sha);
        assertThat(job.err())
                .contains(
                        "warning: executor 0: the module jdk.incubator.vector is not in this JVM: the scalar kernels serve")
                .contains("warning: executor 1: the module");
    }

    @Test
    void killedAndResumedGivesTheSameWeights() throws Exception {
        Job job =
                Job.start(directory, Map.of(), TRAIN, List.of(arguments("killed", "--no-spark", "--stop-at", "1000")));
        Path checkpoints = directory.resolve("killed/checkpoints");
        job.awaitFile(checkpoints.resolve("step-00000007"));
        job.process().destroyForcibly().waitFor();
        assertThat(train("killed", "--no-spark", "--resume").sha256()).isEqualTo(sha);
    }

    @Test
    void interruptedTrainingWritesACheckpointAndGoesOn() throws Exception {
        Job job = Job.start(directory, Map.of(), TRAIN, List.of(arguments("interrupted", "--master", "local[2]")));
        Path metrics = directory.resolve("interrupted/metrics.jsonl");
        job.awaitFile(metrics);
        job.process().destroy();
        job.await();
        Job resumed = train("interrupted", "--resume", "--master", "local[1]");
        assertThat(resumed.sha256()).isEqualTo(sha);
        if (job.err().contains("stopped at step")) {
            assertThat(resumed.err()).contains("going on from step");
        }
    }

    @Test
    void withoutAJavaThatServesTheScriptSaysWhatToInstall() throws Exception {
        Path bin = Files.createDirectories(directory.resolve("bin"));
        for (String tool : List.of("bash", "dirname", "sed", "find", "env")) {
            Path found = Stream.of("/usr/bin", "/bin")
                    .map(place -> Path.of(place, tool))
                    .filter(Files::exists)
                    .findFirst()
                    .orElseThrow();
            Files.createSymbolicLink(bin.resolve(tool), found);
        }
        Job job = Job.start(directory, Map.of("PATH", bin.toString(), "JAVA_HOME", ""), TRAIN, List.of())
                .await();
        assertThat(job.exit()).isEqualTo(1);
        assertThat(job.err())
                .contains("microgpt-spark needs JDK 17 to 23")
                .contains("sudo apt-get install openjdk-17-jdk");

        // Hadoop does not run on it, and would only say "getSubject is not supported".
        Path java =
                Files.writeString(bin.resolve("java"), "#!/usr/bin/env bash\necho 'openjdk version \"25.0.1\"' >&2\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        job = Job.start(directory, Map.of("PATH", bin.toString(), "JAVA_HOME", ""), TRAIN, List.of())
                .await();
        assertThat(job.exit()).isEqualTo(1);
        assertThat(job.err()).contains("Found Java 25").contains("microgpt-spark needs JDK 17 to 23");
    }

    @Test
    void sparkOptionWithoutItsValueIsNamed() throws Exception {
        Job job = Job.run(directory, TRAIN, "--master");
        assertThat(job.exit()).isEqualTo(2);
        assertThat(job.err()).contains("error: --master needs a value");
    }
}
