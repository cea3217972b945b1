package io.microgpt.cli;

import io.microgpt.train.StepReport;
import io.microgpt.train.TrainingListener;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * Turns Ctrl-C and TERM into a clean stop: the step is finished and a checkpoint written before anything is shut down. Through
 * Hadoop's hooks, because they run in order and file systems and Spark are closed by later ones.
 */
final class StopSignal implements BooleanSupplier, TrainingListener, AutoCloseable {
    /** Before Spark's own hooks (50 and less) and the file systems' (10). */
    private static final int PRIORITY = 100;

    private static final int PATIENCE_SECONDS = 120;
    /** Hadoop interrupts a hook that takes longer: ours has to have said by then how things stand. */
    private static final int TO_SPEAK_SECONDS = 30;

    private final int patienceSeconds;
    private final Consumer<String> last;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Runnable hook = this::stopAndWait;
    private volatile boolean requested;
    private volatile long done; // steps
    private volatile long saved; // steps in the newest checkpoint; 0 without one

    /** @param from steps that are done, and in a checkpoint */
    StopSignal(long from) {
        this(from, PATIENCE_SECONDS, System.err::println);
    }

    /** @param last takes what is said of a training that does not stop in time */
    StopSignal(long from, int patienceSeconds, Consumer<String> last) {
        this.done = from;
        this.saved = from;
        this.patienceSeconds = patienceSeconds;
        this.last = last;
        ShutdownHookManager.get()
                .addShutdownHook(hook, PRIORITY, (long) patienceSeconds + TO_SPEAK_SECONDS, TimeUnit.SECONDS);
    }

    /** What the signals do. */
    void stopAndWait() {
        requested = true;
        try {
            if (!ended.await(patienceSeconds, TimeUnit.SECONDS)) {
                last.accept("the training did not stop in " + patienceSeconds + " s; " + outcome());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String outcome() {
        long steps = done;
        long kept = saved;
        if (kept == steps) {
            return steps == 0
                    ? "it ends before its first step is done"
                    : "only what follows its last step is cut off: all of its " + steps
                            + " steps are in a checkpoint, --resume goes on";
        }
        return kept == 0
                ? "it ends without a checkpoint, and its " + steps + " steps are lost"
                : "it ends with the checkpoint of step " + kept
                        + ", from which --resume goes on; steps since are lost: " + (steps - kept);
    }

    @Override
    public boolean getAsBoolean() {
        return requested;
    }

    @Override
    public void stepEnded(StepReport report) {
        done = report.step();
    }

    @Override
    public void checkpointWritten(long step, String path) {
        saved = step;
    }

    @Override
    public void rolledBack(long step) {
        done = step;
        saved = step;
    }

    /** Says that all is written. */
    @Override
    public void close() {
        ended.countDown();
        if (!requested) {
            try {
                ShutdownHookManager.get().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                return; // a signal came this moment: the hook finds that all has ended
            }
        }
    }
}
