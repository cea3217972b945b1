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
        for (Sampling sampling : List.of(
                Sampling.GREEDY,
                SAMPLED,
                new Sampling(1.0, 0, 1.0),
                new Sampling(0.9, 0, 1.0, 0.05, 1.3),
                new Sampling(0.0, 0, 1.0, 0.0, 2.0))) {
            Options options = new Options(sampling, maxTokens, id);
            List<Prompt> prompts = prompts(12, boundary ? 12 : 13);
            List<List<Completion>> completions = new Generator(weights, options).complete(prompts);
            for (int i = 0; i < prompts.size(); i++) {
                assertThat(completions.get(i)).hasSize(prompts.get(i).samples());
                for (int sample = 0; sample < prompts.get(i).samples(); sample++) {
                    Completion actual = completions.get(i).get(sample);
                    Completion expected = withoutCache(options, prompts.get(i), sample);
                    assertThat(actual.tokens())
                            .as("prompt %s, %s", Arrays.toString(prompts.get(i).tokens()), options)
                            .isEqualTo(expected.tokens());
                    assertThat(actual.finish()).isEqualTo(expected.finish());
                    if (expected.tokens().length > 0) {
                        assertThat(actual.meanLogProbability()).isCloseTo(expected.meanLogProbability(), within(1e-5));
                    } else {
                        assertThat(actual.meanLogProbability()).isNaN();
                    }
                }
            }
        }
    }

    @Test
    void kernelsAgree() {
        Options options = new Options(SAMPLED, 30, OptionalInt.empty());
        List<Prompt> prompts = prompts(5, 13);
        Weights ofScalar = new Weights(CONFIG, TinyModels.weights(CONFIG, 5), KernelProvider.scalar());
        assertThat(Bits.ofAll(new Generator(ofScalar, options).complete(prompts)))
                .isEqualTo(Bits.ofAll(new Generator(weights, options).complete(prompts)));
    }

    @Test
    void seedAndSampleNumberDecide() {
        Generator generator = new Generator(weights, new Options(new Sampling(1.0, 0, 1.0), 12, OptionalInt.empty()));
        List<Prompt> prompts = List.of(new Prompt(new int[] {1, 2}, 77, 5), new Prompt(new int[] {1, 2}, 78, 5));
        List<List<Integer>> first = tokens(generator.complete(prompts));
        assertThat(new HashSet<>(first)).hasSizeGreaterThan(7); // two may meet by chance
        assertThat(tokens(generator.complete(prompts))).isEqualTo(first);
        // Fewer samples are the first of them.
        assertThat(tokens(generator.complete(List.of(new Prompt(new int[] {1, 2}, 78, 2)))))
                .isEqualTo(first.subList(5, 7));
    }

    @Test
    void greedyNeedsNoSeed() {
        Generator generator = new Generator(weights, new Options(Sampling.GREEDY, 9, OptionalInt.empty()));
        List<List<Integer>> tokens =
                tokens(generator.complete(List.of(new Prompt(new int[] {3}, 1, 1), new Prompt(new int[] {3}, 2, 2))));
        assertThat(tokens)
                .hasSize(3)
                .allSatisfy(each -> assertThat(each).hasSize(9).isEqualTo(tokens.get(0)));
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
                .complete(List.of(new Prompt(new int[promptLength], 1, 1)))
                .get(0)
                .get(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void goesOnBeyondTheSmallestBlocks(int blockSize) {
        GptConfig config = new GptConfig(11, 6, 2, 1, blockSize, 5);
        Weights small = new Weights(config, TinyModels.weights(config, 5), kernels);
        Options options = new Options(SAMPLED, 23, OptionalInt.empty());
        Prompt prompt = new Prompt(new int[] {7}, 3, 1);
        Generator generator = new Generator(small, options);
        List<List<Integer>> first = tokens(generator.complete(List.of(prompt)));
        assertThat(first.get(0)).hasSize(23);
        assertThat(tokens(generator.complete(List.of(prompt)))).isEqualTo(first);
    }

    @Test
    void promptsThatDoNotFit() {
        Generator plain = new Generator(weights, new Options(SAMPLED, 5, OptionalInt.empty()));
        assertThatThrownBy(() -> plain.complete(List.of(new Prompt(new int[15], 1, 1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "the prompt has 15 tokens, over the block size of 13 of this model; make it 2 tokens shorter");
        assertThatThrownBy(() -> plain.complete(List.of(new Prompt(new int[0], 1, 1))))
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
        assertThat(generator.complete(prompts(3, 5)))
                .allSatisfy(completions -> assertThat(completions).isNotEmpty().allSatisfy(completion -> {
                    assertThat(completion.finish()).isEqualTo(Finish.ERROR);
                    assertThat(completion.error()).startsWith("the largest logit is NaN");
                }));
        assertThat(Finish.ERROR.key()).isEqualTo("error");
    }

    /** What the penalty is not: of the boundary, which no one wrote. */
    @Test
    void thePenaltyIsOfThePromptAndOfWhatWasGenerated() {
        GptConfig config = new GptConfig(6, 1, 1, 1, 9, 1);
        float[] flat = new float[config.parameters()];
        Arrays.fill(flat, 0, 6 + 9, 1.0f); // wte, wpe
        float[] logits = {5.0f, 4.8f, 4.6f, 3.9f, 2.0f, 4.0f};
        System.arraycopy(logits, 0, flat, 6 + 9, 6); // lm_head
        Options options = new Options(new Sampling(0.0, 0, 1.0, 0.0, 1.3), 0, OptionalInt.of(5));
        Completion completion = new Generator(new Weights(config, flat, kernels), options)
                .complete(List.of(new Prompt(new int[] {1}, 1, 1)))
                .get(0)
                .get(0);
        // 1 is in the prompt; 0 and 2 come and are worth 3.85 and 3.54 from then on; the boundary at 4.0 is not.
        assertThat(completion.tokens()).containsExactly(0, 2);
        assertThat(completion.finish()).isEqualTo(Finish.STOP);
        // By the model itself, without the penalty.
        double total = 0.0;
        for (float logit : logits) {
            total += Math.exp(logit);
        }
        assertThat(completion.meanLogProbability()).isCloseTo((5.0 + 4.6) / 2 - Math.log(total), within(1e-4));
    }

    @Test
    void aRuleEndsACompletionAndSaysWhatIsOfIt() {
        Options options = new Options(
                new Sampling(1.0, 0, 1.0),
                40,
                OptionalInt.empty(),
                (tokens, count) -> count > 1 && tokens[count - 1] == tokens[count - 2] ? count - 2 : StopRule.GO_ON,
                0);
        List<Prompt> prompts = prompts(20, 12);
        List<List<Completion>> stopped = new Generator(weights, options).complete(prompts);
        List<List<Completion>> whole =
                new Generator(weights, new Options(options.sampling(), 40, OptionalInt.empty())).complete(prompts);
        int rules = 0;
        for (int i = 0; i < prompts.size(); i++) {
            for (int sample = 0; sample < prompts.get(i).samples(); sample++) {
                Completion completion = stopped.get(i).get(sample);
                int kept = completion.tokens().length;
                int[] expected = whole.get(i).get(sample).tokens();
                assertThat(completion.tokens()).isEqualTo(Arrays.copyOf(expected, kept));
                if (completion.finish() == Finish.STOP) {
                    rules++;
                    assertThat(completion.ending()).isEqualTo(Arrays.copyOfRange(expected, kept, kept + 2));
                    assertThat(completion.ending()[0]).isEqualTo(completion.ending()[1]);
                    assertThat(Double.isNaN(completion.meanLogProbability())).isEqualTo(kept == 0);
                } else {
                    assertThat(kept).isEqualTo(40);
                }
            }
        }
        assertThat(rules).isGreaterThan(10);
    }

    /** Prompts of all lengths up to the longest, each with its own seed, and one to three samples. */
    private static List<Prompt> prompts(int count, int longest) {
        int[] positions = new int[count];
        Arrays.setAll(positions, i -> i * 5 % longest);
        List<Prompt> prompts = new ArrayList<>();
        for (int[] tokens : TinyModels.documents(CONFIG, 9, positions)) {
            prompts.add(new Prompt(tokens, prompts.size() * 1000L, 1 + prompts.size() % 3));
        }
        return prompts;
    }

    private static List<List<Integer>> tokens(List<List<Completion>> completions) {
        return completions.stream()
                .flatMap(List::stream)
                .map(completion -> Arrays.stream(completion.tokens()).boxed().toList())
                .toList();
    }

    /** The same by the definition: all logits anew for each token; a full block loses its older half. */
    private Completion withoutCache(Options options, Prompt prompt, int sample) {
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
            long bits = CounterRandom.bits(prompt.seed(), Purpose.SAMPLE, sample, generated.size(), 0);
            float[] penalised = logits.clone();
            double penalty = options.sampling().repetitionPenalty();
            for (int id = 0; id < v; id++) {
                int token = id;
                if (generated.contains(id) || Arrays.stream(prompt.tokens()).anyMatch(seen -> seen == token)) {
                    penalised[id] = (float) (logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty);
                }
            }
            int token = sampler.choose(penalised, 0, v, CounterRandom.uniform(bits));
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
        return new Completion(tokens, new int[0], tokens.length == 0 ? Double.NaN : sum / tokens.length, finish, null);
    }
}
