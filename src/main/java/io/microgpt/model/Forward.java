package io.microgpt.model;

import io.microgpt.kernel.Kernels;

/** The forward pass of a set of rows, keeping what the backward pass needs. */
final class Forward {
    private final Kernels kernels;
    private final Attention attention;
    private final int e;
    private final int m;

    Forward(GptConfig config, Kernels kernels, Attention attention) {
        this.kernels = kernels;
        this.attention = attention;
        this.e = config.nEmbd();
        this.m = config.mlpDim();
    }

    /** Leaves the residual stream after the last layer in {@code w.x} (R, E). */
    void run(Weights weights, Sequences s, Workspace w) {
        int rows = s.rows();
        embed(weights, s, w);
        for (int l = 0; l < w.h1.length; l++) {
            kernels.normalise(w.x, w.h1[l], w.r1[l], rows, e);
            kernels.matmul(rows, 3 * e, e, w.h1[l], 0, e, 1, weights.qkv(l), w.qkv[l], 0, 3 * e, false);
            for (int d = 0; d < s.count(); d++) {
                attention.forward(w.qkv[l], w.attentionWeights[l], w.attended[l], s.start(d), s.length(d), w);
            }
            kernels.matmul(rows, e, e, w.attended[l], 0, e, 1, weights.wo(l), w.x, 0, e, true);
            kernels.normalise(w.x, w.h2[l], w.r2[l], rows, e);
            kernels.matmul(rows, m, e, w.h2[l], 0, e, 1, weights.fc1(l), w.hidden[l], 0, m, false);
            kernels.relu(w.hidden[l], 0, rows * m);
            kernels.matmul(rows, e, m, w.hidden[l], 0, m, 1, weights.fc2(l), w.x, 0, e, true);
        }
    }

    private void embed(Weights weights, Sequences s, Workspace w) {
        for (int d = 0; d < s.count(); d++) {
            for (int t = 0; t < s.length(d); t++) {
                int row = s.start(d) + t;
                Rows.embedding(kernels, weights, s.input(row), t, w.x, row * e);
            }
        }
        kernels.normalise(w.x, w.x0, w.r0, s.rows(), e);
        System.arraycopy(w.x0, 0, w.x, 0, s.rows() * e);
    }
}
