package io.microgpt.spark.training;

import io.microgpt.data.Corpus;
import io.microgpt.data.Part;
import io.microgpt.data.Shards;
import io.microgpt.data.TokenShard;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Gpt;
import io.microgpt.model.Weights;
import io.microgpt.optim.SumTree;
import io.microgpt.spark.tasks.WeightBlock;
import io.microgpt.train.ShardWorker;
import io.microgpt.train.StepDocument;
import io.microgpt.train.TrainingTask;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;

/**
 * A run of shards in an executor's cache: the one element of its partition. Tokens are cached; scratch memory is reused from
 * step to step; nothing of either is needed for a result, so an executor may be lost and the run read again elsewhere.
 */
public final class ShardRun implements Externalizable {
    private static final long serialVersionUID = 1L;
    /** Threads of tasks with several cores; they end when they have nothing to do for a while. */
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(ShardRun::thread);

    private TrainingTask task;
    private int first;
    private List<TokenShard> train = new ArrayList<>();
    private List<TokenShard> test = new ArrayList<>();
    private final Deque<ShardWorker> workers = new ConcurrentLinkedDeque<>();

    /** For {@link Externalizable}. */
    public ShardRun() {}

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "microgpt-shards");
        thread.setDaemon(true);
        return thread;
    }

    private ShardRun(TrainingTask task, int first) {
        this.task = task;
        this.first = first;
    }

    /** Reads shards {@code [first, end)} of both parts. */
    static ShardRun load(Configuration hadoop, Shards shards, TrainingTask task, int first, int end) {
        ShardRun run = new ShardRun(task, first);
        run.train.addAll(shards.read(hadoop, Part.TRAIN, first, end));
        run.test.addAll(shards.read(hadoop, Part.TEST, first, end));
        return run;
    }

    int first() {
        return first;
    }

    List<TokenShard> shards(Part part) {
        return part == Part.TRAIN ? train : test;
    }

    TrainingTask task() {
        return task;
    }

    PartialSums gradients(WeightBlock block, long step) {
        return compute(
                block,
                (worker, tree, from, to, weights) ->
                        worker.gradients(tree, train.subList(from, to), first + from, step, weights));
    }

    PartialSums losses(WeightBlock block, Corpus corpus, Part part, double share) {
        return compute(
                block,
                (worker, tree, from, to, weights) ->
                        worker.losses(tree, shards(part).subList(from, to), first + from, corpus, share, weights));
    }

    List<StepDocument> documents(WeightBlock block, long step) {
        ShardWorker worker = new ShardWorker(task, new Gpt(task.model(), kernels()));
        return worker.documents(train, first, step, block.weights(task.model(), worker.kernels()));
    }

    /** Computes over the shards {@code [from, to)} of the run. */
    private interface Arithmetic {
        void run(ShardWorker worker, SumTree tree, int from, int to, Weights weights);
    }

    /** Divides the shards among as many threads as the task has cores ({@code spark.task.cpus}); the tree makes the bits the same. */
    private PartialSums compute(WeightBlock block, Arithmetic arithmetic) {
        long start = System.nanoTime();
        int shards = train.size();
        int threads = TaskContext.get() == null ? 1 : Math.min(TaskContext.get().cpus(), shards);
        List<ShardWorker> used = Collections.synchronizedList(new ArrayList<>());
        if (threads <= 1) {
            return sums(part(block, arithmetic, 0, shards, used), start, used);
        }
        List<Future<List<SumTree.Node>>> parts = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int from = shards * t / threads;
            int to = shards * (t + 1) / threads;
            parts.add(THREADS.submit(() -> part(block, arithmetic, from, to, used)));
        }
        SumTree tree = new SumTree(task.plan().shards(), kernels());
        try {
            for (Future<List<SumTree.Node>> part : parts) {
                part.get().forEach(tree::add);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // Spark kills the task
            throw new IllegalStateException("the task was interrupted", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } finally {
            parts.forEach(part -> part.cancel(true));
        }
        return sums(tree.nodes(), start, used);
    }

    /** The workers are idle again, and the arrays theirs, when the sums are on their way. A task that dies before leaves both to the collector. */
    private PartialSums sums(List<SumTree.Node> nodes, long start, List<ShardWorker> used) {
        return new PartialSums(nodes, System.nanoTime() - start).thenRelease(() -> {
            used.get(0).release(nodes);
            workers.addAll(used);
        });
    }

    private List<SumTree.Node> part(
            WeightBlock block, Arithmetic arithmetic, int from, int to, List<ShardWorker> used) {
        ShardWorker idle = workers.poll();
        ShardWorker worker = idle != null ? idle : new ShardWorker(task, new Gpt(task.model(), kernels()));
        SumTree tree = worker.tree();
        arithmetic.run(worker, tree, from, to, block.weights(task.model(), worker.kernels()));
        used.add(worker);
        return tree.nodes();
    }

    private Kernels kernels() {
        return KernelProvider.choose(task.kernels()).kernels();
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        out.writeObject(task);
        out.writeInt(first);
        for (List<TokenShard> shards : List.of(train, test)) {
            out.writeInt(shards.size());
            for (TokenShard shard : shards) {
                shard.writeExternal(out);
            }
        }
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException, ClassNotFoundException {
        task = (TrainingTask) in.readObject();
        first = in.readInt();
        for (List<TokenShard> shards : List.of(train, test)) {
            int count = in.readInt();
            for (int i = 0; i < count; i++) {
                TokenShard shard = new TokenShard();
                shard.readExternal(in);
                shards.add(shard);
            }
        }
    }
}
