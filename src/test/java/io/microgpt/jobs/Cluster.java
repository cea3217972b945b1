package io.microgpt.jobs;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** A cluster of {@code scripts/cluster.sh}: its processes, by their names there, and what can befall them. */
final class Cluster {
    private static final String SCRIPT = "scripts/cluster.sh";

    private final Path logs;
    private final Path directory;
    private boolean stopped;

    /**
     * A cluster that is not started yet.
     *
     * @param logs takes what the script prints
     * @param directory the cluster's own
     */
    Cluster(Path logs, Path directory) {
        this.logs = logs;
        this.directory = directory;
    }

    /** Starts it, with the script's options. */
    void start(String... options) throws Exception {
        require(run("start", options));
    }

    /** Runs a command of the script to its end. */
    Job run(String verb, String... options) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(verb));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("--dir", directory.toString()));
        return Job.run(logs, SCRIPT, arguments.toArray(String[]::new));
    }

    private static void require(Job job) throws IOException {
        if (job.exit() != 0) {
            throw new IllegalStateException(SCRIPT + " failed: " + job.err());
        }
    }

    String master() throws IOException {
        return Files.readString(directory.resolve("spark.url")).strip();
    }

    String hdfs() throws IOException {
        return Files.readString(directory.resolve("hdfs.url")).strip();
    }

    /** {@return HDFS, as a client that is none of the jobs sees it} */
    FileSystem fileSystem() throws IOException {
        return FileSystem.get(URI.create(hdfs()), new Configuration());
    }

    /** {@return the names of the processes that begin so, ascending} */
    List<String> names(String prefix) throws IOException {
        if (!Files.isDirectory(directory.resolve("run"))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory.resolve("run"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .sorted()
                    .toList();
        }
    }

    /** {@return the process of this name, unless it has ended} */
    private Optional<ProcessHandle> process(String name) throws IOException {
        String line = Files.readString(directory.resolve("run").resolve(name));
        // Empty for a moment while it is started.
        return line.isBlank() ? Optional.empty() : ProcessHandle.of(Long.parseLong(line.split(" ")[0]));
    }

    /** {@return the executors of a worker: all that it starts for drivers in processes of their own} */
    List<ProcessHandle> executors(String worker) throws IOException {
        return process(worker).stream()
                .flatMap(ProcessHandle::children)
                .filter(ProcessHandle::isAlive)
                .toList();
    }

    /** {@return the executors of all workers that there are} */
    List<ProcessHandle> executors() throws IOException {
        List<ProcessHandle> executors = new ArrayList<>();
        for (String worker : names("worker-")) {
            executors.addAll(executors(worker));
        }
        return executors;
    }

    /** Kills a process of this name, as by {@code kill -9}. */
    void kill(String name) throws IOException {
        kill(process(name)
                .orElseThrow(() -> new IllegalStateException(name + " has ended; see " + directory + "/logs")));
    }

    /** Kills a process, as by {@code kill -9}; it is gone when this returns. */
    static void kill(ProcessHandle process) {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Starts again what was killed, and waits until it serves. */
    synchronized void restart(String name) throws Exception {
        if (!stopped) {
            require(run("restart", name));
        }
    }

    /** Stops a process, {@code STOP}, or lets it go on, {@code CONT}. */
    static void signal(String name, ProcessHandle process) throws Exception {
        new ProcessBuilder("bash", "-c", "kill -" + name + " " + process.pid())
                .start()
                .waitFor();
    }

    /** Stops it; what it stored stays. */
    synchronized void stop() throws Exception {
        stopped = true;
        for (ProcessHandle executor : executors()) {
            signal("CONT", executor); // or it would not hear of the end
        }
        require(run("stop"));
    }
}
