package io.microgpt.optim;

import io.microgpt.kernel.Kernels;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The one binary tree in which the leaves (one a shard) are added, whoever adds them. Node {@code (level, index)} covers the shards
 * {@code [index * 2^level, (index + 1) * 2^level)}; a node is its left child plus its right child; a child beyond the last shard,
 * or without documents in this step, adds nothing, not even a zero. Nodes may come in any order and from any level: a task adds
 * up whole subtrees of its run of shards, the driver adds the tasks' subtrees.
 */
public final class SumTree {
    /**
     * A subtree's sum.
     *
     * @param sum null where no document of the step is in the subtree
     */
    public record Node(int level, int index, GradientSum sum) {
        /** {@return the same sum with another array for its gradient} */
        public Node with(float[] gradient) {
            return new Node(level, index, new GradientSum(gradient, sum.lossSum(), sum.positions(), sum.documents()));
        }
    }

    private record Place(int level, int index) {}

    private final int shards;
    private final int rootLevel;
    private final Kernels kernels;
    private final Deque<float[]> spare;
    private final Map<Place, Node> waiting = new HashMap<>();

    /** @param spare takes the arrays that an addition has freed, for whoever fills the next leaf */
    public SumTree(int shards, Kernels kernels, Deque<float[]> spare) {
        if (shards < 1) {
            throw new IllegalArgumentException("a summation tree needs at least one shard, not " + shards);
        }
        this.shards = shards;
        this.rootLevel = rootLevel(shards);
        this.kernels = kernels;
        this.spare = spare;
    }

    public SumTree(int shards, Kernels kernels) {
        this(shards, kernels, new ArrayDeque<>());
    }

    /** {@return in how many subtrees of a tree over {@code shards} its part {@code [from, end)} is added up, before it meets others} */
    public static int subtrees(int shards, int from, int end) {
        return subtrees(shards, rootLevel(shards), 0, from, end);
    }

    private static int subtrees(int shards, int level, int index, int from, int end) {
        long begin = (long) index << level;
        long last = Math.min(begin + (1L << level), shards);
        if (begin >= end || last <= from) {
            return 0;
        }
        return begin >= from && last <= end
                ? 1
                : subtrees(shards, level - 1, 2 * index, from, end)
                        + subtrees(shards, level - 1, 2 * index + 1, from, end);
    }

    private static int rootLevel(int shards) {
        return 32 - Integer.numberOfLeadingZeros(shards - 1);
    }

    /** {@return how many leaves the tree has} */
    public int shards() {
        return shards;
    }

    /** {@return the level of the root, which covers all shards; leaves are level 0} */
    public int rootLevel() {
        return rootLevel;
    }

    /** Adds the leaf of one shard, or its absence: null. */
    public void addLeaf(int shard, GradientSum sum) {
        add(new Node(0, shard, sum));
    }

    /**
     * Adds a subtree and joins it with its sibling as long as that is there.
     *
     * @throws IllegalArgumentException if the node is not of this tree, or is there already
     */
    public void add(Node node) {
        Node current = node;
        if (current.level() < 0 || current.level() > rootLevel || current.index() < 0 || first(current) >= shards) {
            throw new IllegalArgumentException(
                    "node (" + node.level() + ", " + node.index() + ") is not in the tree of " + shards + " shards");
        }
        while (current.level() < rootLevel) {
            Place sibling = new Place(current.level(), current.index() ^ 1);
            if (((long) sibling.index() << sibling.level()) < shards) {
                Node other = waiting.remove(sibling);
                if (other == null) {
                    break;
                }
                current = current.index() < other.index() ? join(current, other) : join(other, current);
            } else {
                current = new Node(current.level() + 1, current.index() / 2, current.sum());
            }
        }
        if (waiting.putIfAbsent(new Place(current.level(), current.index()), current) != null) {
            throw new IllegalArgumentException(
                    "node (" + current.level() + ", " + current.index() + ") was added to the tree twice");
        }
    }

    private static long first(Node node) {
        return (long) node.index() << node.level();
    }

    private Node join(Node left, Node right) {
        return new Node(left.level() + 1, left.index() / 2, plus(left.sum(), right.sum()));
    }

    private GradientSum plus(GradientSum left, GradientSum right) {
        if (left == null || right == null) {
            return left == null ? right : left;
        }
        kernels.add(left.gradient(), 0, right.gradient(), 0, left.gradient().length);
        if (right.gradient().length > 0) { // sums of losses alone have none
            spare.push(right.gradient());
        }
        return new GradientSum(
                left.gradient(),
                left.lossSum() + right.lossSum(),
                left.positions() + right.positions(),
                left.documents() + right.documents());
    }

    /** {@return the subtrees that found no sibling yet, in shard order} */
    public List<Node> nodes() {
        List<Node> nodes = new ArrayList<>(waiting.values());
        nodes.sort(Comparator.comparingLong(SumTree::first));
        return nodes;
    }

    /**
     * {@return the sum of all shards}
     *
     * @throws IllegalStateException if a shard is missing, or no shard had a document
     */
    public GradientSum total() {
        Node root = waiting.get(new Place(rootLevel, 0));
        if (root == null) {
            throw new IllegalStateException("the sum over " + shards + " shards is incomplete: " + waiting.keySet());
        }
        if (root.sum() == null) {
            throw new IllegalStateException("no shard of " + shards + " had a document");
        }
        return root.sum();
    }
}
