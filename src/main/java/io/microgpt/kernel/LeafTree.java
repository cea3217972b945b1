package io.microgpt.kernel;

import java.util.Arrays;

/**
 * Neighbouring rows divided into leaves, and the order in which what is summed over each leaf is added up: a binary tree, in
 * postfix notation.
 */
public final class LeafTree {
    /** In a program: add the two sums on top. */
    public static final int ADD = -1;

    private final int[] program;
    private final int[] starts; // (leaves + 1), first row of each leaf
    private int leaves;
    private int depth;

    /** @param program numbers of leaves, in ascending order from 0, and {@link #ADD}; leaves one sum */
    public LeafTree(int[] program) {
        this.program = program;
        int height = 0;
        int count = 0;
        for (int op : program) {
            if (op != ADD && op != count++) {
                throw new IllegalArgumentException("leaves out of order in " + Arrays.toString(program));
            }
            height += op == ADD ? -1 : 1;
            depth = Math.max(depth, height);
            if (height < 1) {
                throw new IllegalArgumentException("nothing to add in " + Arrays.toString(program));
            }
        }
        if (height != 1) {
            throw new IllegalArgumentException(height + " sums are left by " + Arrays.toString(program));
        }
        this.starts = new int[count + 1];
    }

    /** Forgets all leaves. */
    public void clear() {
        leaves = 0;
    }

    /** Begins the next leaf at {@code row}. */
    public void leaf(int row) {
        if (leaves == starts.length - 1) {
            throw new IllegalStateException("more leaves than the " + leaves + " of " + Arrays.toString(program));
        }
        starts[leaves++] = row;
        starts[leaves] = row;
    }

    /** Ends the leaf, so far, before {@code row}. */
    public void end(int row) {
        starts[leaves] = row;
    }

    /** {@return leaves that have begun} */
    public int leaves() {
        return leaves;
    }

    /** @throws IllegalStateException if not all leaves that the program names have begun */
    void requireAll() {
        if (leaves != size()) {
            throw new IllegalStateException("only " + leaves + " leaves have begun of " + Arrays.toString(program));
        }
    }

    /** {@return leaves that the program names} */
    public int size() {
        return starts.length - 1;
    }

    /** {@return the first row of a leaf, or behind the last} */
    public int start(int leaf) {
        return starts[leaf];
    }

    /** {@return rows of all leaves} */
    public int rows() {
        return starts[leaves] - starts[0];
    }

    /** {@return the most sums that wait at a time} */
    public int depth() {
        return depth;
    }

    /** {@return how many operations the program has} */
    public int length() {
        return program.length;
    }

    /** {@return the number of a leaf, or {@link #ADD}} */
    public int operation(int index) {
        return program[index];
    }
}
