package io.microgpt.train;

import io.microgpt.data.TokenShard;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Gpt;
import io.microgpt.model.Weights;
import io.microgpt.optim.SumTree;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Computes over shards by several threads, each with a worker of its own and a run of the shards; the tree makes the bits those of one
 * thread. Of a large model one worker has all shards, and threads divide its matrix products: gradients and activations are those of one thread. It
 * owns the workers and the arrays that they reuse from call to call, and nothing that a result depends on.
 */
public final class ShardThreads {
    /** Of all who compute in this JVM; they end when they have nothing to do for a while. */
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(ShardThreads::thread);

    /** Parameters from which on a model is large: a gradient takes a quarter of a gigabyte. */
    private static final int LARGE = 1 << 26;
    /** Threads that a pool may have. */
    private static final int MOST = (1 << 15) - 1;

    private final TrainingTask task;
    private final boolean large;
    private final Kernels kernels;
    private final Deque<ShardWorker> idle = new ConcurrentLinkedDeque<>();
    private final Deque<float[]> spare = new ConcurrentLinkedDeque<>();

    /** Adds what a worker computes of the shards {@code [from, end)} to its tree. */
    @FunctionalInterface
    public interface Arithmetic {
        void run(ShardWorker worker, SumTree tree, int from, int end);
    }

    /** @throws IllegalStateException if the kernels of the task cannot run here */
    public ShardThreads(TrainingTask task) {
        this(task, !divideShards(task));
    }

    ShardThreads(TrainingTask task, boolean large) {
        Kernels chosen = KernelProvider.choose(task.kernels()).kernels();
        this.task = task;
        this.large = large;
        this.kernels = large ? chosen.dividing().orElse(chosen) : chosen;
    }

    /**
     * {@return whether threads divide the shards, at most one a shard, with gradients and activations of their own; otherwise, of a large model by
     * kernels that can do that, they divide matrix products}
     */
    public static boolean divideShards(TrainingTask task) {
        return task.model().parameters() < LARGE
                || KernelProvider.choose(task.kernels()).kernels().dividing().isEmpty();
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "microgpt-shards");
        thread.setDaemon(true);
        return thread;
    }

    /** {@return the kernels that compute here} */
    public Kernels kernels() {
        return kernels;
    }

    /**
     * {@return the sums of so many shards, by as many threads; where it is one, it is the caller's} What a thread throws is thrown here, when the
     * others are done too: nobody computes any more.
     *
     * @throws IllegalStateException if the caller is interrupted while it waits for several; it is interrupted still, as are they but of a large
     *     model; they may go on for a while
     */
    public SumTree compute(int threads, int shards, Arithmetic arithmetic) {
        int runs = large ? 1 : Math.min(threads, shards);
        if (threads <= 1 || runs <= 1 && !large) {
            return run(arithmetic, 0, shards);
        }
        ForkJoinPool team = large ? new ForkJoinPool(Math.min(threads, MOST)) : null;
        List<Future<SumTree>> parts = new ArrayList<>();
        try {
            for (int r = 0; r < runs; r++) {
                int from = (int) ((long) shards * r / runs);
                int end = (int) ((long) shards * (r + 1) / runs);
                Supplier<SumTree> run = () -> run(arithmetic, from, end);
                parts.add(large ? CompletableFuture.supplyAsync(run, team) : THREADS.submit(run::get));
            }
            return sum(parts);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // as Spark does to kill a task
            throw new IllegalStateException("the computation was interrupted", e);
        } finally {
            parts.forEach(part -> part.cancel(true));
            if (large) {
                team.shutdown(); // it would keep its threads for minutes, and every task of Spark may have one
            }
        }
    }

    private SumTree sum(List<Future<SumTree>> parts) throws InterruptedException {
        SumTree all = tree();
        Throwable failure = null;
        for (Future<SumTree> part : parts) {
            try {
                part.get().nodes().forEach(all::add);
            } catch (ExecutionException e) {
                failure = failure == null ? e.getCause() : failure;
            }
        }
        if (failure instanceof Error error) { // a heap that is short is one wherever it is noticed
            throw error;
        }
        if (failure != null) {
            throw failure instanceof RuntimeException cause ? cause : new IllegalStateException(failure);
        }
        return all;
    }

    private SumTree run(Arithmetic arithmetic, int from, int end) {
        return byWorker(worker -> {
            SumTree tree = tree();
            arithmetic.run(worker, tree, from, end);
            return tree;
        });
    }

    /** {@return the step's documents in {@code shards}, one by one in this thread, each with its own loss and gradient norm} */
    public List<StepDocument> documents(List<TokenShard> shards, int first, long step, Weights weights) {
        return byWorker(worker -> worker.documents(shards, first, step, weights));
    }

    /** Who fails is not asked again, nor who is told to stop: where that was not heeded, others have been made meanwhile. */
    private <T> T byWorker(Function<ShardWorker, T> work) {
        ShardWorker waiting = idle.poll();
        ShardWorker worker = waiting != null ? waiting : new ShardWorker(task, new Gpt(task.model(), kernels), spare);
        T result = work.apply(worker);
        ForkJoinPool team = ForkJoinTask.getPool();
        if (!Thread.currentThread().isInterrupted() && (team == null || !team.isShutdown())) {
            idle.push(worker);
        }
        return result;
    }

    /** {@return a tree over all shards of the dataset, whose freed arrays are used again} */
    private SumTree tree() {
        return new SumTree(task.plan().shards(), kernels, spare);
    }

    /** Gives back the arrays of sums that nobody needs any more. Those of sums that are never given back are left to the collector. */
    public void release(List<SumTree.Node> nodes) {
        for (SumTree.Node node : nodes) {
            if (node.sum() != null && node.sum().gradient().length > 0) { // sums of losses alone have none
                spare.push(node.sum().gradient());
            }
        }
    }
}
