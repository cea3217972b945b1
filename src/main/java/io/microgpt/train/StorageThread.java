package io.microgpt.train;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Calls of storage in a thread of their own, one at a time. Whoever waits for one waits no longer than a patience: a file system that hangs
 * holds this thread, which ends with the process, and no other. After a call that was not answered no further one is made. One
 * thread at a time may call.
 */
public final class StorageThread implements AutoCloseable {
    /** What is done on storage. */
    @FunctionalInterface
    public interface Call<T> {
        T run() throws IOException;
    }

    private final long patienceNanos;
    private final ExecutorService thread;
    private Future<?> underWay; // null where nothing is
    private long since;
    private boolean hung;

    /** @param patienceSeconds until a call that is not answered is given up */
    public StorageThread(String name, int patienceSeconds) {
        this.patienceNanos = TimeUnit.SECONDS.toNanos(patienceSeconds);
        this.thread = Executors.newSingleThreadExecutor(task -> {
            Thread daemon = new Thread(task, name);
            daemon.setDaemon(true);
            return daemon;
        });
    }

    /**
     * {@return what a call gives, when it is answered}
     *
     * @throws IOException of the call, or of one that was begun before; or because it was not answered in time
     */
    public <T> T call(Call<T> call) throws IOException {
        await(patienceNanos);
        begin(call);
        @SuppressWarnings("unchecked")
        T answer = (T) await(patienceNanos);
        return answer;
    }

    /** Begins a call that nobody waits for. Nothing may be under way. */
    public void begin(Call<?> call) {
        since = System.nanoTime();
        underWay = thread.submit(call::run);
    }

    /**
     * {@return whether nothing is under way} Never waits.
     *
     * @throws IOException of the call that was begun, once; or because it was not answered in time
     */
    public boolean isIdle() throws IOException {
        if (hung || underWay != null && (underWay.isDone() || System.nanoTime() - since > patienceNanos)) {
            await(0);
        }
        return underWay == null;
    }

    /**
     * Waits for what is under way.
     *
     * @param seconds at most, if that is less than the patience
     * @throws IOException of the call, or because it was not answered in time
     */
    public void await(int seconds) throws IOException {
        await(Math.min(patienceNanos, TimeUnit.SECONDS.toNanos(seconds)));
    }

    private Object await(long nanos) throws IOException {
        if (hung) {
            throw new IOException("the file system did not answer the call before");
        }
        if (underWay == null) {
            return null;
        }
        try {
            Object answer = underWay.get(nanos, TimeUnit.NANOSECONDS);
            underWay = null;
            return answer;
        } catch (ExecutionException e) {
            underWay = null;
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IOException(e.getCause()); // an error
        } catch (TimeoutException e) {
            hung = true;
            underWay.cancel(true);
            boolean all = System.nanoTime() - since >= patienceNanos;
            throw new IOException(
                    "the file system did not answer within "
                            + TimeUnit.NANOSECONDS.toSeconds(all ? patienceNanos : nanos) + " s"
                            + (all ? " (engine.patience)" : ""),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the file system was to answer");
        }
    }

    /** {@return whether a call was not answered: there is nothing more to be had here} */
    public boolean isHung() {
        return hung;
    }

    /** Ends the thread, when what is under way has ended. */
    @Override
    public void close() {
        thread.shutdown();
    }
}
