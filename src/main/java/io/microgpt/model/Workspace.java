package io.microgpt.model;

/**
 * Activations of a forward pass and their gradients, for up to so many rows; grown on demand and reused from step to step.
 * One thread at a time.
 */
public final class Workspace {
    /** Rows of logits held at a time, so that a large vocabulary does not make {@code R x V} floats. */
    private static final int LOGITS_FLOATS = 1 << 20;

    private int rows;
    private int length;
    private GptConfig config;

    float[] x0; // (R, E) normalised embeddings, where the residual stream starts
    float[] r0; // (R) one over the root mean square of the embeddings
    float[][] h1; // L of (R, E) normalised input of attention
    float[][] r1; // L of (R)
    float[][] qkv; // L of (R, 3E)
    float[][] attended; // L of (R, E) input of wo
    float[][] h2; // L of (R, E) normalised input of the MLP
    float[][] r2; // L of (R)
    float[][] hidden; // L of (R, M) after relu
    float[] x; // (R, E) residual stream
    double[] loss; // (R)
    float[] logits; // (chunk, V), then their gradient
    int logitsRows;

    float[] dx; // (R, E)
    float[] dh; // (R, E)
    float[] dHidden; // (R, M)
    float[] dQkv; // (R, 3E)

    float[] scores; // (T, T)
    float[] dScores; // (T, T)
    float[] transposedHead; // (E / H, T)

    void ensure(GptConfig wanted, int wantedRows, int wantedLength, boolean backward) {
        if (!wanted.equals(config)) {
            config = wanted;
            rows = 0;
            length = 0;
            dx = null;
        }
        int e = wanted.nEmbd();
        if (wantedRows > rows) {
            rows = wantedRows;
            int l = wanted.nLayer();
            x0 = new float[rows * e];
            r0 = new float[rows];
            h1 = new float[l][rows * e];
            r1 = new float[l][rows];
            qkv = new float[l][rows * 3 * e];
            attended = new float[l][rows * e];
            h2 = new float[l][rows * e];
            r2 = new float[l][rows];
            hidden = new float[l][rows * wanted.mlpDim()];
            x = new float[rows * e];
            loss = new double[rows];
            logitsRows = Math.max(1, Math.min(rows, LOGITS_FLOATS / wanted.vocabularySize()));
            logits = new float[logitsRows * wanted.vocabularySize()];
            dx = null;
        }
        if (backward && dx == null) {
            dx = new float[rows * e];
            dh = new float[rows * e];
            dHidden = new float[rows * wanted.mlpDim()];
            dQkv = new float[rows * 3 * e];
        }
        if (wantedLength > length) {
            length = wantedLength;
            scores = new float[length * length];
            dScores = new float[length * length];
            transposedHead = new float[wanted.headSize() * length];
        }
    }
}
