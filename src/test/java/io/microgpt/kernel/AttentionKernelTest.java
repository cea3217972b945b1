package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention over short documents: the vector kernels against the scalar reference, and both against matrix products. */
class AttentionKernelTest {
    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    /** One head of a document in arrays that end with it: queries, keys and values beside each other, and other heads between. */
    private record Head(int size, int length, int seed) {
        int offset() {
            return seed % 3 * 2;
        }

        int row() {
            return 3 * size + seed % 2 * 7;
        }

        int outRow() {
            return size + seed % 2 * 5;
        }

        int k() {
            return offset() + size;
        }

        int v() {
            return offset() + 2 * size;
        }

        float[] qkv(int number, boolean specials) {
            return random(offset() + Math.max(0, length - 1) * row() + 3 * size, number, specials);
        }

        float[] out(int number, boolean specials) {
            return random(offset() + Math.max(0, length - 1) * outRow() + size, number, specials);
        }

        float scale() {
            return seed % 2 == 0 ? 0.01f : 0.5f;
        }

        /** {@return room for the weights, with other numbers before and behind them} */
        float[] weights() {
            return random(offset() + length * Kernels.LANES + 20, 9, true);
        }

        /** {@return the result, and the weights in {@code weights}} */
        float[] forward(Kernels kernels, float[] qkv, float[] weights) {
            float[] out = out(7, true);
            kernels.attention(
                    qkv, offset(), k(), v(), row(), size, length, scale(), weights, offset(), out, offset(), outRow());
            return out;
        }

        float[] backward(Kernels kernels, float[] qkv, float[] weights, float[] dOut) {
            float[] dQkv = qkv(8, true);
            kernels.attentionBackward(
                    qkv, offset(), k(), v(), row(), size, length, scale(), weights, offset(), dOut, offset(), outRow(),
                    dQkv);
            return dQkv;
        }

