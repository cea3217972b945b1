package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PanelKernels;
import io.microgpt.kernel.Panels;
import io.microgpt.model.ParameterLayout.Layer;
import io.microgpt.model.ParameterLayout.Matrix;

/** The forward pass of a set of rows, keeping what the backward pass needs. */
final class Forward {
    private static final int FIRST_ROWS = 64;

    private final Kernels kernels;
    private final PanelKernels panels;
    private final Attention attention;
    private final int e;
    private final int m;
    private final double mostActive;

    /** @param mostActive the share of hidden units up to which those that relu makes zero are passed over */
    Forward(GptConfig config, Kernels kernels, Attention attention, double mostActive) {
        this.kernels = kernels;
        this.panels = kernels.panels();
        this.attention = attention;
        this.e = config.nEmbd();
        this.m = config.mlpDim();
        this.mostActive = mostActive;
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
            afterAttention(flat, layer.wo(), s, l, dropout, w);
            panels.normalise(w.x, w.h2[l], w.r2[l], rows, e);
            int fc1 = layer.fc1().offset();
            panels.multiply(m, e, flat, fc1, e, 1, w.h2[l], 0, w.hidden[l], 0, rows, false);
            relu(rows, l, w);
            afterRelu(flat, layer.fc2(), s, l, dropout, w);
        }
    }

    /** The end of attention: its last product is added to the residual stream. */
    private void afterAttention(float[] flat, Matrix wo, Sequences s, int l, Dropout dropout, Workspace w) {
        float[] y = dropout == null ? w.x : w.dh;
        panels.multiply(e, e, flat, wo.offset(), e, 1, w.attended[l], 0, y, 0, s.rows(), dropout == null);
        dropped(s, l, Dropout.ATTENTION, dropout, w);
    }

    /** Of the hidden units, finds those that it leaves; the others it makes zero only where they are not to be passed over. */
    private void relu(int rows, int l, Workspace w) {
        // Where already the first rows have too many, the others need not be searched.
        w.sparse[l] = fewActive(Math.min(rows, FIRST_ROWS), l, w) && (rows <= FIRST_ROWS || fewActive(rows, l, w));
        if (!w.sparse[l]) {
            kernels.relu(w.hidden[l], 0, Panels.count(rows) * Panels.stride(m));
        }
    }

    private boolean fewActive(int rows, int l, Workspace w) {
        kernels.sparse().find(w.hidden[l], rows, m, w.active[l]);
        return w.active[l].count() < mostActive * rows * m;
    }

    /** The end of the MLP: likewise, from the hidden units that relu leaves. */
    private void afterRelu(float[] flat, Matrix fc2, Sequences s, int l, Dropout dropout, Workspace w) {
        float[] y = dropout == null ? w.x : w.dh;
        if (w.sparse[l]) {
            kernels.sparse().multiply(w.active[l], w.hidden[l], flat, fc2.offset(), 1, m, e, y, dropout == null);
        } else {
            panels.multiply(e, m, flat, fc2.offset(), m, 1, w.hidden[l], 0, y, 0, s.rows(), dropout == null);
        }
        dropped(s, l, Dropout.MLP, dropout, w);
    }

    /** Adds what dropout leaves of a branch, which is in {@code w.dh}, free until the backward pass. Without dropout the product has been added. */
    private void dropped(Sequences s, int layer, int branch, Dropout dropout, Workspace w) {
        if (dropout != null) {
            dropout.residual(s, layer, branch, w.dh, w.dh);
            kernels.add(w.x, 0, w.dh, 0, Panels.count(s.rows()) * Panels.stride(e));
        }
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
