package io.microgpt.train;

import io.microgpt.data.Corpus;
import io.microgpt.data.TokenShard;
import io.microgpt.kernel.LeafTree;
import io.microgpt.model.Gpt;
import io.microgpt.model.Pass;
import io.microgpt.model.Weights;
import io.microgpt.optim.SumTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * Computes over a run of shards: one leaf a shard, added to a tree. It owns scratch memory that it reuses from call to call, and
 * nothing that a result depends on. One thread at a time.
 */
public final class ShardWorker {
    private final TrainingTask task;
    private final Gpt gpt;
    private final Pass pass;
    private final Deque<float[]> spare;
    private int[] tokens = new int[64];

    /** @param spare arrays for gradients, which hold anything; the trees that it adds to put there what they free */
    ShardWorker(TrainingTask task, Gpt gpt, Deque<float[]> spare) {
        this.task = task;
        this.gpt = gpt;
        this.spare = spare;
        this.pass = new Pass(gpt);
    }

    /** Adds the gradients of the step's documents in {@code shards}, the first of which has number {@code first}. */
    public void gradients(SumTree tree, List<TokenShard> shards, int first, long step, Weights parameters) {
        int[][] chosen = task.plan().documents(step, first, first + shards.size());
        LeafSums sums = new LeafSums(tree);
        pass.begin(parameters, (float) task.labelSmoothing(), (float) task.dropout(), sums);
        new Descent(tree, sums, shards, first, step, chosen).down(tree.rootLevel(), 0);
        pass.end();
    }

    /** Adds the losses of the leading documents of each shard of a corpus: {@code share} of them, rounded up. */
    public void losses(
            SumTree tree, List<TokenShard> shards, int first, Corpus corpus, double share, Weights parameters) {
        LeafSums sums = new LeafSums(tree);
        pass.begin(parameters, 0.0f, sums);
        pass.losses();
        for (int s = 0; s < shards.size(); s++) {
            TokenShard shard = shards.get(s);
            int count = task.plan().corpus(first + s) == corpus
                    ? (int) Math.min(shard.documents(), Math.ceil(shard.documents() * share))
                    : 0;
            if (count == 0) {
                tree.addLeaf(first + s, null);
            } else {
                sums.expect(first + s, count);
            }
            for (int index = 0; index < count; index++) {
                document(shard, index, 0, 0L);
            }
        }
        pass.end();
    }

    /** {@return the step's documents in {@code shards}, each with its own loss and gradient norm} */
    public List<StepDocument> documents(List<TokenShard> shards, int first, long step, Weights parameters) {
        int[][] chosen = task.plan().documents(step, first, first + shards.size());
        float[] gradient = new float[gpt.config().parameters()];
        List<StepDocument> documents = new ArrayList<>();
        for (int s = 0; s < chosen.length; s++) {
            for (int index : chosen[s]) {
                int number = first + s;
                float label = (float) task.labelSmoothing();
                List<StepDocument> one = new ArrayList<>(); // its norm is not known yet
                pass.begin(
                        parameters,
                        label,
                        (float) task.dropout(),
                        (document, sum, positions) -> one.add(new StepDocument(number, index, positions, sum, 0.0)));
                pass.gradient(gradient, true);
                stepDocument(shards.get(s), number, index, step);
                pass.end();
                double norm = Math.sqrt(gpt.kernels().sumOfSquares(gradient, 0, gradient.length));
                documents.add(one.get(0).withGradientNorm(norm));
            }
        }
        return documents;
    }

    /** One document as a step takes it. */
    private void stepDocument(TokenShard shard, int number, int index, long step) {
        int shift = task.plan().shift(step, number, index, shard.positions(index));
        document(shard, index, shift, task.plan().dropoutKey(step, number, index));
    }

    private void document(TokenShard shard, int index, int shift, long key) {
        int most = Math.max(shard.positions(index), task.model().blockSize()) + 1;
        if (tokens.length < most) {
            tokens = new int[most];
        }
        pass.document(tokens, shard.read(index, shift, task.model().blockSize(), tokens), key);
    }

    /** From the root of the tree down to the largest subtrees that lie in this worker's shards and fit one group of rows. */
    private final class Descent {
        private final SumTree tree;
        private final LeafSums sums;
        private final List<TokenShard> shards;
        private final int first;
        private final long step;
        private final int[][] chosen;
        private final long[] positions; // (shards + 1), of the step's documents in the shards before

        Descent(SumTree tree, LeafSums sums, List<TokenShard> shards, int first, long step, int[][] chosen) {
            this.tree = tree;
            this.sums = sums;
            this.shards = shards;
            this.first = first;
            this.step = step;
            this.chosen = chosen;
            this.positions = new long[chosen.length + 1];
            for (int s = 0; s < chosen.length; s++) {
                positions[s + 1] = positions[s];
                for (int index : chosen[s]) {
                    positions[s + 1] += shards.get(s).positions(index);
                }
            }
        }

        void down(int level, int index) {
            long begin = ((long) index << level) - first;
            long end = Math.min(begin + (1L << level), (long) tree.shards() - first);
            if (begin >= chosen.length || end <= 0) {
                return; // shards of others, or none
            }
            boolean whole = begin >= 0 && end <= chosen.length;
            long rows = whole ? positions[(int) end] - positions[(int) begin] : 0;
            if (whole && rows == 0) {
                tree.add(new SumTree.Node(level, index, null));
            } else if (whole && (level == 0 || rows <= Pass.GROUP_ROWS && Gpt.addsLeaves(gpt.config()))) {
                subtree(level, index, (int) begin, (int) end, (int) Math.min(rows, Integer.MAX_VALUE));
            } else {
                down(level - 1, 2 * index);
                down(level - 1, 2 * index + 1);
            }
        }

        private void subtree(int level, int index, int begin, int end, int rows) {
            List<Integer> program = new ArrayList<>();
            int[] documents = new int[end - begin];
            int leaves = order(level, index, program, documents, 0);
            LeafTree order =
                    new LeafTree(program.stream().mapToInt(Integer::intValue).toArray());
            float[] used = spare.poll();
            float[] gradient = used != null ? used : new float[gpt.config().parameters()];
            sums.expect(level, index, order, Arrays.copyOf(documents, leaves), gradient);
            if (leaves == 1) {
                pass.gradient(gradient, true);
            } else {
                pass.gradient(gradient, order, rows);
            }
            for (int s = begin; s < end; s++) {
                if (leaves > 1 && chosen[s].length > 0) {
                    pass.leaf();
                }
                for (int document : chosen[s]) {
                    stepDocument(shards.get(s), first + s, document, step);
                }
            }
        }

        /** Appends the order in which the leaves below a node are added. {@return how many leaves there are then} */
        private int order(int level, int index, List<Integer> program, int[] documents, int before) {
            long shard = ((long) index << level) - first;
            if (shard >= chosen.length) {
                return before;
            }
            if (level == 0) {
                int count = chosen[(int) shard].length;
                if (count == 0) {
                    return before;
                }
                program.add(before);
                documents[before] = count;
                return before + 1;
            }
            int left = order(level - 1, 2 * index, program, documents, before);
            int right = order(level - 1, 2 * index + 1, program, documents, left);
            if (left > before && right > left) {
                program.add(LeafTree.ADD);
            }
            return right;
        }
    }
}
