package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PanelKernels;
import io.microgpt.kernel.Panels;

/** Logits, cross-entropy and its gradient, a chunk of rows at a time. */
final class LossHead {
    private final PanelKernels kernels;
    private final int v;
    private final int e;

    LossHead(GptConfig config, Kernels kernels) {
        this.kernels = kernels.panels();
        this.v = config.vocabularySize();
        this.e = config.nEmbd();
    }

    /**
     * Cross-entropy of every row into {@code w.loss}, from the residual stream in {@code w.x}; going backward, also the gradient of
     * the lm_head, and that of the residual stream into {@code w.dx}. Where {@code hits} are wanted, they go into {@code w.hits}.
     */
    void run(Weights weights, Sequences s, float smoothing, boolean backward, boolean hits, Workspace w) {
        int lmHead = weights.layout.lmHead().offset();
        float[] flat = weights.flat;
        for (int from = 0; from < s.rows(); from += w.logitsRows) {
            int rows = Math.min(w.logitsRows, s.rows() - from);
            int x = Panels.index(from, e);
            kernels.multiply(v, e, flat, lmHead, e, 1, w.x, x, w.logits, 0, rows, false);
            if (smoothing != 0.0f) {
                kernels.sum(w.logits, rows, v, w.logitSums);
            }
            for (int i = 0; i < rows; i++) {
                w.loss[from + i] = -alignment(w.logits, i, s.target(from + i), smoothing, w.logitSums[i]);
            }
            for (int i = 0; hits && i < rows; i++) {
                w.hits[from + i] = largest(w.logits, i, s.target(from + i));
            }
            kernels.softmax(w.logits, rows, v, w.logitMaxima, w.logitSums);
            for (int i = 0; i < rows; i++) {
                // StrictMath: the same bits on every processor.
                w.loss[from + i] += w.logitMaxima[i] + StrictMath.log(w.logitSums[i]);
            }
            if (backward) {
                for (int i = 0; i < rows; i++) {
                    minusTarget(w.logits, i, s.target(from + i), smoothing);
                }
                gradient(s, from, rows, lmHead, w);
                kernels.multiply(e, v, flat, lmHead, 1, e, w.logits, 0, w.dx, x, rows, false);
            }
        }
    }

    /** {@return the logits weighted by their target probabilities} */
    private double alignment(float[] z, int row, int target, float smoothing, float sum) {
        double hard = z[Panels.index(row, v) + target * Panels.ROWS];
        return smoothing == 0.0f ? hard : (1.0 - smoothing) * hard + smoothing * (sum / (double) v);
    }

    /** {@return whether no logit is above the target's, nor equal to it at a lower id}; never where one of them is not a number. */
    private boolean largest(float[] z, int row, int target) {
        int at = Panels.index(row, v);
        float logit = z[at + target * Panels.ROWS];
        for (int j = 0; j < v; j++) {
            float other = z[at + j * Panels.ROWS];
            boolean below = other < logit || other == logit && j >= target;
            if (!below) {
                return false;
            }
        }
        return true;
    }

    private void minusTarget(float[] p, int row, int target, float smoothing) {
        int at = Panels.index(row, v);
        p[at + target * Panels.ROWS] -= 1.0f - smoothing;
        if (smoothing != 0.0f) {
            float share = smoothing / v;
            for (int j = 0; j < v; j++) {
                p[at + j * Panels.ROWS] -= share;
            }
        }
    }

    /** Leaves come only where all rows are one chunk, {@link Gpt#addsLeaves}. */
    private void gradient(Sequences s, int from, int rows, int lmHead, Workspace w) {
        for (int i = 0; i < s.runs(); i++) {
            Sequences.Run run = s.run(i);
            int start = Math.max(run.start, from);
            int end = Math.min(run.end, from + rows);
            if (run.leaves != null) {
                kernels.weightGradient(v, e, w.logits, w.x, run.leaves, run.gradient, lmHead);
            } else if (end > start) {
                boolean accumulate = !run.fresh || start > run.start;
                int x = Panels.index(from, e);
                kernels.weightGradient(
                        v, e, w.logits, 0, w.x, x, start - from, end - from, run.gradient, lmHead, accumulate);
            }
        }
    }
}
