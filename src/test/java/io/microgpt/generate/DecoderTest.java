package io.microgpt.generate;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.kernel.CachePage;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.model.TinyModels;
import io.microgpt.model.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The logits with a cache are those without, bit for bit, however the positions are dealt to the calls. */
class DecoderTest {
    @ParameterizedTest
    @CsvSource({
        "27, 16, 4, 1, 16, 64",
        "31, 20, 4, 2, 19, 33",
        "65, 48, 3, 1, 33, 17",
        "7, 5, 5, 3, 9, 3",
        "9, 12, 2, 2, 131, 7",
        "5, 6, 1, 1, 290, 9"
    })
    void positionAfterPosition(int v, int e, int h, int l, int b, int m) {
        GptConfig config = new GptConfig(v, e, h, l, b, m);
        for (Choice choice : new Choice[] {Choice.VECTOR, Choice.SCALAR}) {
            Kernels kernels = KernelProvider.choose(choice).kernels();
            Weights weights = new Weights(config, TinyModels.weights(config, 1), kernels);
            int[] tokens = TinyModels.documents(config, 2, b - 1).get(0);
            float[] expected = new Gpt(config, kernels).logits(weights, tokens);
            Decoder decoder = new Decoder(weights);
            PagePool pool = new PagePool(config, Integer.MAX_VALUE);
            KvCache cache = new KvCache(config, pool);
            for (int t = 0; t < b; t++) {
                float[] logits = decoder.run(List.of(new Decoder.Row(cache, t, tokens[t], true)));
                assertThat(Arrays.copyOf(logits, v))
                        .as("position %d", t)
                        .isEqualTo(Arrays.copyOfRange(expected, t * v, (t + 1) * v));
            }
        }
    }

    /** Five sequences advance by random strides, side by side; some of their logits are wanted, some are not. */
    @ParameterizedTest
    @CsvSource({"27, 16, 4, 1, 16, 64", "31, 20, 4, 2, 19, 33", "65, 48, 3, 1, 33, 17", "7, 5, 5, 3, 9, 3"})
    void manySequencesTogether(int v, int e, int h, int l, int b, int m) {
        GptConfig config = new GptConfig(v, e, h, l, b, m);
        Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();
        Weights weights = new Weights(config, TinyModels.weights(config, 1), kernels);
        List<int[]> sequences = TinyModels.documents(config, 3, b - 1, b - 2, b / 2, 2, b - 1);
        List<float[]> expected = new ArrayList<>();
        List<KvCache> caches = new ArrayList<>();
        PagePool pool = new PagePool(config, Integer.MAX_VALUE);
        for (int[] tokens : sequences) {
            expected.add(new Gpt(config, kernels).logits(weights, tokens));
            caches.add(new KvCache(config, pool));
        }
        Decoder decoder = new Decoder(weights);
        Random random = new Random(4);
        int[] next = new int[sequences.size()];
        int compared = 0;
        for (int call = 0; call < 40; call++) {
            List<Decoder.Row> rows = new ArrayList<>();
            List<float[]> wanted = new ArrayList<>();
            for (int s = 0; s < sequences.size(); s++) {
                int stride = Math.min(random.nextInt(5), sequences.get(s).length - next[s]);
                for (int t = next[s]; t < next[s] + stride; t++) {
                    boolean want = random.nextBoolean();
                    rows.add(new Decoder.Row(caches.get(s), t, sequences.get(s)[t], want));
                    if (want) {
                        wanted.add(Arrays.copyOfRange(expected.get(s), t * v, (t + 1) * v));
                    }
                }
                next[s] += stride;
            }
            float[] logits = decoder.run(rows);
            for (int i = 0; i < wanted.size(); i++) {
                assertThat(Arrays.copyOfRange(logits, i * v, (i + 1) * v)).isEqualTo(wanted.get(i));
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(sequences.size());
        for (int s = 0; s < next.length; s++) {
            assertThat(next[s]).isEqualTo(sequences.get(s).length);
        }
    }

    /** Caches forked at every depth, then led apart: each as if it had been alone, and no page too many. */
    @ParameterizedTest
    @CsvSource({"27, 16, 4, 1, 50, 64", "31, 20, 4, 2, 49, 33", "7, 5, 5, 3, 33, 3"})
    void forkedCachesPartWhereTheirTokensDo(int v, int e, int h, int l, int b, int m) {
        GptConfig config = new GptConfig(v, e, h, l, b, m);
        Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();
        Weights weights = new Weights(config, TinyModels.weights(config, 1), kernels);
        Decoder decoder = new Decoder(weights);
        for (int shared : new int[] {1, 15, 16, 17, 31, 32}) {
            List<int[]> sequences = TinyModels.documents(config, shared, b - 1, b - 1, b - 1);
            PagePool pool = new PagePool(config, Integer.MAX_VALUE);
            List<KvCache> caches = new ArrayList<>(List.of(new KvCache(config, pool)));
            for (int t = 0; t < shared; t++) {
                sequences.get(1)[t] = sequences.get(0)[t];
                sequences.get(2)[t] = sequences.get(0)[t];
                decoder.run(List.of(new Decoder.Row(caches.get(0), t, sequences.get(0)[t], false)));
            }
            caches.add(caches.get(0).fork());
            caches.add(caches.get(1).fork());
            int taken = pool.taken();
            assertThat(taken).isEqualTo(PagePool.pages(shared));
            int missing = caches.get(0).missing(b);
            for (int t = shared; t < b; t++) {
                List<Decoder.Row> rows = new ArrayList<>();
                for (int s = 0; s < 3; s++) {
                    rows.add(new Decoder.Row(caches.get(s), t, sequences.get(s)[t], true));
                }
                float[] logits = decoder.run(rows);
                for (int s = 0; s < 3; s++) {
                    float[] alone = new Gpt(config, kernels).logits(weights, Arrays.copyOf(sequences.get(s), t + 1));
                    assertThat(Arrays.copyOfRange(logits, s * v, (s + 1) * v))
                            .as("sequence %d, %d shared, position %d", s, shared, t)
                            .isEqualTo(Arrays.copyOfRange(alone, t * v, (t + 1) * v));
                }
            }
            // The last to write has the page that was shared for itself.
            boolean partial = shared % CachePage.POSITIONS != 0;
            assertThat(pool.taken()).isEqualTo(taken + 3 * missing - (partial ? 1 : 0));
            caches.get(1).clear();
            caches.get(0).clear();
            assertThat(pool.taken()).isEqualTo(PagePool.pages(b));
            caches.get(2).shed();
            assertThat(caches.get(2).length()).isZero();
            assertThat(pool.taken()).isZero();
        }
    }
}
