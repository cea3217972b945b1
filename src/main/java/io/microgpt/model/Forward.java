package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/** The forward pass of a set of rows, keeping what the backward pass needs; and the loss head with its gradient. */
final class Forward {
    private final Kernels kernels;
    private final Attention attention;
    private final int v;
    private final int e;
    private final int m;

    Forward(GptConfig config, Kernels kernels) {
        this.kernels = kernels;
        this.attention = new Attention(config, kernels);
        this.v = config.vocabularySize();
        this.e = config.nEmbd();
        this.m = config.mlpDim();
    }

    /** Leaves the residual stream after the last layer in {@code w.x} (R, E). */
    void run(Weights weights, Sequences s, Workspace w) {
        int rows = s.rows();
        embed(weights, s, w);
        for (int l = 0; l < w.h1.length; l++) {
            Rows.normalise(kernels, w.x, w.h1[l], w.r1[l], rows, e);
            kernels.matmul(rows, 3 * e, e, w.h1[l], 0, e, 1, weights.qkv[l], 0, 3 * e, w.qkv[l], 0, 3 * e, false);
            for (int d = 0; d < s.count(); d++) {
                attention.forward(w.qkv[l], w.attended[l], s.start(d), s.length(d), w);
            }
            kernels.matmul(rows, e, e, w.attended[l], 0, e, 1, weights.wo[l], 0, e, w.x, 0, e, true);
            Rows.normalise(kernels, w.x, w.h2[l], w.r2[l], rows, e);
            kernels.matmul(rows, m, e, w.h2[l], 0, e, 1, weights.fc1[l], 0, m, w.hidden[l], 0, m, false);
            kernels.relu(w.hidden[l], 0, rows * m);
            kernels.matmul(rows, e, m, w.hidden[l], 0, m, 1, weights.fc2[l], 0, e, w.x, 0, e, true);
        }
    }

    private void embed(Weights weights, Sequences s, Workspace w) {
        for (int d = 0; d < s.count(); d++) {
            for (int t = 0; t < s.length(d); t++) {
                int row = s.start(d) + t;
                Rows.embedding(kernels, weights, s.input(row), t, w.x, row * e);
            }
        }
        Rows.normalise(kernels, w.x, w.x0, w.r0, s.rows(), e);
        System.arraycopy(w.x0, 0, w.x, 0, s.rows() * e);
    }

    /**
     * Cross-entropy of every row into {@code w.loss}; with a gradient, also the gradient of the lm_head into it and that of the
     * residual stream into {@code w.dx}. Goes through the logits a chunk of rows at a time.
     */
    void head(Weights weights, Sequences s, float smoothing, float[] gradient, Workspace w) {
        int lmHead = weights.layout.lmHead().offset();
        for (int from = 0; from < s.rows(); from += w.logitsRows) {
            int rows = Math.min(w.logitsRows, s.rows() - from);
            kernels.matmul(rows, v, e, w.x, from * e, e, 1, weights.lmHead, 0, v, w.logits, 0, v, false);
            for (int i = 0; i < rows; i++) {
                w.loss[from + i] = crossEntropy(w.logits, i * v, s.target(from + i), smoothing, gradient != null);
            }
            if (gradient != null) {
                float[] dLogits = w.logits;
                kernels.matmul(v, e, rows, dLogits, 0, 1, v, w.x, from * e, e, gradient, lmHead, e, true);
                kernels.matmul(rows, e, v, dLogits, 0, v, 1, weights.flat, lmHead, e, w.dx, from * e, e, false);
            }
        }
    }

    /** {@return the loss of one row of logits in nats}; the logits become their gradient if wanted, scratch if not. */
    private double crossEntropy(float[] z, int offset, int target, float smoothing, boolean gradient) {
        float max = kernels.max(z, offset, v);
        double hard = (double) max - z[offset + target];
        double meanBelow = smoothing == 0.0f ? 0.0 : (double) max - kernels.sum(z, offset, v) / (double) v;
        float sum = kernels.expSum(z, offset, v, max);
        // StrictMath: the same bits on every processor.
        double logSum = StrictMath.log(sum);
        if (gradient) {
            kernels.scale(z, offset, v, 1.0f / sum);
            z[offset + target] -= 1.0f - smoothing;
            if (smoothing != 0.0f) {
                float share = smoothing / v;
                for (int j = 0; j < v; j++) {
                    z[offset + j] -= share;
                }
            }
        }
        return smoothing == 0.0f ? logSum + hard : logSum + (1.0 - smoothing) * hard + smoothing * meanBelow;
    }
}
