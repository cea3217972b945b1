package io.microgpt.spark.training;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.ExecutorKilled$;
import org.apache.spark.scheduler.JobSucceeded$;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;

/**
 * Bounds the wait for every Spark job, and knows what went wrong first. Spark by itself waits without end for an executor that cannot
 * start; here a job is cancelled when for too long none of its tasks runs. One that runs may take its time: Spark's heartbeats bound
 * the wait for an executor that is dead.
 */
public final class ClusterWatch extends SparkListener implements AutoCloseable {
    private static final long CHECK_MILLIS = 1_000;
    private static final long WARNING_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** How a standalone master tells of executors whose worker it no longer hears: a machine that slept takes all of its own along, again and again. */
    private static final String WITH_ITS_WORKER = "worker lost";
    /** A standalone master starts them anew without end. */
    private static final int MOST_STILLBORN = 10;
    /** How Spark's executors end when their heap is short. */
    private static final Pattern OUT_OF_MEMORY = Pattern.compile("\\bcode:? 52\\b");
    /** A Spark that has stopped may leave a caller waiting for a lock that nobody gives back, as for one of a broadcast. */
    private static final long STOPPED_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final SparkContext spark;
    private final long patienceNanos;
    private final Consumer<String> warnings;
    private final Function<String, Optional<String>> masterTrouble;
    private final Set<Integer> jobs = new HashSet<>();
    private final Set<Long> running = new HashSet<>(); // tasks
    private final Set<String> served = new HashSet<>(); // executors that a task was started on
    private final Set<String> gone = new HashSet<>(); // executors that Spark has removed; it gives no name twice
    private int stillborn; // executors lost without one while none ran, since a task was last started
    private long progress; // when a task last started or ended
    private long warned;
    private String firstTrouble;
    private String givenUp;
    private Thread caller; // who is in a call of Spark
    private long stoppedSince;
    private boolean released; // the caller was interrupted
    private boolean closed;

    /**
     * @param patienceSeconds without any task running, after which a job is given up
     * @param warnings is told of jobs that wait, long before, and of executors that are lost
     */
    public ClusterWatch(SparkContext spark, int patienceSeconds, Consumer<String> warnings) {
        this(spark, patienceSeconds, warnings, master -> Optional.empty());
    }

    /**
     * @param patienceSeconds as above
     * @param warnings as above
     * @param masterTrouble says what is wrong with a master that gives no executor, if it knows; soon
     */
    public ClusterWatch(
            SparkContext spark,
            int patienceSeconds,
            Consumer<String> warnings,
            Function<String, Optional<String>> masterTrouble) {
        this.spark = spark;
        this.masterTrouble = masterTrouble;
        this.patienceNanos = TimeUnit.SECONDS.toNanos(patienceSeconds);
        this.warnings = warnings;
        spark.addSparkListener(this);
        Thread thread = new Thread(this::watch, "microgpt-cluster-watch");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public synchronized void onJobStart(SparkListenerJobStart start) {
        if (jobs.isEmpty()) {
            progress = System.nanoTime();
            warned = progress;
        }
        jobs.add(start.jobId());
    }

    @Override
    public synchronized void onJobEnd(SparkListenerJobEnd end) {
        jobs.remove(end.jobId());
        if (jobs.isEmpty()) {
            running.clear(); // were an event ever lost, it would not matter for long
        }
        if (end.jobResult() == JobSucceeded$.MODULE$) {
            firstTrouble = null; // it is mended
        }
    }

    @Override
    public synchronized void onTaskStart(SparkListenerTaskStart start) {
        running.add(start.taskInfo().taskId());
        served.add(start.taskInfo().executorId());
        stillborn = 0;
        progress = System.nanoTime();
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        running.remove(end.taskInfo().taskId());
        progress = System.nanoTime();
        if (end.reason() instanceof TaskFailedReason failed && failed.countTowardsTaskFailures()) {
            trouble("task " + end.taskInfo().index() + " failed on executor "
                    + end.taskInfo().executorId() + ": " + failed.toErrorString());
        }
    }

    @Override
    public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
        gone.add(removed.executorId());
        boolean used = served.remove(removed.executorId());
        // One that idles may go, between jobs or because dynamic allocation has no use for it.
        boolean awaited = !jobs.isEmpty() || caller != null; // its sums may be on their way when a job is over
        if (awaited && !removed.reason().equals(ExecutorKilled$.MODULE$.toString())) {
            String what = "executor " + removed.executorId() + " was lost: " + firstLine(removed.reason())
                    + (OUT_OF_MEMORY.matcher(removed.reason()).find()
                            ? " (its heap was short: give more by --executor-memory)"
                            : "");
            trouble(what);
            warnings.accept(what);
            stillborn += used
                            || jobs.isEmpty()
                            || !running.isEmpty()
                            || removed.reason().startsWith(WITH_ITS_WORKER)
                    ? 0
                    : 1;
            if (stillborn == MOST_STILLBORN) {
                giveUp(stillborn + " executors in turn were lost before they ran a task" + firstTrouble("; first, ")
                        + "; their logs are with the cluster's workers");
            }
        }
    }

