package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.LeafTree;
import io.microgpt.kernel.PanelKernels;
import io.microgpt.kernel.Panels;
import io.microgpt.model.ParameterLayout.Layer;

/**
 * Back-propagation through the whole sequence, keys and values included. Starts from the gradient of the residual stream in
 * {@code w.dx} and adds every matrix's gradient to that of each run of rows, row after row.
 */
final class Backward {
    private final Kernels kernels;
    private final PanelKernels panels;
    private final Attention attention;
    private final int e;
    private final int m;

    Backward(GptConfig config, Kernels kernels, Attention attention) {
        this.kernels = kernels;
        this.panels = kernels.panels();
        this.attention = attention;
        this.e = config.nEmbd();
        this.m = config.mlpDim();
    }

    /** @param dropout that of the forward pass; null for none */
    void run(Weights weights, Sequences s, Dropout dropout, Workspace w) {
        int rows = s.rows();
        float[] flat = weights.flat;
        for (int l = w.h1.length - 1; l >= 0; l--) {
            Layer layer = weights.layout.layer(l);
            int fc1 = layer.fc1().offset();
            int fc2 = layer.fc2().offset();
            int wo = layer.wo().offset();
            int wqkv = layer.wq().offset();

            float[] dy = branch(s, l, Dropout.MLP, dropout, w);
            panels.multiply(m, e, flat, fc2, 1, m, dy, 0, w.dHidden, 0, rows, false);
            if (w.sparse[l]) {
                mlpGradients(s, l, dy, fc1, fc2, w);
                kernels.sparse().multiply(w.active[l], w.dHidden, flat, fc1, e, 1, e, w.dh, false);
            } else {
                weightGradient(s, e, m, dy, w.hidden[l], fc2);
                kernels.reluBackward(w.hidden[l], 0, w.dHidden, 0, Panels.count(rows) * Panels.stride(m));
                panels.multiply(e, m, flat, fc1, 1, e, w.dHidden, 0, w.dh, 0, rows, false);
                weightGradient(s, m, e, w.dHidden, w.h2[l], fc1);
            }
            panels.normaliseBackward(w.h2[l], w.r2[l], w.dh, w.dx, rows, e);

            dy = branch(s, l, Dropout.ATTENTION, dropout, w);
            panels.multiply(e, e, flat, wo, 1, e, dy, 0, w.dh, 0, rows, false);
            weightGradient(s, e, e, dy, w.attended[l], wo);
            attention.backward(l, s, dropout, w);
            panels.multiply(e, 3 * e, flat, wqkv, 1, e, w.dQkv, 0, w.dh, 0, rows, false);
            weightGradient(s, 3 * e, e, w.dQkv, w.h1[l], wqkv);
            panels.normaliseBackward(w.h1[l], w.r1[l], w.dh, w.dx, rows, e);
        }
        embedBackward(weights.layout, s, w);
    }

    /** {@return the gradient of what a branch adds to the residual stream (R, E)} */
    private static float[] branch(Sequences s, int layer, int branch, Dropout dropout, Workspace w) {
        if (dropout == null) {
            return w.dx;
        }
        float[] dy = w.dQkv; // free until attention's backward pass
        dropout.residual(s, layer, branch, w.dx, dy);
        return dy;
    }

    /** Gradient of a matrix (out, in), of each run: {@code dy^T . x} over its rows. */
    private void weightGradient(Sequences s, int out, int in, float[] dy, float[] x, int matrix) {
        for (int i = 0; i < s.runs(); i++) {
            Sequences.Run r = s.run(i);
            if (r.leaves != null) {
                panels.weightGradient(out, in, dy, x, r.leaves, r.gradient, matrix);
            } else if (r.end > r.start) {
                panels.weightGradient(out, in, dy, 0, x, 0, r.start, r.end, r.gradient, matrix, !r.fresh);
            }
        }
    }

    /** Gradients of the two matrices of an MLP, of each run. */
    private void mlpGradients(Sequences s, int l, float[] dy, int fc1, int fc2, Workspace w) {
        for (int i = 0; i < s.runs(); i++) {
            Sequences.Run r = s.run(i);
            if (r.leaves != null || r.end > r.start) {
                boolean accumulate = r.leaves == null && !r.fresh;
                float[] to = r.gradient;
                kernels.sparse()
                        .gradients(
                                w.active[l],
                                r.tree(),
                                w.hidden[l],
                                w.dHidden,
                                w.h2[l],
                                dy,
                                e,
                                to,
                                fc1,
                                fc2,
                                accumulate);
            }
        }
    }

    private void embedBackward(ParameterLayout layout, Sequences s, Workspace w) {
        java.util.Arrays.fill(w.dh, 0, Panels.count(s.rows()) * Panels.stride(e), 0.0f);
        panels.normaliseBackward(w.x0, w.r0, w.dx, w.dh, s.rows(), e);
        panels.toRows(w.dh, s.rows(), e, w.dEmbeddings);
        int size = layout.wte().size() + layout.wpe().size(); // neighbours in the layout, and its first
        int d = 0;
        for (int i = 0; i < s.runs(); i++) {
            Sequences.Run run = s.run(i);
            if (run.leaves != null) {
                d = embedByLeaves(layout, s, d, run, size, w);
            } else if (run.end > run.start) {
                if (run.fresh) {
                    java.util.Arrays.fill(run.gradient, 0, size, 0.0f);
                }
                d = embedRows(layout, s, d, run.end, run.gradient, w);
            }
        }
    }

    /** Adds the gradients of the documents from {@code d} up to row {@code end}. {@return the next document} */
    private int embedRows(ParameterLayout layout, Sequences s, int d, int end, float[] gradient, Workspace w) {
        int wte = layout.wte().offset();
        int wpe = layout.wpe().offset();
        int next = d;
        for (; next < s.count() && s.start(next) < end; next++) {
            for (int t = 0; t < s.length(next); t++) {
                int row = s.start(next) + t;
                kernels.add(gradient, wte + s.input(row) * e, w.dEmbeddings, row * e, e);
                kernels.add(gradient, wpe + t * e, w.dEmbeddings, row * e, e);
            }
        }
        return next;
    }

    /** The same for each leaf by itself, and the sums in the tree. */
    private int embedByLeaves(ParameterLayout layout, Sequences s, int d, Sequences.Run run, int size, Workspace w) {
        LeafTree leaves = run.leaves;
        int next = d;
        int top = -1;
        for (int op = 0; op < leaves.length(); op++) {
            int leaf = leaves.operation(op);
            if (leaf == LeafTree.ADD) {
                kernels.add(sum(run, top - 1, size, w), 0, sum(run, top, size, w), 0, size);
                top--;
            } else {
                float[] sum = sum(run, ++top, size, w);
                java.util.Arrays.fill(sum, 0, size, 0.0f);
                next = embedRows(layout, s, next, leaves.start(leaf + 1), sum, w);
            }
        }
        return next;
    }

    /** {@return where a sum waits: the lowest in its place in the gradient} */
    private static float[] sum(Sequences.Run run, int height, int size, Workspace w) {
        return height == 0 ? run.gradient : w.embeddingSum(height - 1, size);
    }
}
