package io.microgpt.train;

import io.microgpt.data.TokenShard;
import io.microgpt.model.Gpt;
import io.microgpt.model.Weights;
import io.microgpt.model.Workspace;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import java.util.AbstractList;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Computes over a run of shards: one leaf a shard, added to a tree. It owns scratch memory that it reuses from call to call, and
 * nothing that a result depends on. One thread at a time.
 */
public final class ShardWorker {
    private final TrainingTask task;
    private final Gpt gpt;
    private final Workspace workspace = new Workspace();
    private final Deque<float[]> spare = new ArrayDeque<>();

    public ShardWorker(TrainingTask task, Gpt gpt) {
        this.task = task;
        this.gpt = gpt;
    }

    /** {@return a tree over all shards of the dataset, whose freed arrays this worker uses again} */
    public SumTree tree() {
        return new SumTree(task.plan().shards(), gpt.kernels(), spare);
    }

    /** Gives back the arrays of sums that nobody needs any more. */
    public void release(List<SumTree.Node> nodes) {
        for (SumTree.Node node : nodes) {
            if (node.sum() != null) {
                spare.push(node.sum().gradient());
            }
        }
    }

    /** Adds the gradients of the step's documents in {@code shards}, the first of which has number {@code first}. */
    public void gradients(SumTree tree, List<TokenShard> shards, int first, long step, Weights weights) {
        int[][] chosen = task.plan().documents(step, first, first + shards.size());
        for (int s = 0; s < chosen.length; s++) {
            tree.addLeaf(first + s, gradient(shards.get(s), first + s, chosen[s], step, weights));
        }
    }

    private GradientSum gradient(TokenShard shard, int number, int[] chosen, long step, Weights weights) {
        if (chosen.length == 0) {
            return null;
        }
        float[] gradient = spare.isEmpty() ? new float[gpt.config().parameters()] : spare.pop();
        Arrays.fill(gradient, 0.0f);
        Total total = new Total();
        List<int[]> documents = documents(chosen.length, i -> document(shard, number, chosen[i], step));
        gpt.gradient(weights, documents, (float) task.labelSmoothing(), gradient, workspace, total);
        return new GradientSum(gradient, total.loss, total.positions, chosen.length);
    }

    /** Adds the losses of the leading documents of each shard: {@code share} of them, rounded up. */
    public void losses(SumTree tree, List<TokenShard> shards, int first, double share, Weights weights) {
        for (int s = 0; s < shards.size(); s++) {
            TokenShard shard = shards.get(s);
            int count = (int) Math.min(shard.documents(), Math.ceil(shard.documents() * share));
            GradientSum leaf = null;
            if (count > 0) {
                Total total = new Total();
                gpt.loss(weights, documents(count, shard::document), workspace, total);
                leaf = new GradientSum(new float[0], total.loss, total.positions, count);
            }
            tree.addLeaf(first + s, leaf);
        }
    }

    private int[] document(TokenShard shard, int number, int index, long step) {
        int shift = task.plan().shift(step, number, index, shard.positions(index));
        return shard.block(index, shift, task.model().blockSize());
    }

    /** Documents as a view: only those of the group at work are unpacked. */
    private static List<int[]> documents(int count, IntFunction<int[]> document) {
        return new AbstractList<>() {
            @Override
            public int[] get(int index) {
                return document.apply(index);
            }

            @Override
            public int size() {
                return count;
            }
        };
    }

    /** Adds up a shard's losses, document after document. */
    private static final class Total implements Gpt.LossSink {
        private double loss;
        private long positions;

        @Override
        public void accept(int document, double lossSum, int count) {
            loss += lossSum;
            positions += count;
        }
    }
}
