package io.microgpt.spark.training;

import io.microgpt.data.Corpus;
import io.microgpt.data.Part;
import io.microgpt.data.Shards;
import io.microgpt.data.TokenShard;
import io.microgpt.model.Weights;
import io.microgpt.optim.SumTree;
import io.microgpt.spark.tasks.WeightBlock;
import io.microgpt.train.ShardThreads;
import io.microgpt.train.StepDocument;
import io.microgpt.train.TrainingTask;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;

/**
 * A run of shards in an executor's cache: the one element of its partition. Tokens are cached; scratch memory is reused from
 * step to step; nothing of either is needed for a result, so an executor may be lost and the run read again elsewhere.
 */
public final class ShardRun implements Externalizable {
    private static final long serialVersionUID = 1L;

    private TrainingTask task;
    private ShardThreads threads;
    private int first;
    private List<TokenShard> train = new ArrayList<>();
    private List<TokenShard> test = new ArrayList<>();

    /** For {@link Externalizable}. */
    public ShardRun() {}

    private ShardRun(TrainingTask task, int first) {
        this.task = task;
        this.threads = new ShardThreads(task);
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
        Weights weights = weights(block);
        return compute((worker, tree, from, end) ->
                worker.gradients(tree, train.subList(from, end), first + from, step, weights));
    }

    PartialSums losses(WeightBlock block, Corpus corpus, Part part, double share) {
        Weights weights = weights(block);
        return compute((worker, tree, from, end) ->
                worker.losses(tree, shards(part).subList(from, end), first + from, corpus, share, weights));
    }

    List<StepDocument> documents(WeightBlock block, long step) {
        return threads.documents(train, first, step, weights(block));
    }

    private Weights weights(WeightBlock block) {
        return block.weights(task.model(), threads.kernels());
    }

    /** By as many threads as the task has cores ({@code spark.task.cpus}). */
    private PartialSums compute(ShardThreads.Arithmetic arithmetic) {
        long start = System.nanoTime();
        int cores = TaskContext.get() == null ? 1 : TaskContext.get().cpus();
        List<SumTree.Node> nodes =
                threads.compute(cores, train.size(), arithmetic).nodes();
        // A task that dies before they are on their way leaves the arrays to the collector.
        return new PartialSums(nodes, System.nanoTime() - start).thenRelease(() -> threads.release(nodes));
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
        threads = new ShardThreads(task);
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
