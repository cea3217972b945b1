package io.microgpt.kernel;

import static io.microgpt.kernel.Floats.assertBits;
import static io.microgpt.kernel.Floats.random;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention over the pages of a cache: both kernels against plain loops over the same positions side by side. */
class CachedAttentionTest {
    private static final int LAYERS = 2;
    /** So small that every position counts. */
    private static final float SCALE = 1e-4f;

    private final Kernels scalar = KernelProvider.scalar();
    private final Kernels vector =
            KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 5", "4, 4", "3, 8", "2, 16", "4, 32", "5, 12", "1, 48", "6, 17", "2, 64"})
    void againstPlainLoops(int heads, int size) {
        int e = heads * size;
        for (int positions : new int[] {1, 2, 15, 16, 17, 33, 47, 64}) {
            for (int layer = 0; layer < LAYERS; layer++) {
                boolean specials = positions % 2 == 1;
                float[] keys = random(positions * e, 1, false);
                float[] values = random(positions * e, 2, specials);
                float[] q = random(e + 3, 3, false);
                float[] expected = loops(q, heads, size, positions, keys, values);
                for (Kernels kernels : new Kernels[] {scalar, vector}) {
                    float[][] pages = pages(e, layer, positions, keys, values);
                    float[] scores = random(heads * Kernels.padded(positions), 4, true);
                    float[] out = random(e + 5, 5, true);
                    float[] around = out.clone();
                    kernels.attend(q, 3, heads, size, SCALE, pages, layer, positions, scores, out, 2);
                    assertBits(Arrays.copyOfRange(out, 2, 2 + e), expected, "%s, %d positions", kernels, positions);
                    System.arraycopy(out, 2, around, 2, e);
                    assertBits(out, around, "what stands around it");
                }
            }
        }
    }

    /** {@return pages that held other sequences before, and hold what is no number behind the last position} */
    private static float[][] pages(int e, int layer, int positions, float[] keys, float[] values) {
        float[][] pages = new float[(positions + CachePage.POSITIONS - 1) / CachePage.POSITIONS][];
        for (int p = 0; p < pages.length; p++) {
            pages[p] = random(CachePage.floats(LAYERS, e), p, true);
        }
        for (int t = 0; t < positions; t++) {
            float[] row = new float[2 * e];
            System.arraycopy(keys, t * e, row, 0, e);
            System.arraycopy(values, t * e, row, e, e);
            CachePage.store(pages[t / CachePage.POSITIONS], layer, e, t % CachePage.POSITIONS, row, 0, e);
        }
        return pages;
    }

    private float[] loops(float[] q, int heads, int size, int positions, float[] keys, float[] values) {
        int e = heads * size;
        float[] out = new float[e];
        for (int head = 0; head < heads; head++) {
            int at = head * size;
            float[] scores = new float[positions];
            for (int t = 0; t < positions; t++) {
                for (int d = 0; d < size; d++) {
                    scores[t] = Math.fma(q[3 + at + d], keys[t * e + at + d], scores[t]);
                }
            }
            for (int t = 0; t < positions; t++) {
                scores[t] *= SCALE;
            }
            float factor = 1.0f / scalar.expSum(scores, 0, positions, scalar.max(scores, 0, positions));
            for (int t = 0; t < positions; t++) {
                for (int d = 0; d < size; d++) {
                    out[at + d] = Math.fma(scores[t] * factor, values[t * e + at + d], out[at + d]);
                }
            }
        }
        return out;
    }
}
