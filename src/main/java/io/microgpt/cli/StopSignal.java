package io.microgpt.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * Turns Ctrl-C and TERM into a clean stop: the step is finished and a checkpoint written before anything is shut down. Through
 * Hadoop's hooks, because they run in order and file systems and Spark are closed by later ones.
 */
final class StopSignal implements BooleanSupplier, AutoCloseable {
    /** Before Spark's own hooks (50 and less) and the file systems' (10). */
    private static final int PRIORITY = 100;

    private static final long PATIENCE_SECONDS = 120;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Runnable hook = this::stopAndWait;
    private volatile boolean requested;

    StopSignal() {
        ShutdownHookManager.get().addShutdownHook(hook, PRIORITY, PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private void stopAndWait() {
        requested = true;
        try {
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println(
                        "the training did not stop in " + PATIENCE_SECONDS + " s; it ends without a checkpoint");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean getAsBoolean() {
        return requested;
    }

    /** Says that all is written. */
    @Override
    public void close() {
        ended.countDown();
        if (!requested) {
            ShutdownHookManager.get().removeShutdownHook(hook);
        }
    }
}
