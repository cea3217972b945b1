package io.microgpt.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A job started as a user starts it: a script in a process of its own. */
final class Job {
    private static final long PATIENCE_MINUTES = 5;
    private static final long POLL_MILLIS = 20;
    private static final Pattern SHA = Pattern.compile("weights sha256 ([0-9a-f]{64})$");

    private final Process process;
    private final Path out;
    private final Path err;

    private Job(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /** Starts {@code jobs/NAME.sh}. */
    static Job start(Path directory, Map<String, String> environment, String script, List<String> arguments)
            throws IOException {
        List<String> command =
                new ArrayList<>(List.of(Path.of(script).toAbsolutePath().toString()));
        command.addAll(arguments);
        Path out = Files.createTempFile(directory, "job", ".out");
        Path err = Files.createTempFile(directory, "job", ".err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(environment);
        builder.environment().remove("SPARK_HOME");
        return new Job(builder.start(), out, err);
    }

    /** Runs {@code jobs/NAME.sh} to its end. */
    static Job run(Path directory, String script, String... arguments) throws Exception {
        return start(directory, Map.of(), script, List.of(arguments)).await();
    }

    Job await() throws Exception {
        assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES))
                .as("ends within %d minutes:\n%s\n%s", PATIENCE_MINUTES, Files.readString(out), Files.readString(err))
                .isTrue();
        return this;
    }

    /** Waits until the job has made this file, or has ended. */
    void awaitFile(Path file) throws Exception {
        boolean ended = false;
        while (!ended && !Files.exists(file)) {
            ended = process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    Process process() {
        return process;
    }

    int exit() {
        return process.exitValue();
    }

    String out() throws IOException {
        return Files.readString(out);
    }

    String err() throws IOException {
        return Files.readString(err);
    }

    /** {@return where its output is} */
    @Override
    public String toString() {
        return out + " and " + err;
    }

    /** {@return the hash in the last line of a training that went well} */
    String sha256() throws IOException {
        assertThat(exit()).as("exit code\n%s\n%s", out(), err()).isZero();
        List<String> lines = out().lines().toList();
        Matcher matcher = SHA.matcher(lines.get(lines.size() - 1));
        assertThat(matcher.find()).as("last line of\n%s", out()).isTrue();
        return matcher.group(1);
    }
}
