package io.microgpt.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The products of a large model, each divided among the threads of the pool in which it is called: some channels of the result a thread, to the
 * bits of one thread. Gradients and activations are those of one thread, where threads that divide documents have their own.
 */
final class VectorDividedPanels extends VectorPanelKernels {
    /** Multiplications of a part, at least: for less than half a millisecond no other thread is woken. */
    private static final long LEAST = 1 << 24;
    /** Channels that a part is a multiple of: whole tiles and whole panels. */
    private static final int MULTIPLE = 48;

    /** Computes {@code count} channels of a result, from {@code first} on. */
    private interface Part {
        void compute(int first, int count);
    }

    @Override
    public void multiply(
            int m,
            int k,
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            float[] b,
            int bOffset,
            float[] c,
            int cOffset,
            int rows,
            boolean accumulate) {
        int stride = Panels.stride(m);
        divide(m, (long) k * rows, (first, count) -> {
            int ai = aOffset + first * aRow;
            int ci = cOffset + first * Panels.ROWS;
            VectorProducts.multiply(count, k, a, ai, aRow, aColumn, b, bOffset, c, ci, stride, rows, accumulate);
        });
    }

    @Override
    public void weightGradient(
            int m,
            int n,
            float[] a,
            int aOffset,
            float[] b,
            int bOffset,
            int from,
            int to,
            float[] c,
            int cOffset,
            boolean accumulate) {
        int stride = Panels.stride(m);
        divide(m, (long) n * (to - from), (first, count) -> {
            int ai = aOffset + first * Panels.ROWS;
            int ci = cOffset + first * n;
            VectorProducts.weightGradient(count, n, a, ai, stride, b, bOffset, from, to, c, ci, accumulate);
        });
    }

    @Override
    public void weightGradient(int m, int n, float[] a, float[] b, LeafTree leaves, float[] c, int cOffset) {
        int stride = Panels.stride(m);
        divide(m, (long) n * leaves.rows(), (first, count) -> {
            int ci = cOffset + first * n;
            VectorProducts.weightGradient(count, n, a, first * Panels.ROWS, stride, b, leaves, c, ci);
        });
    }

    /** @param work multiplications of each of the {@code m} channels */
    private static void divide(int m, long work, Part part) {
        ForkJoinPool pool = ForkJoinTask.getPool();
        int parts = pool == null ? 1 : (int) Math.min(pool.getParallelism(), m * work / LEAST);
        List<ForkJoinTask<?>> tasks = new ArrayList<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        int first = 0;
        for (int p = 1; p < parts; p++) {
            int end = (int) ((long) m * p / parts) / MULTIPLE * MULTIPLE;
            if (end > first) {
                tasks.add(task(part, first, end - first, failure));
                first = end;
            }
        }
        if (tasks.isEmpty()) {
            part.compute(0, m);
            return;
        }
        tasks.add(task(part, first, m - first, failure));
        ForkJoinTask.invokeAll(tasks);
        if (failure.get() instanceof Error error) {
            throw error;
        }
        if (failure.get() instanceof RuntimeException exception) {
            throw exception;
        }
    }

    /** The failure is handed over as it is: what a task throws, the pool would throw as a copy without its message. */
    private static ForkJoinTask<?> task(Part part, int first, int count, AtomicReference<Throwable> failure) {
        return ForkJoinTask.adapt(() -> {
            try {
                part.compute(first, count);
            } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            }
        });
    }
}
