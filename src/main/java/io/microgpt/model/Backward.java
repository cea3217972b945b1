package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.model.ParameterLayout.Layer;

/**
 * Back-propagation through the whole sequence, keys and values included. Starts from the gradient of the residual stream in
 * {@code w.dx} and adds every matrix's gradient to the flat array, row after row.
 */
final class Backward {
    private final Kernels kernels;
    private final Attention attention;
    private final int e;
    private final int m;

    Backward(GptConfig config, Kernels kernels) {
        this.kernels = kernels;
        this.attention = new Attention(config, kernels);
        this.e = config.nEmbd();
        this.m = config.mlpDim();
    }

    void run(Weights weights, Sequences s, float[] gradient, Workspace w) {
        int rows = s.rows();
        float[] flat = weights.flat;
        for (int l = w.h1.length - 1; l >= 0; l--) {
            Layer layer = weights.layout.layer(l);
            int fc1 = layer.fc1().offset();
            int fc2 = layer.fc2().offset();
            int wo = layer.wo().offset();
            int wqkv = layer.wq().offset();

            kernels.matmul(rows, m, e, w.dx, 0, e, 1, flat, fc2, m, w.dHidden, 0, m, false);
            kernels.matmul(e, m, rows, w.dx, 0, 1, e, w.hidden[l], 0, m, gradient, fc2, m, true);
            kernels.reluBackward(w.hidden[l], 0, w.dHidden, 0, rows * m);
            kernels.matmul(rows, e, m, w.dHidden, 0, m, 1, flat, fc1, e, w.dh, 0, e, false);
            kernels.matmul(m, e, rows, w.dHidden, 0, 1, m, w.h2[l], 0, e, gradient, fc1, e, true);
            normaliseBackward(w.h2[l], w.r2[l], w.dh, w.dx, rows);

            kernels.matmul(rows, e, e, w.dx, 0, e, 1, flat, wo, e, w.dh, 0, e, false);
            kernels.matmul(e, e, rows, w.dx, 0, 1, e, w.attended[l], 0, e, gradient, wo, e, true);
            for (int d = 0; d < s.count(); d++) {
                attention.backward(w.qkv[l], w.dh, w.dQkv, s.start(d), s.length(d), w);
            }
            kernels.matmul(rows, e, 3 * e, w.dQkv, 0, 3 * e, 1, flat, wqkv, e, w.dh, 0, e, false);
            kernels.matmul(3 * e, e, rows, w.dQkv, 0, 1, 3 * e, w.h1[l], 0, e, gradient, wqkv, e, true);
            normaliseBackward(w.h1[l], w.r1[l], w.dh, w.dx, rows);
        }
        embedBackward(weights, s, gradient, w);
    }

    /** Adds the gradient through {@code y = x * r} to {@code dx}, which already holds that of the residual branch. */
    private void normaliseBackward(float[] y, float[] r, float[] dy, float[] dx, int rows) {
        for (int row = 0; row < rows; row++) {
            kernels.rmsBackward(y, row * e, r[row], dy, row * e, dx, row * e, e);
        }
    }

    private void embedBackward(Weights weights, Sequences s, float[] gradient, Workspace w) {
        java.util.Arrays.fill(w.dh, 0, s.rows() * e, 0.0f);
        normaliseBackward(w.x0, w.r0, w.dx, w.dh, s.rows());
        for (int d = 0; d < s.count(); d++) {
            for (int t = 0; t < s.length(d); t++) {
                int row = s.start(d) + t;
                kernels.add(gradient, weights.layout.wte().offset() + s.input(row) * e, w.dh, row * e, e);
                kernels.add(gradient, weights.layout.wpe().offset() + t * e, w.dh, row * e, e);
            }
        }
    }
}
