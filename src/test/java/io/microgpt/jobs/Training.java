package io.microgpt.jobs;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;

/** One run of a training, however many drivers it takes: watched, so that faults come at steps that are known. */
final class Training implements AutoCloseable {
    /** A model of so many parameters that weights and gradients cross as blocks of their own, not with closures and results. */
    static final String WIDE = "model.n-embd=80";

    private static final String TRAIN = "jobs/train.sh";
    /** No step, start or end may take longer, whatever befell the cluster. */
    private static final long PATIENCE_SECONDS = 600;

    private static final long POLL_MILLIS = 20;
    private static final long LONGEST_POLL_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final Pattern SHOWN = Pattern.compile("step (\\d+)/\\d+  loss ");
    private static final Pattern GOING_ON = Pattern.compile("going on from step (\\d+)");
    private static final Pattern WRITING = Pattern.compile("\\.step-(\\d+)\\.[0-9a-f-]+\\.tmp");
    private static final Pattern WHOLE = Pattern.compile("step-(\\d+)");

    private final Path logs;
    private final Path events;
    private final String run;
    private final FileSystem storage;
    private final Model model;
    private final List<String> arguments;
    private volatile Job job;
    private Setting setting;
    private boolean begun;
    private boolean closed;

    /** @param what the arguments of every driver of the run, {@code --out} excepted */
    Training(Path logs, FileSystem storage, String run, Model model, String... what) {
        this.logs = logs;
        events = logs.resolve("events-of-" + new org.apache.hadoop.fs.Path(run).getName());
        this.storage = storage;
        this.run = run;
        this.model = model;
        arguments = new ArrayList<>(List.of(what));
        arguments.addAll(List.of("--out", run));
    }

    /** Starts a driver, which goes on from the newest checkpoint. */
    void start(Cluster cluster, Setting setting) throws IOException {
        List<String> where = new ArrayList<>(List.of("--master", setting.master(cluster)));
        where.addAll(setting.arguments());
        if (setting.speculation()) {
            Files.createDirectories(events);
            Stream.of("enabled=true", "dir=" + events.toUri(), "rolling.enabled=false", "compress=false")
                    .forEach(conf -> where.addAll(List.of("--conf", "spark.eventLog." + conf)));
        }
        this.setting = setting;
        start(where);
    }

    /** {@return how weights and sums cross, of the last driver} */
    Way way() {
        return setting.way(model);
    }

    /** Trains in one process without Spark, to the end. */
    void runAlone() throws Exception {
        start(List.of("--no-spark"));
        awaitEnd();
    }

    private synchronized void start(List<String> where) throws IOException {
        if (closed) {
            throw new IllegalStateException(run + " was given up");
        }
        List<String> all = new ArrayList<>(arguments);
        all.addAll(where);
        if (begun) {
            all.add("--resume");
        }
        begun = true;
        // Shows every step, or five a second.
        job = Job.start(logs, Map.of("MICROGPT_TERMINAL", "1"), TRAIN, all);
    }

    ProcessHandle driver() {
        return job.process().toHandle();
    }

    boolean ended() {
        return !job.process().isAlive();
    }

    /** {@return the driver's job, to look at what it printed} */
    Job job() {
        return job;
    }

    /** {@return the last step that the driver has shown; where it went on from, if none} */
    long step() throws IOException {
        return SHOWN.matcher(job.err())
                .results()
                .reduce((first, second) -> second)
                .map(Training::number)
                .orElse(from());
    }

    private boolean hasShownAStep() throws IOException {
        return SHOWN.matcher(job.err()).find();
    }

    private boolean hasBegun() throws IOException {
        return job.err().contains(" a step on ");
    }

    /** {@return the step that the driver went on from} */
    long from() throws IOException {
        return GOING_ON.matcher(job.err())
                .results()
                .findFirst()
                .map(Training::number)
                .orElse(0L);
    }

