package io.microgpt.train;

import io.microgpt.kernel.LeafTree;
import io.microgpt.model.Gpt;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Adds up the losses of each leaf, document after document, and of the leaves of a subtree in its order; the tree gets the subtree when
 * its last document is through.
 */
final class LeafSums implements Gpt.LossSink {
    private static final float[] NONE = {};

    private final SumTree tree;
    private final Deque<Subtree> expected = new ArrayDeque<>();
    private int leaf;
    private int seen; // documents of the leaf

    /** One to come: its documents are the next, leaf after leaf. */
    private record Subtree(
            int level,
            int index,
            LeafTree order,
            int[] documents,
            float[] gradient,
            double[] losses,
            long[] positions) {
        private GradientSum sum() {
            double[] waiting = new double[order.depth()];
            int top = -1;
            for (int op = 0; op < order.length(); op++) {
                if (order.operation(op) == LeafTree.ADD) {
                    waiting[top - 1] += waiting[top];
                    top--;
                } else {
                    waiting[++top] = losses[order.operation(op)];
                }
            }
            long allPositions = 0;
            long allDocuments = 0;
            for (int i = 0; i < documents.length; i++) {
                allPositions += positions[i];
                allDocuments += documents[i];
            }
            return new GradientSum(gradient, waiting[0], allPositions, allDocuments);
        }
    }

    LeafSums(SumTree tree) {
        this.tree = tree;
    }

    /** @param documents of each leaf, none of them zero; {@code gradient} is complete once they are through */
    void expect(int level, int index, LeafTree order, int[] documents, float[] gradient) {
        int n = documents.length;
        expected.add(new Subtree(level, index, order, documents, gradient, new double[n], new long[n]));
    }

    /** One leaf, of losses alone. */
    void expect(int shard, int documents) {
        expect(0, shard, new LeafTree(new int[] {0}), new int[] {documents}, NONE);
    }

    @Override
    public void accept(int document, double lossSum, int positions) {
        Subtree subtree = expected.element();
        subtree.losses[leaf] += lossSum;
        subtree.positions[leaf] += positions;
        if (++seen == subtree.documents[leaf]) {
            seen = 0;
            if (++leaf == subtree.documents.length) {
                leaf = 0;
                expected.remove();
                tree.add(new SumTree.Node(subtree.level, subtree.index, subtree.sum()));
            }
        }
    }
}
