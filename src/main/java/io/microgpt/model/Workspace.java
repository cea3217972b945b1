package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.Nonzeros;
import io.microgpt.kernel.Panels;
import io.microgpt.kernel.SparseKernels;

/**
 * Activations of a forward pass and their gradients, in {@link Panels}, for up to so many rows R; grown on demand and reused from step to
 * step.
 */
final class Workspace {
    /** Floats of logits held at a time, so that a large vocabulary does not make {@code R x V} of them. */
    static final int LOGITS_FLOATS = 1 << 24;

    private int rows;
    private int kept;

    float[] x0; // (R, E) normalised embeddings, where the residual stream starts
    float[] r0; // (R) one over the root mean square of the embeddings
    float[][] h1; // L of (R, E) normalised input of attention
    float[][] r1; // L of (R)
    float[][] qkv; // L of (R, 3E)
    float[][] attentionWeights; // L of those of documents that keep them
    float[][] attended; // L of (R, E) input of wo
    float[][] h2; // L of (R, E) normalised input of the MLP
    float[][] r2; // L of (R)
    float[][] hidden; // L of (R, M) before relu
    Nonzeros[] active; // L of (R, M): what relu leaves of it
    boolean[] sparse; // L: whether what it does not leave is passed over, and not made zero
    float[] x; // (R, E) residual stream
    double[] loss; // (R)
    boolean[] hits; // (R) whether the target has the largest logit
    float[] logits; // (chunk, V), then their gradient
    float[] logitMaxima; // (chunk)
    float[] logitSums; // (chunk) of exponentials over the maximum
    int logitsRows;

    float[] dx; // (R, E)
    float[] dh; // (R, E)
    float[] dHidden; // (R, M)
    float[] dQkv; // (R, 3E)
    float[] dEmbeddings; // (R, E), row after row

    private float[][] embeddingSums = {}; // gradients of the embeddings of a leaf

    /** {@return bytes of a workspace for so many rows, backward too; about, for documents of few positions keep more attention weights a row} */
    static long bytes(GptConfig config, long rows) {
        long e = config.nEmbd();
        long kept = Math.min(rows, Pass.GROUP_ROWS) * config.nHead() * Attention.KEPT;
        long layer = rows * (6 * e + config.mlpDim()) + kept;
        long beside = rows * (8 * e + config.mlpDim()) + SparseKernels.scratch(rows, config.mlpDim(), e);
        long logits = Panels.size(logitsRows(config, rows), config.vocabularySize());
        return Float.BYTES * (config.nLayer() * layer + beside + logits);
    }

    private static int logitsRows(GptConfig config, long rows) {
        long most = (long) LOGITS_FLOATS / Panels.stride(config.vocabularySize());
        return (int) Math.min(rows, Math.max(1, most) * Panels.ROWS);
    }

    /** {@return an array for {@code size} floats of any content, one for each {@code index}} */
    float[] embeddingSum(int index, int size) {
        if (index >= embeddingSums.length) {
            embeddingSums = java.util.Arrays.copyOf(embeddingSums, index + 1);
        }
        if (embeddingSums[index] == null) {
            embeddingSums[index] = new float[size];
        }
        return embeddingSums[index];
    }

    void ensure(GptConfig wanted, Sequences s, boolean backward) {
        if (s.rows() > rows) {
            // A little more than is asked, so that ragged batches soon stop growing it.
            rows = Panels.count(s.rows() + s.rows() / 8) * Panels.ROWS;
            allocate(wanted);
            dx = null;
        }
        if (backward && dx == null) {
            dx = new float[Panels.size(rows, wanted.nEmbd())];
            dh = new float[dx.length];
            dHidden = new float[Panels.size(rows, wanted.mlpDim())];
            dQkv = new float[Panels.size(rows, 3 * wanted.nEmbd())];
            dEmbeddings = new float[dx.length];
        }
        long needed = 0;
        for (int d = 0; d < s.count(); d++) {
            needed += Attention.kept(wanted.nHead(), s.length(d));
        }
        if (attentionWeights == null || needed > kept) {
            kept = Math.toIntExact(needed + needed / 8);
            // Whole tiles and blocks are written.
            attentionWeights = new float[wanted.nLayer()][kept + Kernels.LANES * Kernels.LANES];
        }
    }

    private void allocate(GptConfig wanted) {
        int l = wanted.nLayer();
        int e = Panels.size(rows, wanted.nEmbd());
        x0 = new float[e];
        r0 = new float[rows];
        h1 = new float[l][e];
        r1 = new float[l][rows];
        qkv = new float[l][Panels.size(rows, 3 * wanted.nEmbd())];
        attended = new float[l][e];
        h2 = new float[l][e];
        r2 = new float[l][rows];
        hidden = new float[l][Panels.size(rows, wanted.mlpDim())];
        active = new Nonzeros[l];
        sparse = new boolean[l];
        java.util.Arrays.setAll(active, i -> new Nonzeros());
        x = new float[e];
        loss = new double[rows];
        hits = new boolean[rows];
        logitsRows = logitsRows(wanted, rows);
        logits = new float[Panels.size(logitsRows, wanted.vocabularySize())];
        logitMaxima = new float[Panels.count(logitsRows) * Panels.ROWS];
        logitSums = new float[logitMaxima.length];
    }
}
