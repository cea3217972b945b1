package io.microgpt.kernel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Programs of {@link LeafTree}, and what they mean. */
public final class LeafPrograms {
    private LeafPrograms() {}

    /** {@return the program for the leaves that are there, of a tree whose leaves are paired level by level} */
    public static int[] of(boolean... present) {
        List<int[]> level = new ArrayList<>();
        int leaves = 0;
        for (boolean there : present) {
            level.add(there ? new int[] {leaves++} : new int[0]);
        }
        while (level.size() > 1) {
            List<int[]> next = new ArrayList<>();
            for (int i = 0; i < level.size(); i += 2) {
                next.add(joined(level.get(i), i + 1 < level.size() ? level.get(i + 1) : new int[0]));
            }
            level = next;
        }
        return level.get(0);
    }

    /** {@return any binary tree of so many leaves} */
    public static int[] random(int leaves, Random random) {
        return random(0, leaves, random);
    }

    private static int[] random(int first, int leaves, Random random) {
        if (leaves == 1) {
            return new int[] {first};
        }
        int left = 1 + random.nextInt(leaves - 1);
        return joined(random(first, left, random), random(first + left, leaves - left, random));
    }

    private static int[] joined(int[] left, int[] right) {
        if (left.length == 0 || right.length == 0) {
            return left.length == 0 ? right : left;
        }
        return IntStream.concat(IntStream.concat(Arrays.stream(left), Arrays.stream(right)), IntStream.of(LeafTree.ADD))
                .toArray();
    }

    /** {@return the sum of the leaves, each an array of its own, by {@link Kernels#add} in the order of the program} */
    public static float[] sum(Kernels kernels, int[] program, IntFunction<float[]> leaf) {
        Deque<float[]> stack = new ArrayDeque<>();
        for (int operation : program) {
            if (operation == LeafTree.ADD) {
                float[] right = stack.pop();
                kernels.add(stack.element(), 0, right, 0, right.length);
            } else {
                stack.push(leaf.apply(operation));
            }
        }
        return stack.pop();
    }

    /** {@return leaves of {@code rows} rows each, of which the first begins at row {@code first}} */
    static LeafTree tree(int[] program, int first, int... rows) {
        LeafTree tree = new LeafTree(program);
        int row = first;
        for (int n : rows) {
            tree.leaf(row);
            row += n;
            tree.end(row);
        }
        return tree;
    }

    public static int leaves(int[] program) {
        return (program.length + 1) / 2;
    }
}
