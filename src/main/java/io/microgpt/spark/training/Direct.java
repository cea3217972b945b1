package io.microgpt.spark.training;

import io.microgpt.kernel.Kernels;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import io.microgpt.spark.tasks.FloatBlocks;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.spark.rdd.RDD;
import scala.Function1;
import scala.collection.Iterator;

/**
 * Gradients straight to the driver: it fetches and adds the sums of some tasks while others compute, in the order of the tree, whatever the
 * order in which they come. Those that wait for their turn wait on the executors.
 */
final class Direct {
    /** The driver holds the sums of so many tasks at a time, beside those that the tree holds. */
    static final int AT_ONCE = 4;
    /** A partition is computed again when its executor dies before its sums are fetched, so often at most: as often as Spark tries a task. */
    private static final int MOST_TRIES = 4;

    private static final long CHECK_MILLIS = 500;

    private final RDD<ShardRun> runs;
    private final int shards;
    private final Kernels kernels;
    private final ClusterWatch watch;
    private final Deque<float[]> spare = new ConcurrentLinkedDeque<>();
    private float[] last; // the sum of the step before, if its array is ours

    /** @param watch says which executors are not to be waited for */
    Direct(RDD<ShardRun> runs, int shards, Kernels kernels, ClusterWatch watch) {
        this.runs = runs;
        this.shards = shards;
        this.kernels = kernels;
        this.watch = watch;
    }

    /**
     * {@return the sum over all shards, its gradient valid until the next call}
     *
     * @param owner of the blocks by which large sums come; 0 for sums that come with the tasks' results
     */
    Gathered gather(StepWork work, long owner) throws Exception {
        if (last != null) {
            spare.push(last);
            last = null;
        }
        SumTree tree = new SumTree(shards, kernels, spare);
        long nanos = 0;
        int fetched = 0;
        List<Integer> missing =
                IntStream.range(0, runs.getNumPartitions()).boxed().toList();
        int[] lost = new int[missing.size()];
        while (!missing.isEmpty()) {
            Arrivals arrivals = new Arrivals(tree, spare);
            PartitionJob.run(runs, missing, first(work, owner), arrivals::take);
            missing = arrivals.lost(watch);
            for (int partition : missing) {
                if (++lost[partition] == MOST_TRIES) {
                    throw new IllegalStateException(
                            "the sums of task " + partition + " were lost on their way to the driver, " + MOST_TRIES
                                    + " times in turn: " + arrivals.cause,
                            arrivals.cause);
                }
            }
            nanos = Math.max(nanos, arrivals.nanos);
            fetched += arrivals.fetched;
        }
        while (spare.size() > Math.min(fetched, AT_ONCE)) { // came with results, or a task of this JVM uses them again
            spare.removeLast();
        }
        boolean empty = tree.nodes().size() == 1 && tree.nodes().get(0).sum() == null;
        GradientSum total = empty ? null : tree.total();
        last = fetched > 0 && total != null ? total.gradient() : null;
        return new Gathered(total, nanos);
    }

    private static Function1<Iterator<ShardRun>, PartialSums> first(StepWork work, long owner) {
        return (Function1<Iterator<ShardRun>, PartialSums> & Serializable) runs -> {
            PartialSums sums = work.on(runs.next());
            return owner == 0 ? sums : sums.offered(owner);
        };
    }

    /** The sums of one job, on their way into the tree. */
    private static final class Arrivals {
        private final SumTree tree;
        private final Deque<float[]> spare;
        private final CompletableFuture<?>[] turns = new CompletableFuture<?>[AT_ONCE];
        private final List<CompletableFuture<Void>> added = new ArrayList<>();
        private final List<Integer> lost = Collections.synchronizedList(new ArrayList<>());
        private volatile Throwable cause;
        private long nanos;
        private int fetched;

        Arrivals(SumTree tree, Deque<float[]> spare) {
            this.tree = tree;
            this.spare = spare;
            Arrays.fill(turns, CompletableFuture.completedFuture(null));
        }

        void take(int partition, PartialSums sums) {
            nanos = Math.max(nanos, sums.computeNanos());
            fetched += sums.fetches();
            int turn = added.size() % AT_ONCE;
            // Not in the threads of the transport: to connect may block, and to add takes a while.
            CompletableFuture<Void> sum = turns[turn]
                    .handle((before, failure) -> null)
                    .thenComposeAsync(free -> sums.fetched(spare))
                    .exceptionally(failure -> {
                        Throwable why = unwrapped(failure);
                        if (why instanceof Error error) {
                            throw error; // of this JVM, as when its heap is short: to compute them again would not help
                        }
                        cause = why;
                        lost.add(partition);
                        return List.of();
                    })
                    .thenAcceptAsync(nodes -> {
                        synchronized (tree) {
                            nodes.forEach(tree::add);
                        }
                    });
            turns[turn] = sum;
            added.add(sum);
        }

        /** {@return the partitions whose sums were lost, when all others are added} */
        List<Integer> lost(ClusterWatch watch) throws Exception {
            CompletableFuture<Void> all = CompletableFuture.allOf(added.toArray(CompletableFuture[]::new));
            try {
                await(all, watch);
            } catch (ExecutionException e) {
                if (unwrapped(e) instanceof Error error) {
                    throw error;
                }
                throw e.getCause() instanceof Exception why ? why : e;
            }
            return lost;
        }

        /** The job is over, and Spark watches nothing that is still on its way. */
        private static void await(CompletableFuture<Void> all, ClusterWatch watch)
                throws InterruptedException, ExecutionException {
            while (true) {
                try {
                    all.get(CHECK_MILLIS, TimeUnit.MILLISECONDS);
                    return;
                } catch (TimeoutException e) {
                    for (FloatBlocks.Coming coming : FloatBlocks.coming()) {
                        watch.noLongerAwaited(coming.executor(), coming.silentNanos())
                                .ifPresent(coming::fail);
                    }
                }
            }
        }

        private static Throwable unwrapped(Throwable failure) {
            boolean wraps = failure instanceof CompletionException || failure instanceof ExecutionException;
            return wraps && failure.getCause() != null ? unwrapped(failure.getCause()) : failure;
        }
    }
}
