package io.microgpt.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.generate.Completion.Finish;
import io.microgpt.generate.Completions.Completed;
import io.microgpt.generate.Generator.Options;
import io.microgpt.generate.Generator.Prompt;
import io.microgpt.kernel.CachePage;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.TinyModels;
import io.microgpt.model.Weights;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who runs beside whom, and in how little memory, changes nothing; and all pages come back. */
class BatchTest {
    private static final GptConfig CONFIG = new GptConfig(11, 8, 2, 2, 70, 12);
    private static final int BOUNDARY = 10;
    private static final int BLOCK = PagePool.pages(70);
    private static final Options OPTIONS = new Options(new Sampling(1.1, 0, 1.0), 90, OptionalInt.of(BOUNDARY));

    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();
    private final Weights weights = new Weights(CONFIG, TinyModels.weights(CONFIG, 5), kernels);

    /** Alone, few or many together; in pages for one sequence, a few more, or without limit. */
    @ParameterizedTest
    @CsvSource({"1, 5", "64, 5", "64, 6", "64, 7", "3, 9", "64, 9", "12, 20", "64, 40", "64, 1000000", "500, 1000000"})
    void neitherTheBatchNorTheMemoryShows(int together, int pages) {
        List<Prompt> prompts = prompts(40, 5);
        List<List<Completion>> alone = new ArrayList<>();
        for (Prompt prompt : prompts) {
            PagePool pool = new PagePool(CONFIG, Integer.MAX_VALUE);
            alone.addAll(new Generator(weights, OPTIONS, 1, pool).complete(List.of(prompt)));
        }
        Set<Finish> finishes = new HashSet<>();
        alone.forEach(each -> each.forEach(completion -> finishes.add(completion.finish())));
        assertThat(finishes).containsExactlyInAnyOrder(Finish.STOP, Finish.LENGTH);

        PagePool pool = new PagePool(CONFIG, pages);
        Generator generator = new Generator(weights, OPTIONS, together, pool);
        for (int time = 0; time < 2; time++) {
            assertThat(Bits.ofAll(generator.complete(prompts))).isEqualTo(Bits.ofAll(alone));
            assertThat(pool.taken()).isZero();
        }
        assertThat(pool.most()).isLessThanOrEqualTo(pages);
    }

    @Test
    void moreRowsThanOneForwardPassTakes() {
        List<Prompt> prompts = IntStream.range(0, 40)
                .mapToObj(i -> new Prompt(new int[69 - i % 9], i, 1))
                .toList();
        List<List<Completion>> alone = new ArrayList<>();
        Generator one = new Generator(weights, OPTIONS);
        prompts.forEach(prompt -> alone.addAll(one.complete(List.of(prompt))));
        PagePool pool = new PagePool(CONFIG, Integer.MAX_VALUE);
        assertThat(Bits.ofAll(new Generator(weights, OPTIONS, 64, pool).complete(prompts)))
                .isEqualTo(Bits.ofAll(alone));
    }

    /** A prompt of 60 tokens, full and partly full pages, each once: then up to 6 tokens a sample, the last of which needs no position. */
    @Test
    void aPromptIsComputedOnceForAllItsSamples() {
        Options options = new Options(new Sampling(1.0, 0, 1.0), 6, OptionalInt.empty());
        for (int samples : new int[] {1, 9, 150}) {
            PagePool pool = new PagePool(CONFIG, Integer.MAX_VALUE);
            Generator generator = new Generator(weights, options, 20, pool);
            assertThat(generator
                            .complete(List.of(new Prompt(new int[60], 3, samples)))
                            .get(0))
                    .hasSize(samples)
                    .allSatisfy(completion -> assertThat(completion.tokens()).hasSize(6));
            assertThat(generator.positions()).isEqualTo(60 + samples * 5);
            // Three full pages and the partial one are shared; each sample writes its own copy and one more page.
            assertThat(pool.most()).isLessThanOrEqualTo(4 + 2 * Math.min(20, samples));
            assertThat(pool.taken()).isZero();
        }
    }

