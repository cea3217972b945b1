package io.microgpt.spark;

import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Gpt;
import io.microgpt.model.Weights;
import io.microgpt.optim.SumTree;
import io.microgpt.train.ShardWorker;
import io.microgpt.train.TrainingTask;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A run of shards in an executor's cache: the one element of its partition. Tokens are cached; scratch memory is reused from
 * step to step; nothing of either is needed for a result, so an executor may be lost and the run read again elsewhere.
 */
public final class ShardRun implements Externalizable {
    private static final long serialVersionUID = 1L;

    private TrainingTask task;
    private int first;
    private List<TokenShard> train = new ArrayList<>();
    private List<TokenShard> test = new ArrayList<>();
    private final Deque<ShardWorker> workers = new ConcurrentLinkedDeque<>();

    /** For {@link Externalizable}. */
    public ShardRun() {}

    private ShardRun(TrainingTask task, int first) {
        this.task = task;
        this.first = first;
    }

    /** Reads shards {@code [first, end)} of both parts. */
    static ShardRun load(
            Configuration hadoop, String directory, Manifest manifest, TrainingTask task, int first, int end) {
        ShardRun run = new ShardRun(task, first);
        for (int s = first; s < end; s++) {
            run.train.add(Dataset.shard(hadoop, new Path(directory), manifest, Part.TRAIN, s));
            run.test.add(Dataset.shard(hadoop, new Path(directory), manifest, Part.TEST, s));
        }
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
        return compute(block, (worker, tree, weights) -> worker.gradients(tree, train, first, step, weights));
    }

    PartialSums losses(WeightBlock block, Part part, double share) {
        return compute(block, (worker, tree, weights) -> worker.losses(tree, shards(part), first, share, weights));
    }

    private interface Arithmetic {
        void run(ShardWorker worker, SumTree tree, Weights weights);
    }

    private PartialSums compute(WeightBlock block, Arithmetic arithmetic) {
        long start = System.nanoTime();
        ShardWorker idle = workers.poll();
        ShardWorker worker = idle != null
                ? idle
                : new ShardWorker(
                        task,
                        new Gpt(
                                task.model(),
                                KernelProvider.choose(task.kernels()).kernels()));
        SumTree tree = worker.tree();
        arithmetic.run(worker, tree, block.weights(task.model(), worker.kernels()));
        workers.push(worker);
        return new PartialSums(tree.nodes(), System.nanoTime() - start);
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