        /** {@return an array of as many rows with what is not of the head taken from another} */
        float[] outside(float[] array, float[] other, int row, int width) {
            float[] result = array.clone();
            for (int t = 0; t < length; t++) {
                System.arraycopy(other, offset() + t * row, result, offset() + t * row, width);
            }
            return result;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 8, 13, 15, 16, 17, 24, 33, 64})
    void vectorAgainstScalar(int size) {
        for (int length = 0; length <= Kernels.LANES; length++) {
            for (int seed = 0; seed < 4; seed++) {
                // The scratch memory was last used for another size and length.
                Head head = new Head(size, (length * 7 + seed) % (Kernels.LANES + 1), seed);
                float[] qkv = head.qkv(seed, seed > 1);
                float[] dOut = head.out(seed + 10, seed > 1);
                float[] weights = head.weights();
                float[] expectedWeights = head.weights();
                float[] out = head.forward(vector, qkv, weights);
                assertBits(out, head.forward(scalar, qkv, expectedWeights), "forward, %s", head);
                assertBits(weights, expectedWeights, "weights, %s", head);
                float[] dQkv = head.backward(vector, qkv, weights, dOut);
                assertBits(dQkv, head.backward(scalar, qkv, weights, dOut), "backward, %s", head);
                assertBits(weights, expectedWeights, "weights afterwards, %s", head);
                assertBits(qkv, head.qkv(seed, seed > 1), "inputs, %s", head);
                assertBits(dOut, head.out(seed + 10, seed > 1), "gradient of the result, %s", head);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16, 33})
    void nothingElseIsWritten(int size) {
        for (int length : new int[] {0, 1, 7, 16}) {
            for (int seed = 0; seed < 4; seed++) {
                Head head = new Head(size, length, seed);
                float[] qkv = head.qkv(seed, false);
                float[] dOut = head.out(seed + 10, false);
                for (Kernels kernels : List.of(scalar, vector)) {
                    float[] out = head.out(7, true);
                    float[] weights = head.weights();
                    float[] after = head.outside(head.forward(kernels, qkv, weights), out, head.outRow(), size);
                    assertBits(after, out, "forward, %s", head);
                    float[] dQkv = head.qkv(8, true);
                    float[] back = head.backward(kernels, qkv, weights, dOut);
                    assertBits(head.outside(back, dQkv, head.row(), 3 * size), dQkv, "backward, %s", head);
                    float[] before = head.weights();
                    System.arraycopy(before, head.offset(), weights, head.offset(), length * Kernels.LANES);
                    assertBits(weights, before, "weights, %s", head);
                }
            }
        }
    }

    /** Whatever comes later. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 17})
    void aPositionSeesNothingBehindIt(int size) {
        Head head = new Head(size, Kernels.LANES, 1);
        float[] qkv = head.qkv(1, false);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] whole = head.forward(kernels, qkv, head.weights());
            for (int seen = 1; seen < head.length; seen++) {
                float[] others = qkv.clone();
                Arrays.fill(others, head.offset() + seen * head.row(), others.length, 1e20f);
                int end = head.offset() + (seen - 1) * head.outRow() + size;
                float[] out = head.forward(kernels, others, head.weights());
                assertThat(out[end + head.outRow() - 1]).isNotEqualTo(whole[end + head.outRow() - 1]);
                assertBits(Arrays.copyOf(out, end), Arrays.copyOf(whole, end), "%d of %s", seen, head);
            }
        }
    }

    /** The sums are those of matrix products and of softmax over all positions, in their order. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 16, 33})
    void asByMatrixProducts(int size) {
        for (int length = 1; length <= Kernels.LANES; length++) {
            for (int seed = 0; seed < 2; seed++) {
                Head h = new Head(size, length, seed);
                float[] qkv = h.qkv(seed, false);
                float[] dOut = h.out(seed + 10, false);
                int n = length;
                int row = h.row();
                int w = Kernels.LANES;
                float[] weights = h.weights();
                Arrays.fill(weights, h.offset(), h.offset() + n * w, 0.0f);
                float[] p = new float[n * n];
                float[] out = h.out(7, true);
                scalar.matmul(n, n, size, qkv, h.offset(), row, 1, qkv, h.k(), 1, row, p, 0, n, false);
                scalar.softmax(p, 0, n, n, 1, 1, 0, h.scale(), null);
                hide(p, n);
                scalar.matmul(n, size, n, p, 0, n, 1, qkv, h.v(), row, 1, out, h.offset(), h.outRow(), false);

                float[] dp = new float[n * n];
                float[] dQkv = h.qkv(8, true);
                scalar.matmul(n, n, size, dOut, h.offset(), h.outRow(), 1, qkv, h.v(), 1, row, dp, 0, n, false);
                scalar.softmaxBackward(p, 0, dp, 0, n, n, 1, 1, 0, h.scale());
                hide(dp, n);
                scalar.matmul(n, size, n, dp, 0, n, 1, qkv, h.k(), row, 1, dQkv, h.offset(), row, false);
                scalar.matmul(n, size, n, dp, 0, 1, n, qkv, h.offset(), row, 1, dQkv, h.k(), row, false);
                scalar.matmul(n, size, n, p, 0, 1, n, dOut, h.offset(), h.outRow(), 1, dQkv, h.v(), row, false);
                for (int t = 0; t < n; t++) {
                    System.arraycopy(p, t * n, weights, h.offset() + t * w, n);
                }
                for (Kernels kernels : List.of(scalar, vector)) {
                    float[] kept = h.weights();
                    assertBits(h.forward(kernels, qkv, kept), out, "forward, %s, %s", h, kernels.name());
                    assertBits(kept, weights, "weights, %s, %s", h, kernels.name());
                    assertBits(h.backward(kernels, qkv, kept, dOut), dQkv, "backward, %s, %s", h, kernels.name());
                }
                assertThat(p[n * n - 1]).isNotNaN();
            }
        }
    }

    /** Zeros above the diagonal. */
    private static void hide(float[] p, int n) {
        for (int t = 0; t < n; t++) {
            Arrays.fill(p, t * n + t + 1, (t + 1) * n, 0.0f);
        }
    }
}
