package io.microgpt.train;

import io.microgpt.data.TokenShard;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Gpt;
import io.microgpt.model.Pass;
import io.microgpt.model.Weights;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Computes over a run of shards: one leaf a shard, added to a tree. It owns scratch memory that it reuses from call to call, and
 * nothing that a result depends on. One thread at a time.
 */
public final class ShardWorker {
    private final TrainingTask task;
    private final Gpt gpt;
    private final Pass pass;
    private Weights weights;
    private int[] tokens = new int[64];
    private final Deque<float[]> spare = new ArrayDeque<>();

    public ShardWorker(TrainingTask task, Gpt gpt) {
        this.task = task;
        this.gpt = gpt;
        this.pass = new Pass(gpt);
    }

    /** {@return the kernels that compute here} */
    public Kernels kernels() {
        return gpt.kernels();
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

    /** {@return the parameters packed for this worker's kernels, in an object that its next call uses again} */
    public Weights weights(float[] parameters) {
        if (weights == null) {
            weights = new Weights(task.model(), parameters, gpt.kernels());
        } else {
            weights.set(parameters);
        }
        return weights;
    }

    /** Adds the gradients of the step's documents in {@code shards}, the first of which has number {@code first}. */
    public void gradients(SumTree tree, List<TokenShard> shards, int first, long step, Weights parameters) {
        int[][] chosen = task.plan().documents(step, first, first + shards.size());
        Leaves leaves = new Leaves(tree, first, s -> chosen[s].length, shards.size());
        pass.begin(parameters, (float) task.labelSmoothing(), leaves);
        for (int s = 0; s < chosen.length; s++) {
            if (chosen[s].length > 0) {
                leaves.gradients[s] = spare.isEmpty() ? new float[gpt.config().parameters()] : spare.pop();
                pass.gradient(leaves.gradients[s], true);
            }
            for (int index : chosen[s]) {
                int shift =
                        task.plan().shift(step, first + s, index, shards.get(s).positions(index));
                document(shards.get(s), index, shift);
            }
        }
        pass.end();
    }

    /** Adds the losses of the leading documents of each shard: {@code share} of them, rounded up. */
    public void losses(SumTree tree, List<TokenShard> shards, int first, double share, Weights parameters) {
        IntUnaryOperator leading = s -> {
            int documents = shards.get(s).documents();
            return (int) Math.min(documents, Math.ceil(documents * share));
        };
        pass.begin(parameters, 0.0f, new Leaves(tree, first, leading, shards.size()));
        pass.losses();
        for (int s = 0; s < shards.size(); s++) {
            for (int index = 0; index < leading.applyAsInt(s); index++) {
                document(shards.get(s), index, 0);
            }
        }
        pass.end();
    }

    private void document(TokenShard shard, int index, int shift) {
        int most = Math.max(shard.positions(index), task.model().blockSize()) + 1;
        if (tokens.length < most) {
            tokens = new int[most];
        }
        pass.document(tokens, shard.read(index, shift, task.model().blockSize(), tokens));
    }

    /** Adds up the losses of each shard, document after document, and gives the tree its leaf after the last. */
    private static final class Leaves implements Gpt.LossSink {
        private static final float[] NONE = {};

        private final SumTree tree;
        private final int first;
        private final IntUnaryOperator documents;
        private final float[][] gradients;
        private int shard;
        private int seen;
        private double loss;
        private long positions;

        /** @param documents how many each shard has; a shard without any is a leaf that adds nothing */
        Leaves(SumTree tree, int first, IntUnaryOperator documents, int shards) {
            this.tree = tree;
            this.first = first;
            this.documents = documents;
            this.gradients = new float[shards][];
            skipEmpty();
        }

        private void skipEmpty() {
            while (shard < gradients.length && documents.applyAsInt(shard) == 0) {
                tree.addLeaf(first + shard++, null);
            }
        }

        @Override
        public void accept(int document, double lossSum, int count) {
            loss += lossSum;
            positions += count;
            if (++seen == documents.applyAsInt(shard)) {
                float[] gradient = gradients[shard] == null ? NONE : gradients[shard];
                gradients[shard] = null;
                tree.addLeaf(first + shard++, new GradientSum(gradient, loss, positions, seen));
                loss = 0.0;
                positions = 0;
                seen = 0;
                skipEmpty();
            }
        }
    }
}