    private static long number(MatchResult result) {
        return Long.parseLong(result.group(1));
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    /**
     * Waits until something holds or the driver has ended. While this process stands still, as on a machine that sleeps, no patience is
     * lost: the driver stands still too.
     *
     * @return whether it holds
     */
    private boolean await(String what, Condition condition) throws Exception {
        long left = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        long last = System.nanoTime();
        while (!condition.holds()) {
            if (job.process().waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                return condition.holds();
            }
            long now = System.nanoTime();
            left -= Math.min(now - last, LONGEST_POLL_NANOS);
            last = now;
            if (left < 0) {
                throw new IllegalStateException("hangs: no " + what + " in " + PATIENCE_SECONDS + " seconds at step "
                        + step() + "; see " + job);
            }
        }
        return true;
    }

    /** Waits until the driver has shown a step that is at least this one, or has ended; step 0 is before the first has ended. */
    boolean awaitStep(long step) throws Exception {
        return await("step " + step, () -> step == 0 ? hasBegun() : hasShownAStep() && step() >= step);
    }

    /** Waits until a step has ended that began after this call, or the driver has. */
    boolean awaitAnotherStep() throws Exception {
        // The next step that is shown may have begun before.
        return awaitStep(step() + 1) && awaitStep(step() + 1);
    }

    /** Waits for the driver's end, as long as it takes steps. */
    void awaitEnd() throws Exception {
        while (!ended()) {
            long reached = step();
            await("further step", () -> step() > reached);
        }
    }

    /** {@return the hash that the run ended with} */
    String sha256() throws IOException {
        return job.sha256();
    }

    /** {@return the newest checkpoint on storage; reading verifies it} */
    Checkpoint checkpoint() {
        return new CheckpointStore(new Configuration(), run + "/checkpoints")
                .newest(warning -> {
                    throw new IllegalStateException(warning);
                })
                .orElseThrow();
    }

    /**
     * Kills the driver while a checkpoint is being written: stops it where there seems to be one, looks closely, and lets it go on
     * where the checkpoint became whole in that moment.
     *
     * @return whether storage says so: the checkpoint is there by its hidden name alone; otherwise the driver has ended
     */
    boolean killDuringCheckpoint() throws Exception {
        while (await("checkpoint", this::isWriting)) {
            Cluster.signal("STOP", driver());
            if (isWriting()) {
                Cluster.kill(driver());
                return isWriting(); // a rename may have been on its way
            }
            Cluster.signal("CONT", driver());
        }
        return false;
    }

    /** A hidden name that is older than a whole checkpoint is being deleted. */
    private boolean isWriting() throws IOException {
        long writing = -1;
        long whole = -1;
        try {
            for (FileStatus status : storage.listStatus(new org.apache.hadoop.fs.Path(run, "checkpoints"))) {
                String name = status.getPath().getName();
                writing = Math.max(writing, step(WRITING, name));
                whole = Math.max(whole, step(WHOLE, name));
            }
        } catch (FileNotFoundException e) {
            return false; // no checkpoint was written yet
        }
        return writing > whole;
    }

    private static long step(Pattern pattern, String name) {
        Matcher matcher = pattern.matcher(name);
        return matcher.matches() ? Long.parseLong(matcher.group(1)) : -1;
    }

    /** {@return the steps that the metrics have, in their order} */
    List<Long> metricSteps() throws IOException {
        List<Long> steps = new ArrayList<>();
        Path copy = Files.createTempFile(logs, "metrics", ".jsonl");
        storage.copyToLocalFile(
                false,
                new org.apache.hadoop.fs.Path(run, "metrics.jsonl"),
                new org.apache.hadoop.fs.Path(copy.toUri()),
                true);
        Matcher matcher = Pattern.compile("\"step\":(\\d+)").matcher(Files.readString(copy));
        while (matcher.find()) {
            steps.add(Long.parseLong(matcher.group(1)));
        }
        return steps;
    }

    /** {@return how many second copies of tasks Spark has started, of what drivers with speculation have written down} */
    long copies() throws IOException {
        long copies = 0;
        if (Files.exists(events)) {
            try (Stream<Path> logs = Files.list(events)) {
                for (Path log : logs.toList()) {
                    copies += Pattern.compile("\"Event\":\"SparkListenerTaskStart\".*\"Speculative\":true")
                            .matcher(Files.readString(log))
                            .results()
                            .count();
                }
            }
        }
        return copies;
    }

    /** Ends the driver if it still runs. */
    @Override
    public synchronized void close() {
        closed = true;
        if (job != null && !ended()) {
            Cluster.kill(driver());
        }
    }
}
