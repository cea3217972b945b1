package io.microgpt.model;

import io.microgpt.kernel.LeafTree;
import java.util.Arrays;

/**
 * Several documents of any length as one set of rows, a row a position: the matrix products see all rows at once, attention
 * sees each document alone. A document of tokens {@code t0..tn} has {@code n} positions, with inputs {@code t0..tn-1} and
 * targets {@code t1..tn}. The rows are divided into runs, each of which adds to a gradient of its own. Filled again and again.
 */
final class Sequences {
    private final GptConfig config;
    private int rows;
    private int[] inputs = new int[64]; // (R)
    private int[] targets = new int[64]; // (R)
    private int documents;
    private int[] starts = new int[8]; // (documents + 1), first row of each document
    private long[] keys = new long[8]; // (documents)
    private int runs;
    private Run[] run = new Run[4];

    /** A run of rows and where its gradient goes. */
    static final class Run {
        int start;
        int end;
        float[] gradient;
        /** Whether the gradient holds nothing yet, so that the first product replaces what is there. */
        boolean fresh;

        private final LeafTree whole = new LeafTree(new int[1]); // of one leaf

        /** {@return the leaves, or all rows as the only one} */
        LeafTree tree() {
            if (leaves != null) {
                return leaves;
            }
            whole.clear();
            whole.leaf(start);
            whole.end(end);
            return whole;
        }

        /** The leaves whose sums, added in the tree, are the gradient; null where its rows are summed one after another. */
        LeafTree leaves;
    }

    Sequences(GptConfig config) {
        this.config = config;
    }

    void clear() {
        rows = 0;
        documents = 0;
        for (int i = 0; i < runs; i++) {
            run[i].gradient = null;
            run[i].leaves = null;
        }
        runs = 0;
    }

    /** Begins a run: the documents that follow add to {@code gradient}; null for losses alone. */
    void run(float[] gradient, boolean fresh) {
        if (runs == run.length) {
            run = Arrays.copyOf(run, 2 * runs);
        }
        if (run[runs] == null) {
            run[runs] = new Run();
        }
        Run next = run[runs++];
        next.start = rows;
        next.end = rows;
        next.gradient = gradient;
        next.fresh = fresh;
        next.leaves = null;
    }

    /** Begins a run of leaves, which {@link #leaf} begins. */
    void run(float[] gradient, LeafTree leaves) {
        run(gradient, true);
        run[runs - 1].leaves = leaves;
    }

    void leaf() {
        run[runs - 1].leaves.leaf(rows);
    }

    /**
     * Adds the first {@code length} tokens of {@code tokens} as a document.
     *
     * @param number what an error message calls the document
     * @param key what dropout takes for the document's identity
     * @throws IllegalArgumentException if it has fewer than two tokens, more positions than the block or a token outside the
     *     vocabulary
     */
    void add(int[] tokens, int length, int number, long key) {
        if (run[runs - 1].leaves != null && run[runs - 1].leaves.leaves() == 0) {
            throw new IllegalStateException("a document of leaves before the first leaf");
        }
        int positions = length - 1;
        if (positions < 1 || positions > config.blockSize()) {
            throw new IllegalArgumentException(
                    "document " + number + " has " + positions + " positions; a model with block size "
                            + config.blockSize() + " takes 1 to " + config.blockSize());
        }
        for (int i = 0; i < length; i++) {
            if (tokens[i] < 0 || tokens[i] >= config.vocabularySize()) {
                throw new IllegalArgumentException("document " + number + " holds token " + tokens[i]
                        + ", outside the vocabulary of " + config.vocabularySize());
            }
        }
        if (rows + positions > inputs.length) {
            int size = Math.max(rows + positions, 2 * inputs.length);
            inputs = Arrays.copyOf(inputs, size);
            targets = Arrays.copyOf(targets, size);
        }
        if (documents + 2 > starts.length) {
            starts = Arrays.copyOf(starts, 2 * starts.length);
            keys = Arrays.copyOf(keys, 2 * keys.length);
        }
        System.arraycopy(tokens, 0, inputs, rows, positions);
        System.arraycopy(tokens, 1, targets, rows, positions);
        rows += positions;
        keys[documents] = key;
        starts[++documents] = rows;
        run[runs - 1].end = rows;
        if (run[runs - 1].leaves != null) {
            run[runs - 1].leaves.end(rows);
        }
    }

    /** {@return R, the number of positions of all documents} */
    int rows() {
        return rows;
    }

    /** {@return the number of documents} */
    int count() {
        return documents;
    }

    int runs() {
        return runs;
    }

    Run run(int index) {
        return run[index];
    }

    int start(int document) {
        return starts[document];
    }

    int length(int document) {
        return starts[document + 1] - starts[document];
    }

    long key(int document) {
        return keys[document];
    }

    int input(int row) {
        return inputs[row];
    }

    int target(int row) {
        return targets[row];
    }
}
