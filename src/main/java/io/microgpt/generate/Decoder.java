package io.microgpt.generate;

import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.PackedWeights;
import io.microgpt.model.Rows;
import io.microgpt.model.Weights;
import java.util.List;

/**
 * The forward pass with a cache. A row is one new position of some sequence; all rows go through the matrix products together,
 * whether they are the prompt of one sequence or the next token of many. A row's logits have the same bits as in {@link
 * io.microgpt.model.Gpt#logits}, which has no cache. One thread at a time.
 */
final class Decoder {
    private final Weights weights;
    private final Kernels kernels;
    private final GptConfig config;
    private float[] x = new float[0]; // (R, E)
    private float[] h; // (R, E)
    private float[] r; // (R)
    private float[] qkv; // (R, 3E)
    private float[] attended; // (R, E)
    private float[] hidden; // (R, M)
    private float[] logits; // (R, V)
    private final float[] scores; // (H, B padded)
    private long positions;

    Decoder(Weights weights) {
        this.weights = weights;
        this.kernels = weights.kernels();
        this.config = weights.config();
        this.scores = new float[config.nHead() * Kernels.padded(config.blockSize())];
    }

    /**
     * One new position of a sequence. Rows of one sequence come in the order of their positions.
     *
     * @param wanted whether the logits after this position are needed
     */
    record Row(KvCache cache, int position, int token, boolean wanted) {}

    /** {@return the logits of the wanted rows, in their order: (wanted, V), valid until the next call} */
    float[] run(List<Row> rows) {
        int n = rows.size();
        int e = config.nEmbd();
        int m = config.mlpDim();
        int v = config.vocabularySize();
        ensure(n);
        PackedWeights packed = weights.packed();
        for (int i = 0; i < n; i++) {
            Row row = rows.get(i);
            row.cache().open(row.position());
            Rows.embedding(kernels, weights, row.token(), row.position(), h, i * e);
        }
        positions += n;
        kernels.normalise(h, x, r, n, e);
        for (int l = 0; l < config.nLayer(); l++) {
            kernels.normalise(x, h, r, n, e);
            kernels.matmul(n, 3 * e, e, h, 0, e, packed.qkv(l), qkv, 0, 3 * e, false);
            for (int i = 0; i < n; i++) {
                Row row = rows.get(i);
                row.cache().attend(kernels, l, row.position(), qkv, i * 3 * e, scores, attended, i * e);
            }
            kernels.matmul(n, e, e, attended, 0, e, packed.wo(l), x, 0, e, true);
            kernels.normalise(x, h, r, n, e);
            kernels.matmul(n, m, e, h, 0, e, packed.fc1(l), hidden, 0, m, false);
            kernels.relu(hidden, 0, n * m);
            kernels.matmul(n, e, m, hidden, 0, m, packed.fc2(l), x, 0, e, true);
        }
        int wanted = 0;
        for (int i = 0; i < n; i++) {
            if (rows.get(i).wanted()) {
                System.arraycopy(x, i * e, h, wanted * e, e);
                wanted++;
            }
        }
        if (logits.length < wanted * v) {
            logits = new float[wanted * v];
        }
        kernels.matmul(wanted, v, e, h, 0, e, packed.lmHead(), logits, 0, v, false);
        return logits;
    }

    /** {@return how many positions were computed since the beginning} */
    long positions() {
        return positions;
    }

    private void ensure(int rows) {
        int e = config.nEmbd();
        if (x.length < rows * e) {
            h = new float[Math.multiplyExact(rows, e)];
            r = new float[rows];
            qkv = new float[Math.multiplyExact(rows, 3 * e)];
            attended = new float[rows * e];
            hidden = new float[Math.multiplyExact(rows, config.mlpDim())];
            logits = new float[0];
            x = new float[rows * e]; // the last: it says that the others are there
        }
    }
}