    private void trouble(String what) {
        if (firstTrouble == null) {
            firstTrouble = firstLine(what);
        }
    }

    private static String firstLine(String text) {
        return text.strip().lines().findFirst().orElse(text);
    }

    private synchronized void watch() {
        try {
            while (!closed) {
                wait(CHECK_MILLIS);
                if (!closed && spark.isStopped()) {
                    release(System.nanoTime());
                } else if (!closed && !jobs.isEmpty() && running.isEmpty()) {
                    check(System.nanoTime());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void release(long now) {
        stoppedSince = stoppedSince == 0 ? now : stoppedSince;
        if (caller != null && now - stoppedSince > STOPPED_NANOS) {
            caller.interrupt();
            caller = null;
            released = true;
        }
    }

    private void check(long now) {
        long idle = now - progress;
        String patience = TimeUnit.NANOSECONDS.toSeconds(patienceNanos) + " s (engine.patience)";
        if (idle > patienceNanos) {
            giveUp(waiting(idle) + "; given up after " + patience);
            progress = now;
        } else if (idle > WARNING_NANOS && now - warned > WARNING_NANOS) {
            warned = now;
            warnings.accept(waiting(idle) + "; given up after " + patience);
        }
    }

    private void giveUp(String reason) {
        givenUp = reason;
        jobs.forEach(job -> spark.cancelJob(job, reason));
    }

    private String waiting(long idleNanos) {
        int drivers = spark.isLocal() ? 0 : 1; // Spark counts it among the executors
        int executors = spark.statusTracker().getExecutorInfos().length - drivers;
        return "no task has run for " + TimeUnit.NANOSECONDS.toSeconds(idleNanos) + " s on "
                + spark.master() + ", which gives this application "
                + switch (executors) {
                    case 0 ->
                        "no executor: "
                                + masterTrouble
                                        .apply(spark.master())
                                        .orElse("are its workers up, and have they the cores and the memory that are"
                                                + " asked for (spark.executor.memory = "
                                                + spark.getConf().get("spark.executor.memory", "1g") + ")?");
                    case 1 -> "1 executor";
                    default -> executors + " executors";
                }
                + firstTrouble("; first, ");
    }

    /**
     * {@return why what an executor has of a job that is over need not be awaited any longer; empty while it is to be} Long before, the user is
     * told.
     *
     * @param silentNanos for how long nothing has come of it
     */
    public synchronized Optional<String> noLongerAwaited(String executor, long silentNanos) {
        String silent = "nothing has come from executor " + executor + " for "
                + TimeUnit.NANOSECONDS.toSeconds(silentNanos) + " s";
        if (gone.contains(executor)) {
            return Optional.of("executor " + executor + " was lost before the driver had its sums");
        }
        if (silentNanos > patienceNanos) {
            return Optional.of(silent + " (engine.patience)");
        }
        long now = System.nanoTime();
        if (silentNanos > WARNING_NANOS && now - warned > WARNING_NANOS) {
            warned = now;
            warnings.accept(silent + ", whose sums are on their way to the driver; they are computed again when Spark"
                    + " gives it up, or after " + TimeUnit.NANOSECONDS.toSeconds(patienceNanos)
                    + " s (engine.patience)");
        }
        return Optional.empty();
    }

    /** What follows, in this thread and until {@link #end}, are calls of Spark, which must not outlive it. */
    synchronized void begin() {
        caller = Thread.currentThread();
        givenUp = null; // of a job before, which went well in spite of it
    }

    synchronized void end() {
        caller = null;
        if (released) {
            released = false;
            Thread.interrupted(); // it was for that call alone: a checkpoint may be waited for next
        }
    }

    /**
     * {@return what the work gives, which this thread does by calls of Spark}
     *
     * @param what it is, for a person
     * @throws Exception of the work; or, where Spark has stopped or a job was given up, what went wrong first
     */
    public <R> R over(String what, Callable<R> work) throws Exception {
        begin();
        try {
            return work.call();
        } catch (Exception e) {
            throwShortHeap(e);
            if (givenUp() || spark.isStopped()) {
                throw new IllegalStateException(what + " failed on Spark: " + explain(e), e);
            }
            throw e;
        } finally {
            end();
        }
    }

    private synchronized boolean givenUp() {
        return givenUp != null;
    }

    /**
     * Throws the error of a task that ran in this JVM and found its heap short: what to do about it is what it would be, had the caller met
     * it. One of an executor is not the caller's.
     */
    void throwShortHeap(Exception e) {
        for (Throwable cause = e; cause != null && spark.isLocal(); cause = cause.getCause()) {
            if (cause instanceof OutOfMemoryError error) {
                throw error;
            }
        }
    }

    /** {@return what to tell of a call of Spark that failed} */
    synchronized String explain(Exception e) {
        if (givenUp != null) {
            return givenUp;
        }
        String stopped = spark.isStopped() ? "Spark has stopped: " : "";
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        return stopped + message + firstTrouble("\n  first, ");
    }

    private String firstTrouble(String prefix) {
        return firstTrouble == null ? "" : prefix + firstTrouble;
    }

    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
        if (!spark.isStopped()) {
            spark.removeSparkListener(this);
        }
    }
}
