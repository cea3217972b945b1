package io.microgpt.model;

import java.util.List;

/**
 * Several documents of any length as one set of rows, a row a position: the matrix products see all rows at once, attention
 * sees each document alone. A document of tokens {@code t0..tn} has {@code n} positions, with inputs {@code t0..tn-1} and
 * targets {@code t1..tn}.
 */
public final class Sequences {
    private final int[] inputs; // (R)
    private final int[] targets; // (R)
    private final int[] starts; // (documents + 1), first row of each document

    private Sequences(int[] inputs, int[] targets, int[] starts) {
        this.inputs = inputs;
        this.targets = targets;
        this.starts = starts;
    }

    /**
     * {@return the rows of {@code documents[from..to)}}
     *
     * @throws IllegalArgumentException if a document has fewer than two tokens, more positions than the block or a token
     *     outside the vocabulary
     */
    public static Sequences of(List<int[]> documents, int from, int to, GptConfig config) {
        int[] starts = new int[to - from + 1];
        for (int d = from; d < to; d++) {
            int[] tokens = documents.get(d);
            int positions = tokens.length - 1;
            if (positions < 1 || positions > config.blockSize()) {
                throw new IllegalArgumentException(
                        "document " + d + " has " + positions + " positions; a model with block size "
                                + config.blockSize() + " takes 1 to " + config.blockSize());
            }
            for (int token : tokens) {
                if (token < 0 || token >= config.vocabularySize()) {
                    throw new IllegalArgumentException("document " + d + " holds token " + token
                            + ", outside the vocabulary of " + config.vocabularySize());
                }
            }
            starts[d - from + 1] = starts[d - from] + positions;
        }
        int rows = starts[to - from];
        int[] inputs = new int[rows];
        int[] targets = new int[rows];
        for (int d = from; d < to; d++) {
            int[] tokens = documents.get(d);
            System.arraycopy(tokens, 0, inputs, starts[d - from], tokens.length - 1);
            System.arraycopy(tokens, 1, targets, starts[d - from], tokens.length - 1);
        }
        return new Sequences(inputs, targets, starts);
    }

    /** {@return R, the number of positions of all documents} */
    public int rows() {
        return inputs.length;
    }

    /** {@return the number of documents} */
    public int count() {
        return starts.length - 1;
    }

    int start(int document) {
        return starts[document];
    }

    int length(int document) {
        return starts[document + 1] - starts[document];
    }

    int longest() {
        int longest = 0;
        for (int d = 0; d < count(); d++) {
            longest = Math.max(longest, length(d));
        }
        return longest;
    }

    int input(int row) {
        return inputs[row];
    }

    int target(int row) {
        return targets[row];
    }
}
