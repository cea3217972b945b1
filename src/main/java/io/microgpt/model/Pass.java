package io.microgpt.model;

import io.microgpt.kernel.LeafTree;

/**
 * Documents on their way through a model: gathered into groups of rows, each of which goes forward, and backward where a gradient
 * is wanted, at once. Neither the grouping nor what else is in a group changes a bit of any result, because rows do not see
 * each other and every gradient accumulates over its own rows, one after another. It owns the activations and is meant to be used again
 * from step to step. One thread at a time.
 */
public final class Pass {
    /** Rows of a group: enough to keep the matrix products busy, few enough to stay in the cache. */
    public static final int GROUP_ROWS = 1024;
    /** Floats of gradients that a group writes to: the runs of one group all keep theirs until it is done. */
    private static final long GROUP_GRADIENTS = 1L << 22;

    private final Gpt gpt;
    private final Workspace workspace = new Workspace();
    private final Sequences sequences;
    private Weights weights;
    private float smoothing;
    private Dropout dropout;
    private Gpt.LossSink losses;
    private Gpt.ScoreSink scores; // null where only losses or gradients are wanted
    private int reported;
    private boolean backward;

    public Pass(Gpt gpt) {
        this.gpt = gpt;
        this.sequences = new Sequences(gpt.config());
    }

    /** {@return bytes of activations that a pass holds for so many positions at a time, of documents of up to the block size} */
    public static long bytes(GptConfig config, long positions) {
        return Workspace.bytes(config, Math.min(positions, Math.max(GROUP_ROWS, config.blockSize())));
    }

    /** Begins anew, without dropout. */
    public void begin(Weights of, float labelSmoothing, Gpt.LossSink sink) {
        begin(of, labelSmoothing, 0.0f, sink);
    }

    /**
     * Begins anew.
     *
     * @param labelSmoothing a: targets are {@code (1-a) * one_hot + a / V}
     * @param dropoutRate share of the attention weights and of what the residual branches add that is dropped, in [0, 1); for gradients, never
     *     for losses alone
     * @param sink takes the loss of every document, in their order, once its gradient is in place
     */
    public void begin(Weights of, float labelSmoothing, float dropoutRate, Gpt.LossSink sink) {
        sequences.clear();
        weights = of;
        smoothing = labelSmoothing;
        dropout = dropoutRate == 0.0f ? null : new Dropout(gpt.config(), gpt.kernels(), dropoutRate);
        losses = sink;
        scores = null;
        reported = 0;
    }

    /**
     * Begins anew: of the documents that follow, what the model makes of every position is wanted.
     *
     * @param sink takes the scores of every document, in their order
     */
    public void score(Weights of, Gpt.ScoreSink sink) {
        begin(of, 0.0f, (document, lossSum, positions) -> {});
        losses();
        scores = sink;
    }

    /** Of the documents that follow, only the losses are wanted. */
    public void losses() {
        flush();
        sequences.run(null, false);
        backward = false;
    }

    /**
     * The gradient of the summed loss of the documents that follow goes to {@code gradient}, in the layout of the weights.
     *
     * @param fresh whether to replace what is there, once a document comes; otherwise it is added to
     */
    public void gradient(float[] gradient, boolean fresh) {
        if (!backward || (sequences.runs() + 1L) * gradient.length > GROUP_GRADIENTS) {
            flush();
        }
        sequences.run(gradient, fresh);
        backward = true;
    }

    /**
     * The documents that follow are leaves, each begun by {@link #leaf}, whose gradients are added in a tree; the sum replaces what is in
     * {@code gradient}. It is done tile by tile, without a gradient for every leaf.
     *
     * @param leaves of no more than {@link #GROUP_ROWS} positions together, which nothing else may fill
     */
    public void gradient(float[] gradient, LeafTree leaves, int positions) {
        if (!backward
                || sequences.rows() + positions > GROUP_ROWS
                || (sequences.runs() + 1L) * gradient.length > GROUP_GRADIENTS) {
            flush();
        }
        sequences.run(gradient, leaves);
        backward = true;
    }

    /** Begins the next leaf. */
    public void leaf() {
        sequences.leaf();
    }

    /** Adds a document that needs no key, because nothing is dropped. */
    public void document(int[] tokens, int length) {
        document(tokens, length, 0L);
    }

    /**
     * Adds the first {@code length} tokens of {@code tokens} as a document.
     *
     * @param key 64 random bits of this document in this step, which decide what is dropped of it
     * @throws IllegalArgumentException if it has fewer than two tokens, more positions than the block or a token outside the
     *     vocabulary
     */
    public void document(int[] tokens, int length, long key) {
        if (sequences.runs() == 0) {
            throw new IllegalStateException("a document before losses() or gradient() said what it is for");
        }
        if (sequences.rows() > 0 && sequences.rows() + length - 1 > GROUP_ROWS) {
            Sequences.Run run = sequences.run(sequences.runs() - 1);
            if (run.leaves != null) {
                throw new IllegalStateException("leaves of more than the positions that were told");
            }
            float[] gradient = run.gradient;
            boolean fresh = run.fresh && run.start == run.end;
            flush();
            sequences.run(gradient, fresh);
        }
        sequences.add(tokens, length, reported + sequences.count(), key);
    }

    /** Ends it: all losses are reported, all gradients in place. */
    public void end() {
        flush();
        weights = null;
        losses = null;
        scores = null;
    }

    private void flush() {
        if (sequences.rows() > 0) {
            gpt.run(weights, sequences, smoothing, dropout, backward, scores != null, workspace);
            for (int d = 0; d < sequences.count(); d++) {
                double sum = 0.0;
                int start = sequences.start(d);
                int end = start + sequences.length(d);
                for (int row = start; row < end; row++) {
                    sum += workspace.loss[row];
                }
                if (scores != null) {
                    scores.accept(reported, PositionScores.copy(workspace.loss, workspace.hits, start, end));
                }
                losses.accept(reported++, sum, sequences.length(d));
            }
        }
        sequences.clear();
    }
}
