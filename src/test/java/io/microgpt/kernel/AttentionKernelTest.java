package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention over short and long documents, wherever they begin: the vector kernels have the bits of the scalar reference. */
class AttentionKernelTest {
    private static final int[] LONG = {48, 64, 65, 100, 130};

    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    private void same(AttentionCase c, boolean specials) {
        c.run(vector, specials).same(c.run(scalar, specials), "%s, specials %b", c, specials);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 16, 17, 32})
    void shortDocuments(int size) {
        for (int length = 1; length <= 17; length++) {
            for (int start = 0; start < Panels.ROWS; start++) {
                // The scratch memory was last used for another length.
                int seed = start + length;
                AttentionCase c = AttentionCase.of(size, start + seed % 2 * 16, (length * 7 + start) % 17 + 1, seed);
                same(c, seed % 3 == 0);
                same(c.with(!c.dropped(), c.kept()), seed % 3 == 1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 16, 17, 32})
    void longDocuments(int size) {
        for (int start = 0; start < Panels.ROWS; start++) {
            AttentionCase c = AttentionCase.of(size, start, LONG[(start + size) % LONG.length], start);
            same(c, start % 5 == 0);
        }
        for (int i = 0; i < LONG.length; i++) {
            for (boolean dropped : new boolean[] {false, true}) {
                AttentionCase c = AttentionCase.of(size, 3 * i, LONG[i], i);
                same(c.with(dropped, true), false);
                same(c.with(dropped, false), i % 2 == 0);
            }
        }
    }

    /** Products so small that all lanes of a sum are minus zero, but for those that go on over what the mask hides. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theSignOfZero(boolean kept) {
        int length = 24;
        AttentionCase c = AttentionCase.of(1, 0, length, 1).with(false, kept);
        float[] q = new float[length];
        float[] k = new float[length];
        float[] v = new float[length];
        float[] gradient = new float[length];
        Arrays.fill(q, Float.MIN_VALUE);
        Arrays.fill(k, 1.0f);
        Arrays.fill(v, -1.0f);
        Arrays.fill(gradient, Float.MIN_VALUE);
        q[21] = -Float.MIN_VALUE;
        q[23] = -Float.MIN_VALUE;
        v[20] = -0.1f;
        gradient[21] = 1.0f;
        c.run(vector, q, k, v, gradient).same(c.run(scalar, q, k, v, gradient), "%s", c);
    }

    /** Blocks of sixteen positions and, backward, of four times as many. */
    @Test
    void everyLength() {
        for (int length = 1; length < 84; length++) {
            same(AttentionCase.of(6, length * 5 % 16, length, length), false);
        }
    }

    /** Going backward without kept weights computes the same; and dropout of nothing is nothing but a multiplication by one. */
    @ParameterizedTest
    @CsvSource({"1, 1", "5, 7", "4, 16", "16, 17", "17, 48", "3, 65", "8, 100"})
    void keptOrNot(int size, int length) {
        for (Kernels kernels : List.of(scalar, vector)) {
            for (boolean dropped : new boolean[] {false, true}) {
                AttentionCase c = AttentionCase.of(size, 11, length, 4);
                AttentionCase.Results kept = c.with(dropped, true).run(kernels, false);
                AttentionCase.Results not = c.with(dropped, false).run(kernels, false);
                new AttentionCase.Results(not.out(), not.dQ(), not.dK(), not.dV(), kept.weights()).same(kept, "%s", c);
            }
        }
    }

    /** The document has the same bits wherever it begins. */
    @ParameterizedTest
    @CsvSource({"1, 1", "5, 7", "4, 16", "16, 17", "17, 48", "3, 65"})
    void whereverItBegins(int size, int length) {
        for (Kernels kernels : List.of(scalar, vector)) {
            AttentionCase c = AttentionCase.of(size, 0, length, 5);
            AttentionCase.Results first = c.run(kernels, false);
            for (int start = 1; start < 34; start++) {
                c.at(start).run(kernels, false).same(first, "%s at %d", kernels.name(), start);
            }
        }
    }

    /** Whatever comes later. */
    @ParameterizedTest
    @CsvSource({"1, 16, 3", "4, 13, 0", "17, 15, 7", "5, 50, 9"})
    void aPositionSeesNothingBehindIt(int size, int length, int start) {
        AttentionCase c = AttentionCase.of(size, start, length, 2).with(false, true);
        for (Kernels kernels : List.of(scalar, vector)) {
            float[] whole = c.run(kernels, false).out();
            for (int seen = 1; seen < length; seen++) {
                float[] q = c.rows(0, false);
                float[] k = c.rows(1, false);
                float[] v = c.rows(2, false);
                for (float[] rows : List.of(q, k, v)) {
                    Arrays.fill(rows, seen * size, length * size, 1e20f);
                }
                float[] out = c.run(kernels, q, k, v, c.rows(3, false)).out();
                assertThat(out[seen * size]).isNotEqualTo(whole[seen * size]);
                assertBits(Arrays.copyOf(out, seen * size), Arrays.copyOf(whole, seen * size), "%d of %s", seen, c);
            }
        }
    }

    /** Documents one after another, heads one after another: each has the bits that it has alone. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void documentsInCompany(boolean kept) {
        int[] lengths = {7, 1, 16, 33, 5, 17, 64, 2, 48, 3};
        int heads = 3;
        int size = 5;
        int e = heads * size;
        int rows = Arrays.stream(lengths).sum();
        float[] qkv = PanelRows.random(rows, 3 * e, 0, 1, false);
        float[] dOut = PanelRows.random(rows, e, 0, 2, false);
        int floats = heads
                * Arrays.stream(lengths).map(PanelKernels::attentionWeights).sum();
        for (Kernels kernels : List.of(scalar, vector)) {
            PanelKernels panels = kernels.panels();
            float[] weights = kept ? new float[floats + 256] : null;
            float[] out = new float[dOut.length];
            float[] dQkv = new float[qkv.length];
            for (int pass = 0; pass < 2; pass++) {
                int start = 0;
                int at = 0;
                for (int n : lengths) {
                    if (pass == 0) {
                        panels.attention(qkv, e, heads, start, n, 0.01f, null, 0.0f, weights, at, out);
                    } else {
                        panels.attentionBackward(qkv, e, heads, start, n, 0.01f, null, 0.0f, weights, at, dOut, dQkv);
                    }
                    at += heads * PanelKernels.attentionWeights(n);
                    start += n;
                }
            }
            int start = 0;
            for (int n : lengths) {
                for (int head = 0; head < heads; head++) {
                    AttentionCase c = new AttentionCase(size, heads, head, start, n, false, kept, 0);
                    AttentionCase.Results alone =
                            c.run(scalar, c.read(qkv, 3, 0), c.read(qkv, 3, 1), c.read(qkv, 3, 2), c.read(dOut, 1, 0));
                    new AttentionCase.Results(
                                    c.read(out, 1, 0),
                                    c.read(dQkv, 3, 0),
                                    c.read(dQkv, 3, 1),
                                    c.read(dQkv, 3, 2),
                                    alone.weights())
                            .same(alone, "%s in company, %s", c, kernels.name());
                }
                start += n;
            }
        }
    }
}
