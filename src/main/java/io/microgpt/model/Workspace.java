package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.PackedMatrix;

/** Activations of a forward pass and their gradients, for up to so many rows; grown on demand and reused from step to step. */
final class Workspace {
    /** Floats of logits held at a time, so that a large vocabulary does not make {@code R x V} of them. */
    static final int LOGITS_FLOATS = 1 << 24;

    private int rows;
    private int length;

    float[] x0; // (R, E) normalised embeddings, where the residual stream starts
    float[] r0; // (R) one over the root mean square of the embeddings
    float[][] h1; // L of (R, E) normalised input of attention
    float[][] r1; // L of (R)
    float[][] qkv; // L of (R, 3E)
    float[][] attentionWeights; // L of (R, H, KEPT), of documents of up to KEPT positions
    float[][] attended; // L of (R, E) input of wo
    float[][] h2; // L of (R, E) normalised input of the MLP
    float[][] r2; // L of (R)
    float[][] hidden; // L of (R, M) after relu
    float[] x; // (R, E) residual stream
    double[] loss; // (R)
    boolean[] hits; // (R) whether the target has the largest logit
    float[] logits; // (chunk, V padded), then their gradient
    float[] logitSums; // (chunk, 2) maximum and sum of exponentials
    int logitsRows;
    int logitsRow; // V padded

    float[] dx; // (R, E)
    float[] dh; // (R, E)
    float[] dHidden; // (R, M)
    float[] dQkv; // (R, 3E)

    int scoresRow; // T padded
    float[] scores; // (Attention.ROWS, T padded)
    float[] dScores; // (Attention.ROWS, T padded)
    final PackedMatrix keys = new PackedMatrix(); // (T, E / H)
    final PackedMatrix values = new PackedMatrix(); // (T, E / H)
    final PackedMatrix keysTransposed = new PackedMatrix(); // (E / H, T)
    final PackedMatrix valuesTransposed = new PackedMatrix(); // (E / H, T)

    private float[][] embeddingSums = {}; // gradients of the embeddings of a leaf

    /** {@return bytes of a workspace for so many rows and documents of up to {@code length} positions, backward too} */
    static long bytes(GptConfig config, long rows, int length) {
        long e = config.nEmbd();
        long kept = Math.min(rows, Pass.GROUP_ROWS) * config.nHead() * Attention.KEPT;
        long layer = rows * (6 * e + config.mlpDim()) + kept;
        long beside = rows * (7 * e + config.mlpDim()) + 2L * Attention.ROWS * Math.max(Attention.KEPT, length);
        long logitsRow = Kernels.padded(config.vocabularySize());
        long logits = logitsRow * Math.max(1, Math.min(rows, LOGITS_FLOATS / logitsRow));
        return Float.BYTES * (config.nLayer() * layer + beside + logits);
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

    void ensure(GptConfig wanted, int wantedRows, int wantedLength, boolean backward) {
        if (wantedRows > rows) {
            // A little more than is asked, so that ragged batches soon stop growing it.
            rows = wantedRows + wantedRows / 8;
            allocate(wanted);
            dx = null;
        }
        if (backward && dx == null) {
            dx = new float[rows * wanted.nEmbd()];
            dh = new float[rows * wanted.nEmbd()];
            dHidden = new float[rows * wanted.mlpDim()];
            dQkv = new float[rows * 3 * wanted.nEmbd()];
        }
        if (wantedLength > length) {
            length = wantedLength;
            scoresRow = Math.max(Attention.KEPT, Kernels.padded(length));
            scores = new float[Attention.ROWS * scoresRow];
            dScores = new float[Attention.ROWS * scoresRow];
        }
    }

    private void allocate(GptConfig wanted) {
        int e = wanted.nEmbd();
        int l = wanted.nLayer();
        x0 = new float[rows * e];
        r0 = new float[rows];
        h1 = new float[l][rows * e];
        r1 = new float[l][rows];
        qkv = new float[l][rows * 3 * e];
        // A group of more rows is one long document, which keeps none.
        attentionWeights = new float[l][Math.min(rows, Pass.GROUP_ROWS) * wanted.nHead() * Attention.KEPT];
        attended = new float[l][rows * e];
        h2 = new float[l][rows * e];
        r2 = new float[l][rows];
        hidden = new float[l][rows * wanted.mlpDim()];
        x = new float[rows * e];
        loss = new double[rows];
        hits = new boolean[rows];
        logitsRow = Kernels.padded(wanted.vocabularySize());
        logitsRows = Math.max(1, Math.min(rows, LOGITS_FLOATS / logitsRow));
        logits = new float[logitsRows * logitsRow];
        logitSums = new float[logitsRows * 2];
    }
}