    /** In a pool for two whole blocks some sequences must give way, but they are not computed again and again. */
    @ParameterizedTest
    @ValueSource(ints = {1, 20})
    void littleMemoryCostsLittle(int samples) {
        List<Prompt> prompts = prompts(60, samples);
        Generator roomy = new Generator(weights, OPTIONS, 64, new PagePool(CONFIG, Integer.MAX_VALUE));
        Generator tight = new Generator(weights, OPTIONS, 64, new PagePool(CONFIG, 2 * BLOCK));
        roomy.complete(prompts);
        tight.complete(prompts);
        assertThat((double) tight.positions() / roomy.positions()).isBetween(1.001, 1.4);
    }

    /** Whoever says or hears token 3 fails; the others do not notice, and the pages with the damage are good for the next. */
    @ParameterizedTest
    @CsvSource({"1, 5", "64, 12", "64, 1000000"})
    void whatIsNotANumberStaysWithItsOwnSequence(int together, int pages) {
        float[] damaged = TinyModels.weights(CONFIG, 5);
        damaged[3 * CONFIG.nEmbd()] = Float.NaN; // wte
        Weights poisoned = new Weights(CONFIG, damaged, kernels);
        List<Prompt> prompts = prompts(60, 3);
        List<List<Completion>> expected =
                new Generator(weights, OPTIONS, 64, new PagePool(CONFIG, Integer.MAX_VALUE)).complete(prompts);
        PagePool pool = new PagePool(CONFIG, pages);
        List<List<Completion>> actual = new Generator(poisoned, OPTIONS, together, pool).complete(prompts);
        assertThat(pool.taken()).isZero();
        int failed = 0;
        int well = 0;
        for (int i = 0; i < prompts.size(); i++) {
            for (int sample = 0; sample < prompts.get(i).samples(); sample++) {
                Completion was = expected.get(i).get(sample);
                Completion is = actual.get(i).get(sample);
                boolean heard = IntStream.of(prompts.get(i).tokens()).anyMatch(token -> token == 3);
                // Where the last token is a 3, nothing was computed from it.
                int[] said = was.tokens();
                int computed = was.finish() == Finish.LENGTH ? said.length - 1 : said.length;
                if (heard || IntStream.range(0, computed).anyMatch(at -> said[at] == 3)) {
                    failed++;
                    assertThat(is.finish()).isEqualTo(Finish.ERROR);
                    assertThat(is.tokens()).isEmpty();
                    assertThat(is.error())
                            .isEqualTo(
                                    "the largest logit is NaN; the weights of this model are not usable (did its training"
                                            + " diverge?)");
                } else {
                    well++;
                    assertThat(Bits.of(is)).isEqualTo(Bits.of(was));
                }
            }
        }
        assertThat(failed).isGreaterThan(10);
        assertThat(well).isGreaterThan(10);
    }

    /** Rows come in their order, bad ones in their places, and no more are taken ahead than the window. */
    @ParameterizedTest
    @CsvSource({"1, 1", "4, 2", "64, 7", "64, 1000"})
    void rowsAreTakenAsTheyAreNeeded(int together, int window) {
        List<Prompt> prompts = prompts(200, 2);
        PagePool pool = new PagePool(CONFIG, 30);
        Generator generator = new Generator(weights, OPTIONS, together, pool);
        List<List<Completion>> expected = new Generator(weights, OPTIONS).complete(prompts);
        int[] taken = {0};
        Iterator<Integer> rows = IntStream.range(0, 200).peek(i -> taken[0]++).iterator();
        Function<Integer, Prompt> prompt = row -> {
            if (row % 10 == 0) {
                throw new IllegalArgumentException("row " + row + " is odd");
            }
            return row % 10 == 1 ? new Prompt(new int[70], 1, 3) : prompts.get(row);
        };
        int handed = 0;
        Completions<Integer> completions = generator.complete(rows, prompt, window);
        while (completions.hasNext()) {
            Completed<Integer> completed = completions.next();
            assertThat(completed.item()).isEqualTo(handed++);
            // hasNext() of a stream's iterator has looked one further.
            assertThat(taken[0]).isLessThanOrEqualTo(handed + window + 1);
            if (completed.item() % 10 > 1) {
                assertThat(Bits.of(completed.completions())).isEqualTo(Bits.of(expected.get(completed.item())));
            } else {
                assertThat(completed.completions()).singleElement().satisfies(failed -> {
                    assertThat(failed.finish()).isEqualTo(Finish.ERROR);
                    assertThat(failed.error())
                            .startsWith(
                                    completed.item() % 10 == 0
                                            ? "row " + completed.item() + " is odd"
                                            : "the prompt has 71 tokens with the one that begins");
                });
            }
        }
        assertThat(handed).isEqualTo(200);
        assertThat(pool.taken()).isZero();
        assertThatThrownBy(completions::next).isInstanceOf(NoSuchElementException.class);
    }

