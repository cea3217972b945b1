package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PanelKernels;
import io.microgpt.kernel.Panels;
import io.microgpt.model.ParameterLayout.Layer;
import io.microgpt.model.ParameterLayout.Matrix;

/** The forward pass of a set of rows, keeping what the backward pass needs. */
final class Forward {
    private final Kernels kernels;
    private final PanelKernels panels;
    private final Attention attention;
    private final int e;
    private final int m;

    Forward(GptConfig config, Kernels kernels, Attention attention) {
        this.kernels = kernels;
        this.panels = kernels.panels();
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
        float[] flat = weights.flat;
        embed(weights, s, w);
        for (int l = 0; l < w.h1.length; l++) {
            Layer layer = weights.layout.layer(l);
            panels.normalise(w.x, w.h1[l], w.r1[l], rows, e);
            // wq, wk and wv are neighbours in the layout: one matrix [3E][E], one product for q, k and v.
            int wqkv = layer.wq().offset();
            panels.multiply(3 * e, e, flat, wqkv, e, 1, w.h1[l], 0, w.qkv[l], 0, rows, false);
            attention.forward(l, s, dropout, w);
            add(w.attended[l], flat, layer.wo(), s, l, Dropout.ATTENTION, dropout, w);
            panels.normalise(w.x, w.h2[l], w.r2[l], rows, e);
            int fc1 = layer.fc1().offset();
            panels.multiply(m, e, flat, fc1, e, 1, w.h2[l], 0, w.hidden[l], 0, rows, false);
            kernels.relu(w.hidden[l], 0, Panels.count(rows) * Panels.stride(m));
            add(w.hidden[l], flat, layer.fc2(), s, l, Dropout.MLP, dropout, w);
        }
    }

    /** The end of a branch: its last product is added to the residual stream. */
    private void add(
            float[] y, float[] flat, Matrix matrix, Sequences s, int layer, int branch, Dropout dropout, Workspace w) {
        int rows = s.rows();
        int width = matrix.columns();
        if (dropout == null) {
            panels.multiply(e, width, flat, matrix.offset(), width, 1, y, 0, w.x, 0, rows, true);
            return;
        }
        float[] added = w.dh; // free until the backward pass
        panels.multiply(e, width, flat, matrix.offset(), width, 1, y, 0, added, 0, rows, false);
        dropout.residual(s, layer, branch, added, added);
        kernels.add(w.x, 0, added, 0, Panels.count(rows) * Panels.stride(e));
    }

    private void embed(Weights weights, Sequences s, Workspace w) {
        float[] flat = weights.flat;
        for (int d = 0; d < s.count(); d++) {
            for (int t = 0; t < s.length(d); t++) {
                int row = s.start(d) + t;
                int token = weights.layout.wte().offset() + s.input(row) * e;
                int position = weights.layout.wpe().offset() + t * e;
                int at = Panels.index(row, e);
                for (int i = 0; i < e; i++) {
                    w.x[at + i * Panels.ROWS] = flat[token + i] + flat[position + i];
                }
            }
        }
        panels.normalise(w.x, w.x0, w.r0, s.rows(), e);
        System.arraycopy(w.x0, 0, w.x, 0, Panels.count(s.rows()) * Panels.stride(e));
    }
}
