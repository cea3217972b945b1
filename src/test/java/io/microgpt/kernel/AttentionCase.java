package io.microgpt.kernel;

import java.util.Arrays;
import java.util.Random;

/**
 * One head of one document among others, in arrays that hold no number anywhere else: not in other heads, not in the documents before and
 * behind, not in the padding. What is made of it is given as rows one after another.
 */
record AttentionCase(int size, int heads, int head, int start, int length, boolean dropped, boolean kept, int seed) {
    private static final float[] SCALES = {0.01f, 0.5f, 1e-4f};
    private static final float[] RATES = {0.1f, 0.5f};
    private static final int OFFSET = 5;
    /** Rows of the next document. */
    private static final int BEHIND = 3;

    /** A head in the middle of others, where there are some. */
    static AttentionCase of(int size, int start, int length, int seed) {
        int heads = 1 + seed % 3;
        return new AttentionCase(size, heads, heads / 2, start, length, seed % 2 == 1, seed / 2 % 2 == 0, seed);
    }

    AttentionCase with(boolean dropoutKeys, boolean weightsKept) {
        return new AttentionCase(size, heads, head, start, length, dropoutKeys, weightsKept, seed);
    }

    AttentionCase at(int row) {
        return new AttentionCase(size, heads, head, row, length, dropped, kept, seed);
    }

    int e() {
        return heads * size;
    }

    float scale() {
        return SCALES[seed % 3];
    }

    float rate() {
        return dropped ? RATES[seed % 2] : 0.0f;
    }

    /** {@return the keys of all heads, of a caller whose array is longer now and then; null for no dropout} */
    long[] keys() {
        return dropped ? new Random(seed).longs(heads * length + seed % 5 * 7).toArray() : null;
    }

    /** {@return queries, keys or values (length, size), or a gradient of them} */
    float[] rows(int which, boolean specials) {
        return Floats.random(length * size, 10 * seed + which, specials);
    }

    /** {@return panels of {@code groups * e} channels with the rows of this head and what is no number everywhere else} */
    float[] panels(float[]... groups) {
        int n = groups.length * e();
        float[] x = new float[Panels.size(start + length + BEHIND, n)];
        Arrays.fill(x, Float.NaN);
        for (int group = 0; group < groups.length; group++) {
            for (int i = 0; i < length * size; i++) {
                x[place(group, i, n)] = groups[group][i];
            }
        }
        return x;
    }

    private int place(int group, int i, int n) {
        return PanelRows.at(0, start + i / size, group * e() + head * size + i % size, n);
    }

    float[] read(float[] x, int groups, int group) {
        float[] result = new float[length * size];
        for (int i = 0; i < result.length; i++) {
            result[i] = x[place(group, i, groups * e())];
        }
        return result;
    }

    /** {@return what came before, with what a result may change taken from after it: the document's rows and those behind} */
    float[] mayChange(float[] before, float[] after, int groups) {
        float[] result = before.clone();
        int n = groups * e();
        int end = Panels.count(start + length + BEHIND) * Panels.ROWS;
        for (int row = start; row < end; row++) {
            for (int group = 0; group < groups; group++) {
                for (int d = 0; d < e(); d++) {
                    int at = PanelRows.at(0, row, group * e() + d, n);
                    result[at] = after[at];
                }
            }
        }
        for (int i = Panels.count(start + length + BEHIND) * Panels.stride(n); i < result.length; i++) {
            result[i] = after[i];
        }
        return result;
    }

    /** {@return an array for the weights, with room for whole tiles behind; null where they are not kept} */
    float[] room() {
        return kept ? Floats.random(OFFSET + heads * PanelKernels.attentionWeights(length) + 256, 9, true) : null;
    }

    /** {@return the weights (length, length) that are kept, without what the mask hides} */
    float[] weights(float[] kept) {
        float[] result = new float[length * length];
        for (int t = 0; t < length; t++) {
            for (int s = 0; s <= t; s++) {
                result[t * length + s] = kept[
                        OFFSET
                                + head * PanelKernels.attentionWeights(length)
                                + t / Panels.ROWS * Kernels.padded(length) * Panels.ROWS
                                + s * Panels.ROWS
                                + t % Panels.ROWS];
            }
        }
        return result;
    }

    void forward(Kernels kernels, float[] qkv, float[] weights, float[] out) {
        kernels.panels().attention(qkv, e(), heads, start, length, scale(), keys(), rate(), weights, OFFSET, out);
    }

    void backward(Kernels kernels, float[] qkv, float[] weights, float[] dOut, float[] dQkv) {
        kernels.panels()
                .attentionBackward(
                        qkv, e(), heads, start, length, scale(), keys(), rate(), weights, OFFSET, dOut, dQkv);
    }

    /** Results for this head of forward and backward pass: rows one after another. */
    record Results(float[] out, float[] dQ, float[] dK, float[] dV, float[] weights) {
        void same(Results expected, String description, Object... arguments) {
            String what = String.format(description, arguments).replace("%", "%%");
            Floats.assertBits(out, expected.out, "result, " + what);
            Floats.assertBits(weights, expected.weights, "weights, " + what);
            Floats.assertBits(dQ, expected.dQ, "gradient of queries, " + what);
            Floats.assertBits(dK, expected.dK, "gradient of keys, " + what);
            Floats.assertBits(dV, expected.dV, "gradient of values, " + what);
        }
    }

    /** Runs both passes, and looks that they leave alone what is not theirs. */
    Results run(Kernels kernels, boolean specials) {
        return run(kernels, rows(0, specials), rows(1, specials), rows(2, specials), rows(3, specials));
    }

    Results run(Kernels kernels, float[] q, float[] k, float[] v, float[] gradient) {
        float[] qkv = panels(q, k, v);
        float[] dOut = panels(gradient);
        float[] qkvBefore = qkv.clone();
        float[] dOutBefore = dOut.clone();
        float[] out = Floats.random(dOut.length, 7, true);
        float[] outBefore = out.clone();
        float[] dQkv = Floats.random(qkv.length, 8, true);
        float[] dQkvBefore = dQkv.clone();
        float[] room = room();
        float[] roomBefore = room();
        forward(kernels, qkv, room, out);
        float[] p = kept ? weights(room) : new float[0];
        backward(kernels, qkv, room, dOut, dQkv);
        Floats.assertBits(qkv, qkvBefore, "inputs, %s", this);
        Floats.assertBits(dOut, dOutBefore, "gradient of the result, %s", this);
        Floats.assertBits(out, mayChange(outBefore, out, 1), "what is not of the result, %s", this);
        Floats.assertBits(dQkv, mayChange(dQkvBefore, dQkv, 3), "what is not of the gradient, %s", this);
        if (kept) {
            Floats.assertBits(Arrays.copyOf(room, OFFSET), Arrays.copyOf(roomBefore, OFFSET), "before the weights");
        }
        return new Results(read(out, 1, 0), read(dQkv, 3, 0), read(dQkv, 3, 1), read(dQkv, 3, 2), p);
    }
}
