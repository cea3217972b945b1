package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/** Logits, cross-entropy and its gradient, a chunk of rows at a time. */
final class LossHead {
    private final Kernels kernels;
    private final int v;
    private final int e;

    LossHead(GptConfig config, Kernels kernels) {
        this.kernels = kernels;
        this.v = config.vocabularySize();
        this.e = config.nEmbd();
    }

    /**
     * Cross-entropy of every row into {@code w.loss}, from the residual stream in {@code w.x}; going backward, also the gradient of
     * the lm_head, and that of the residual stream into {@code w.dx}. Where {@code hits} are wanted, they go into {@code w.hits}.
     */
    void run(Weights weights, Sequences s, float smoothing, boolean backward, boolean hits, Workspace w) {
        int lmHead = weights.layout.lmHead().offset();
        int row = w.logitsRow;
        for (int from = 0; from < s.rows(); from += w.logitsRows) {
            int rows = Math.min(w.logitsRows, s.rows() - from);
            kernels.matmul(rows, v, e, w.x, from * e, e, 1, weights.lmHead(), w.logits, 0, row, false);
            for (int i = 0; i < rows; i++) {
                w.loss[from + i] = -alignment(w.logits, i * row, s.target(from + i), smoothing);
            }
            for (int i = 0; hits && i < rows; i++) {
                w.hits[from + i] = largest(w.logits, i * row, s.target(from + i));
            }
            kernels.softmax(w.logits, 0, row, rows, v, 0, row, 1.0f, w.logitSums);
            for (int i = 0; i < rows; i++) {
                // StrictMath: the same bits on every processor.
                w.loss[from + i] += w.logitSums[2 * i] + StrictMath.log(w.logitSums[2 * i + 1]);
            }
            if (backward) {
                for (int i = 0; i < rows; i++) {
                    minusTarget(w.logits, i * row, s.target(from + i), smoothing);
                }
                gradient(s, from, rows, lmHead, w);
                kernels.matmul(rows, e, v, w.logits, 0, row, 1, weights.flat, lmHead, e, 1, w.dx, from * e, e, false);
            }
        }
    }

    /** {@return the logits weighted by their target probabilities} */
    private double alignment(float[] z, int offset, int target, float smoothing) {
        double hard = z[offset + target];
        return smoothing == 0.0f
                ? hard
                : (1.0 - smoothing) * hard + smoothing * (kernels.sum(z, offset, v) / (double) v);
    }

    /** {@return whether no logit is above the target's, nor equal to it at a lower id}; never where one of them is not a number. */
    private boolean largest(float[] z, int offset, int target) {
        float logit = z[offset + target];
        for (int j = 0; j < v; j++) {
            float other = z[offset + j];
            boolean below = other < logit || other == logit && j >= target;
            if (!below) {
                return false;
            }
        }
        return true;
    }

    private void minusTarget(float[] p, int offset, int target, float smoothing) {
        p[offset + target] -= 1.0f - smoothing;
        if (smoothing != 0.0f) {
            float share = smoothing / v;
            for (int j = 0; j < v; j++) {
                p[offset + j] -= share;
            }
        }
    }

    /** Leaves come only where all rows are one chunk, {@link Gpt#addsLeaves}. */
    private void gradient(Sequences s, int from, int rows, int lmHead, Workspace w) {
        for (int i = 0; i < s.runs(); i++) {
            Sequences.Run run = s.run(i);
            int start = Math.max(run.start, from);
            int n = Math.min(run.end, from + rows) - start;
            if (run.leaves != null) {
                kernels.matmulByLeaves(v, e, run.leaves, w.logits, w.logitsRow, w.x, e, run.gradient, lmHead, e);
            } else if (n > 0) {
                int at = (start - from) * w.logitsRow;
                boolean accumulate = !run.fresh || start > run.start;
                kernels.matmul(
                        v,
                        e,
                        n,
                        w.logits,
                        at,
                        1,
                        w.logitsRow,
                        w.x,
                        start * e,
                        e,
                        1,
                        run.gradient,
                        lmHead,
                        e,
                        accumulate);
            }
        }
    }
}
