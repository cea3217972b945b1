package io.microgpt.train;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointException;
import io.microgpt.checkpoint.CheckpointStore;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Writes checkpoints off the training thread, one at a time: while one is being written, training goes on; the next one waits for it.
 * A failure to write surfaces at the next checkpoint or at the end, so that a run never believes in a checkpoint that is not there.
 */
final class BackgroundCheckpoints implements AutoCloseable {
    private final CheckpointStore store;
    private final int keep;
    private final int patienceSeconds;
    private final TrainingListener listener;
    private final ExecutorService writer = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "checkpoint-writer");
        thread.setDaemon(true);
        return thread;
    });
    private Future<?> pending;
    private boolean hung;

    BackgroundCheckpoints(CheckpointStore store, int keep, int patienceSeconds, TrainingListener listener) {
        this.store = store;
        this.keep = keep;
        this.patienceSeconds = patienceSeconds;
        this.listener = listener;
    }

    /**
     * Starts writing; the arrays of {@code checkpoint} belong to it from now on.
     *
     * @param others the steps of older ones that stay
     */
    void write(Checkpoint checkpoint, Set<Long> others) {
        await();
        requireAnswers();
        pending = writer.submit(() -> {
            String path = store.write(checkpoint).toString();
            store.retain(keep, others);
            listener.checkpointWritten(checkpoint.state().step(), path);
        });
    }

    /**
     * Goes back: discards what is later than a step, when nothing is being written any more.
     *
     * @return the newest that is left and whole; nothing where there is none
     */
    Optional<Checkpoint> backTo(long step) {
        await();
        requireAnswers();
        Future<Optional<Checkpoint>> newest = writer.submit(() -> {
            store.discardAfter(step);
            return store.newest(listener::warning);
        });
        return answer(newest, "the training could not go back to an earlier checkpoint");
    }

    private void requireAnswers() {
        if (hung) {
            throw new CheckpointException(store.directory(), "no checkpoint is written any more: the last one hangs");
        }
    }

    /** Waits until the last one is whole on storage, or throws why it is not. */
    void await() {
        if (pending != null) {
            Future<?> last = pending;
            pending = null;
            answer(last, "a checkpoint was not written");
        }
    }

    private <T> T answer(Future<T> call, String otherwise) {
        try {
            return call.get(patienceSeconds, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause
                    ? cause
                    : new IllegalStateException(otherwise + ": " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            call.cancel(true);
            hung = true; // and with it the only thread that writes
            throw new CheckpointException(
                    store.directory(),
                    otherwise + " within " + patienceSeconds
                            + " s (engine.patience): the file system does not answer; the checkpoints before it are whole",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the storage of checkpoints was to answer", e);
        }
    }

    @Override
    public void close() {
        try {
            await();
        } finally {
            writer.shutdown();
        }
    }
}
