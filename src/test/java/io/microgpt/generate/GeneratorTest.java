package io.microgpt.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.generate.Completion.Finish;
import io.microgpt.generate.Generator.Options;
import io.microgpt.generate.Generator.Prompt;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.model.TinyModels;
import io.microgpt.model.Weights;
import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GeneratorTest {
    private static final GptConfig CONFIG = new GptConfig(11, 20, 4, 2, 13, 33);
    private static final int BOUNDARY = 10;
    private static final Sampling SAMPLED = new Sampling(0.8, 7, 0.95);

    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();
    private final Weights weights = new Weights(CONFIG, TinyModels.weights(CONFIG, 5), kernels);

    @ParameterizedTest
    @CsvSource({"true, 0", "true, 5", "true, 40", "false, 0", "false, 5", "false, 40"})
    void choosesAsIfThereWereNoCache(boolean boundary, int maxTokens) {
        OptionalInt id = boundary ? OptionalInt.of(BOUNDARY) : OptionalInt.empty();
        for (Sampling sampling : List.of(Sampling.GREEDY, SAMPLED, new Sampling(1.0, 0, 1.0))) {
            Options options = new Options(sampling, maxTokens, id);
            List<Prompt> prompts = prompts(12, boundary ? 12 : 13);
            List<Completion> completions = new Generator(weights, options).complete(prompts);
            for (int i = 0; i < prompts.size(); i++) {
                Completion expected = withoutCache(options, prompts.get(i));
                assertThat(completions.get(i).tokens())
                        .as("prompt %s, %s", Arrays.toString(prompts.get(i).tokens()), options)
                        .isEqualTo(expected.tokens());
                assertThat(completions.get(i).finish()).isEqualTo(expected.finish());
                if (expected.tokens().length > 0) {
                    assertThat(completions.get(i).meanLogProbability())
                            .isCloseTo(expected.meanLogProbability(), within(1e-5));
                } else {
                    assertThat(completions.get(i).meanLogProbability()).isNaN();
                }
            }
        }
    }

    @Test
    void aPromptDoesNotSeeTheOthers() {
        Options options = new Options(SAMPLED, 30, OptionalInt.of(BOUNDARY));
        List<Prompt> prompts = prompts(21, 12);
        List<Completion> together = new Generator(weights, options).complete(prompts);
        Generator one = new Generator(weights, options);
        Set<Integer> lengths = new HashSet<>();
        for (int i = 0; i < prompts.size(); i++) {
            Completion alone = one.complete(prompts.subList(i, i + 1)).get(0);
            assertThat(together.get(i).tokens()).isEqualTo(alone.tokens());
            assertThat(together.get(i).finish()).isEqualTo(alone.finish());
            assertThat(together.get(i).meanLogProbability()).isEqualTo(Double.valueOf(alone.meanLogProbability()));
            lengths.add(alone.tokens().length);
        }
        assertThat(lengths).hasSizeGreaterThan(3);
    }

    /** Four at a time: the others wait until one has finished. */
    @Test
    void aPromptThatWaitsDoesNotSeeTheOthers() {
        Options options = new Options(SAMPLED, 30, OptionalInt.of(BOUNDARY));
        List<Prompt> prompts = prompts(21, 12);
        List<Completion> expected = new Generator(weights, options, 100).complete(prompts);
        for (int together : new int[] {1, 4, 20}) {
            List<Completion> actual = new Generator(weights, options, together).complete(prompts);
            for (int i = 0; i < prompts.size(); i++) {
                assertThat(actual.get(i).tokens()).isEqualTo(expected.get(i).tokens());
                assertThat(actual.get(i).finish()).isEqualTo(expected.get(i).finish());
            }
        }
    }

    /** Prompts of more rows together than one forward pass takes. */
    @Test
    void manyLongPrompts() {
        GptConfig config = new GptConfig(11, 8, 2, 1, 100, 8);
        Weights small = new Weights(config, TinyModels.weights(config, 5), kernels);
        Options options = new Options(SAMPLED, 6, OptionalInt.of(BOUNDARY));
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            prompts.add(new Prompt(new int[99 - i % 9], 3, i));
        }
        List<Completion> together = new Generator(small, options).complete(prompts);
        Generator one = new Generator(small, options);
        for (int i = 0; i < prompts.size(); i++) {
            Completion alone = one.complete(prompts.subList(i, i + 1)).get(0);
            assertThat(together.get(i).tokens()).isEqualTo(alone.tokens());
            assertThat(together.get(i).finish()).isEqualTo(alone.finish());
        }
    }

    @Test
    void kernelsAgree() {
        Options options = new Options(SAMPLED, 30, OptionalInt.empty());
        List<Prompt> prompts = prompts(5, 13);
        Weights ofScalar = new Weights(CONFIG, TinyModels.weights(CONFIG, 5), KernelProvider.scalar());
        List<Completion> scalar = new Generator(ofScalar, options).complete(prompts);
        List<Completion> vector = new Generator(weights, options).complete(prompts);
        for (int i = 0; i < prompts.size(); i++) {
            assertThat(scalar.get(i).tokens()).isEqualTo(vector.get(i).tokens());
            assertThat(scalar.get(i).meanLogProbability())
                    .isEqualTo(vector.get(i).meanLogProbability());
        }
    }

    @Test
    void seedAndSampleNumberDecide() {
        Generator generator = new Generator(weights, new Options(new Sampling(1.0, 0, 1.0), 12, OptionalInt.empty()));
        List<Prompt> prompts = new ArrayList<>();
        for (int sample = 0; sample < 5; sample++) {
            prompts.add(new Prompt(new int[] {1, 2}, 77, sample));
            prompts.add(new Prompt(new int[] {1, 2}, 78, sample));
        }
        List<List<Integer>> first = tokens(generator.complete(prompts));
        assertThat(new HashSet<>(first)).hasSizeGreaterThan(7); // two may meet by chance
        assertThat(tokens(generator.complete(prompts))).isEqualTo(first);
    }

    @Test
    void greedyNeedsNoSeed() {
        Generator generator = new Generator(weights, new Options(Sampling.GREEDY, 9, OptionalInt.empty()));
        List<List<Integer>> tokens =
                tokens(generator.complete(List.of(new Prompt(new int[] {3}, 1, 0), new Prompt(new int[] {3}, 2, 1))));
        assertThat(tokens.get(0)).hasSize(9).isEqualTo(tokens.get(1));
    }

    /** lm_head favours the boundary so much that every document ends at once. */
    @Test
    void stopsWhereTheModelEndsTheDocument() {
        Completion stopped = completeConstant(BOUNDARY, 5, 3);
        assertThat(stopped.tokens()).isEmpty();
        assertThat(stopped.finish()).isEqualTo(Finish.STOP);
        assertThat(stopped.meanLogProbability()).isNaN();
        assertThat(Finish.STOP.key()).isEqualTo("stop");
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 1", "5, 3, 5", "12, 3, 12", "13, 3, 13", "100, 3, 100", "0, 3, 10", "0, 12, 1", "0, 0, 13"})
    void endsAtTheLimitOrWithTheBlock(int maxTokens, int promptLength, int expected) {
        Completion completion = completeConstant(4, maxTokens, promptLength);
        assertThat(completion.tokens()).hasSize(expected).containsOnly(4);
        assertThat(completion.finish()).isEqualTo(Finish.LENGTH);
        assertThat(completion.meanLogProbability()).isCloseTo(0.0, within(1e-4));
        assertThat(Finish.LENGTH.key()).isEqualTo("length");
    }

    /** {@return a completion by a model that always says the same token} */
    private Completion completeConstant(int token, int maxTokens, int promptLength) {
        GptConfig config = new GptConfig(11, 1, 1, 1, 13, 1);
        float[] flat = new float[config.parameters()];
        Arrays.fill(flat, 0, 11 + 13, 1.0f); // wte, wpe
        flat[11 + 13 + token] = 30.0f; // lm_head
        return new Generator(
                        new Weights(config, flat, kernels),
                        new Options(new Sampling(1.0, 0, 1.0), maxTokens, OptionalInt.of(BOUNDARY)))
                .complete(List.of(new Prompt(new int[promptLength], 1, 0)))
                .get(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void goesOnBeyondTheSmallestBlocks(int blockSize) {
        GptConfig config = new GptConfig(11, 6, 2, 1, blockSize, 5);
        Weights small = new Weights(config, TinyModels.weights(config, 5), kernels);
        Options options = new Options(SAMPLED, 23, OptionalInt.empty());
        Prompt prompt = new Prompt(new int[] {7}, 3, 0);
        Generator generator = new Generator(small, options);
        Completion completion = generator.complete(List.of(prompt)).get(0);
        assertThat(completion.tokens()).hasSize(23);
        assertThat(generator.complete(List.of(prompt)).get(0).tokens()).isEqualTo(completion.tokens());
    }

    @Test
    void promptsThatDoNotFit() {
        Generator plain = new Generator(weights, new Options(SAMPLED, 5, OptionalInt.empty()));
        assertThatThrownBy(() -> plain.complete(List.of(new Prompt(new int[15], 1, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "the prompt has 15 tokens, over the block size of 13 of this model; make it 2 tokens shorter");
        assertThatThrownBy(() -> plain.complete(List.of(new Prompt(new int[0], 1, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the prompt is empty, and a model of continuous text needs at least one token to go on"
                        + " from");
        Generator bounded = new Generator(weights, new Options(SAMPLED, 5, OptionalInt.of(BOUNDARY)));
        assertThatThrownBy(() -> bounded.check(new int[13]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the prompt has 14 tokens with the one that begins a document, over the block size of 13 of"
                        + " this model; make it 1 tokens shorter");
        bounded.check(new int[12]);
        bounded.check(new int[0]);
        plain.check(new int[13]);
    }

    @Test
    void noPromptsNoCompletions() {
        assertThat(new Generator(weights, new Options(SAMPLED, 5, OptionalInt.empty())).complete(List.of()))
                .isEmpty();
    }

    @Test
    void damagedWeightsAreNamed() {
        float[] damaged = TinyModels.weights(CONFIG, 5);
        damaged[damaged.length - 1] = Float.NaN;
        Generator generator =
                new Generator(new Weights(CONFIG, damaged, kernels), new Options(SAMPLED, 5, OptionalInt.empty()));
        assertThatThrownBy(() -> generator.complete(prompts(3, 5)))
                .isInstanceOf(NonFiniteLogitsException.class)
                .hasMessageStartingWith("the largest logit is NaN");
    }

    /** Prompts of all lengths up to the longest, each with its own seed. */
    private static List<Prompt> prompts(int count, int longest) {
        int[] positions = new int[count];
        Arrays.setAll(positions, i -> i * 5 % longest);
        List<Prompt> prompts = new ArrayList<>();
        for (int[] tokens : TinyModels.documents(CONFIG, 9, positions)) {
            prompts.add(new Prompt(tokens, prompts.size() * 1000L, prompts.size() % 3));
        }
        return prompts;
    }

    private static List<List<Integer>> tokens(List<Completion> completions) {
        return completions.stream()
                .map(completion -> Arrays.stream(completion.tokens()).boxed().toList())
                .toList();
    }

    /** The same by the definition: all logits anew for each token; a full block loses its older half. */
    private Completion withoutCache(Options options, Prompt prompt) {
        Sampler sampler = Sampler.of(options.sampling(), kernels);
        List<Integer> window = new ArrayList<>();
        options.boundary().ifPresent(window::add);
        Arrays.stream(prompt.tokens()).forEach(window::add);
        List<Integer> generated = new ArrayList<>();
        double sum = 0.0;
        Finish finish = null;
        while (finish == null) {
            int v = CONFIG.vocabularySize();
            int[] tokens = window.stream().mapToInt(i -> i).toArray();
            float[] all = new Gpt(CONFIG, kernels).logits(weights, tokens);
            float[] logits = Arrays.copyOfRange(all, all.length - v, all.length);
            long bits = CounterRandom.bits(prompt.seed(), Purpose.SAMPLE, prompt.sample(), generated.size(), 0);
            int token = sampler.choose(logits, 0, v, CounterRandom.uniform(bits));
            if (options.boundary().isPresent() && token == BOUNDARY) {
                finish = Finish.STOP;
                continue;
            }
            double total = 0.0;
            for (float logit : logits) {
                total += Math.exp(logit);
            }
            sum += logits[token] - Math.log(total);
            generated.add(token);
            boolean full = window.size() == CONFIG.blockSize();
            if (generated.size() == options.maxTokens() || full && options.maxTokens() == 0) {
                finish = Finish.LENGTH;
            } else if (full) {
                window = new ArrayList<>(window.subList(window.size() - window.size() / 2, window.size()));
            }
            window.add(token);
        }
        int[] tokens = generated.stream().mapToInt(i -> i).toArray();
        return new Completion(tokens, tokens.length == 0 ? Double.NaN : sum / tokens.length, finish);
    }
}
