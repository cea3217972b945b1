package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PackedMatrix;

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

    /**
     * Leaves the residual stream after the last layer in {@code w.x} (R, E).
     *
     * @param dropout null for none; otherwise the workspace is one for going backward too
     */
    void run(Weights weights, Sequences s, Dropout dropout, Workspace w) {
        int rows = s.rows();
        embed(weights, s, w);
        for (int l = 0; l < w.h1.length; l++) {
            kernels.normalise(w.x, w.h1[l], w.r1[l], rows, e);
            kernels.matmul(rows, 3 * e, e, w.h1[l], 0, e, 1, weights.qkv(l), w.qkv[l], 0, 3 * e, false);
            for (int d = 0; d < s.count(); d++) {
                attention.forward(l, s, d, dropout, w);
            }
            add(w.attended[l], e, weights.wo(l), s, l, Dropout.ATTENTION, dropout, w);
            kernels.normalise(w.x, w.h2[l], w.r2[l], rows, e);
            kernels.matmul(rows, m, e, w.h2[l], 0, e, 1, weights.fc1(l), w.hidden[l], 0, m, false);
            kernels.relu(w.hidden[l], 0, rows * m);
            add(w.hidden[l], m, weights.fc2(l), s, l, Dropout.MLP, dropout, w);
        }
    }

    /** The end of a branch: its last product is added to the residual stream. */
    private void add(
            float[] y,
            int width,
            PackedMatrix matrix,
            Sequences s,
            int layer,
            int branch,
            Dropout dropout,
            Workspace w) {
        int rows = s.rows();
        if (dropout == null) {
            kernels.matmul(rows, e, width, y, 0, width, 1, matrix, w.x, 0, e, true);
            return;
        }
        float[] added = w.dh; // free until the backward pass
        kernels.matmul(rows, e, width, y, 0, width, 1, matrix, added, 0, e, false);
        dropout.residual(s, layer, branch, added, added);
        kernels.add(w.x, 0, added, 0, rows * e);
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