    /** The first says 60 tokens, all others one: while it speaks, 15 others come and go each step. */
    @Test
    void aFinishedSequenceMakesRoomAtOnce() {
        Options options = new Options(Sampling.GREEDY, 0, OptionalInt.empty());
        Generator generator = new Generator(weights, options, 16, new PagePool(CONFIG, Integer.MAX_VALUE));
        int[] taken = {0};
        Iterator<Integer> rows =
                new Random(1).ints(5000, 0, 9).peek(i -> taken[0]++).iterator();
        try (Completions<Integer> completions =
                generator.complete(rows, row -> new Prompt(new int[taken[0] == 1 ? 11 : 70], row, 1), 4000)) {
            assertThat(completions.next().completions().get(0).tokens()).hasSize(60);
            assertThat(taken[0]).isBetween(1 + 59 * 15, 2 + 60 * 15);
        }
    }

    @Test
    void pagesComeBackFromWhatIsNotReadToItsEnd() {
        PagePool pool = new PagePool(CONFIG, 20);
        Generator generator = new Generator(weights, OPTIONS, 12, pool);
        List<Prompt> prompts = prompts(50, 3);
        Completions<Prompt> abandoned = generator.complete(prompts.iterator(), prompt -> prompt);
        abandoned.next();
        assertThat(pool.taken()).isPositive();
        assertThatThrownBy(() -> generator.complete(prompts))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("read the one before to its end or close it");
        abandoned.close();
        assertThat(pool.taken()).isZero();
        assertThat(abandoned.hasNext()).isFalse();

        int[] taken = {0};
        Completions<Prompt> broken = generator.complete(prompts.iterator(), prompt -> {
            if (++taken[0] == 30) {
                throw new IllegalStateException("storage is gone");
            }
            return prompt;
        });
        assertThatThrownBy(() -> broken.forEachRemaining(completed -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("storage is gone");
        assertThat(pool.taken()).isZero();
        assertThat(generator.complete(prompts)).hasSize(50);
    }

    /** A position takes 2,048 bytes here, a page 32 KB, and a block 2 MB and a page. */
    @Test
    void memoryForNoSequenceIsAnErrorOfItsKey() {
        GptConfig config = new GptConfig(5, 64, 2, 4, 1030, 8);
        assertThat(CachePage.floats(4, 64) * Float.BYTES).isEqualTo(32 << 10);
        assertThatThrownBy(() -> Generator.checkCache(config, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "generate.cache-megabytes = 2 is too little for this model: the keys and values of one sequence"
                                + " of 1030 positions take 3 MB; set it to at least that, or to 0 for no limit");
        Generator.checkCache(config, 3);
        Generator.checkCache(config, 0);
        assertThat(PagePool.ofMegabytes(config, 3).available()).isEqualTo(96);
    }

    private static List<Prompt> prompts(int count, int samples) {
        Random random = new Random(count);
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] tokens = random.ints(random.nextInt(i % 4 == 0 ? 69 : 12), 0, BOUNDARY)
                    .toArray();
            prompts.add(new Prompt(tokens, 1000L * i, 1 + random.nextInt(samples)));
        }
        return prompts;
    }
}
