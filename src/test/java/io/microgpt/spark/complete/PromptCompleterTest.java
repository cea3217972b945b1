package io.microgpt.spark.complete;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.generate.Sampling;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.GptConfig;
import io.microgpt.model.TinyModels;
import io.microgpt.model.Weights;
import io.microgpt.spark.complete.PromptCompleter.Completed;
import io.microgpt.spark.complete.PromptCompleter.Options;
import io.microgpt.spark.complete.PromptCompleter.Result;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerKind;
import io.microgpt.text.VocabularyOptions;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that end a completion, and seeds of rows. */
class PromptCompleterTest {
    private static final int TOKENS = 60;

    /** One character at a time, so that every stop is of several tokens, or of one. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "ab", "bca", "é", "🙂", "a🙂", "\n\n", "ab|b|é", "🙂a|abc", "zzz"})
    void stopsAmongCharacters(String stops) {
        endsBeforeTheFirst(trained(TokenizerKind.CHAR, "abcé🙂\n"), "a", List.of(stops.split("\\|")));
    }

    /** A word may begin before the stop and end after it. */
    @ParameterizedTest
    @ValueSource(strings = {"tower", "owe", "r t", " ", ".\n", "t", "e tower.", ".|on"})
    void stopsInsideAndAcrossWords(String stops) {
        endsBeforeTheFirst(
                trained(TokenizerKind.WORD, "the tower. on\n the\n on tower"), "the", List.of(stops.split("\\|")));
    }

    /** Characters that two tokens share, and tokens with parts of two characters. */
    @ParameterizedTest
    @ValueSource(strings = {"é", "aé", "éa", "caé", "c", "éc|ab", "éé", "🙂", "b🙂", "🙂🙂", "b🙂b|é"})
    void stopsInsideAndAcrossBytes(String stops) {
        Tokenizer bytes = stops.contains("🙂")
                ? new ByteTokenizer("62", "f09f", "9982", "f0", "9f9982", "8262f09f")
                : new ByteTokenizer("61", "62", "c3", "a9", "61c3", "a963", "62c3a9", "c3a9c3");
        endsBeforeTheFirst(bytes, "a", List.of(stops.split("\\|")));
    }

    private static void endsBeforeTheFirst(Tokenizer tokenizer, String prompt, List<String> stops) {
        List<Result> whole = complete(tokenizer, prompt, List.of());
        List<Result> stopped = complete(tokenizer, prompt, stops);
        int ended = 0;
        for (int i = 0; i < whole.size(); i++) {
            String text = whole.get(i).text();
            int end = stops.stream()
                    .mapToInt(text::indexOf)
                    .filter(at -> at >= 0)
                    .min()
                    .orElse(-1);
            Result result = stopped.get(i);
            if (end < 0) {
                assertThat(result).isEqualTo(whole.get(i));
                continue;
            }
            ended++;
            assertThat(result.text()).as("%s before %s", text, stops).isEqualTo(text.substring(0, end));
            assertThat(result.finish()).isEqualTo("stop");
            assertThat(result.error()).isNull();
            assertThat(result.tokens()).isLessThan(TOKENS);
            assertThat(Double.isNaN(result.meanLogProbability())).isEqualTo(result.tokens() == 0);
            assertThat(result.tokens() == 0).isEqualTo(result.text().isEmpty());
        }
        if (!stops.contains("zzz")) {
            assertThat(ended).isPositive();
        }
    }

    /** With a character a token, the tokens are those of the text. */
    @Test
    void tokensAndProbabilityAreThoseOfTheTextThatIsKept() {
        Tokenizer tokenizer = trained(TokenizerKind.CHAR, "abc");
        for (Result result : complete(tokenizer, "a", List.of("bb", "cc"))) {
            assertThat(result.tokens()).isEqualTo(result.text().length());
        }
        // As if the limit had been there: the same mean.
        Result stopped = complete(tokenizer, "a", List.of("cc")).get(0);
        Options limited = new Options(sampling(), stopped.tokens(), 1, 3, Choice.AUTO);
        Result same =
                completer(tokenizer, limited).complete(List.of("a")).get(0).get(0);
        assertThat(same.text()).isEqualTo(stopped.text());
        assertThat(same.meanLogProbability()).isEqualTo(stopped.meanLogProbability());
    }

    /** A row's own seed is what the seed of the options would be. */
    @Test
    void rowsMayHaveSeedsOfTheirOwn() {
        Tokenizer tokenizer = trained(TokenizerKind.CHAR, "abc");
        List<Integer> rows = IntStream.range(0, 30).boxed().toList();
        List<Completed<Integer>> completed = new ArrayList<>();
        completer(tokenizer, new Options(sampling(), 9, 2, 77, Choice.AUTO))
                .complete(rows.iterator(), row -> row == 4 ? null : "ab", row -> {
                    if (row == 5) {
                        throw new IllegalArgumentException("no seed");
                    }
                    return row % 3;
                })
                .forEachRemaining(completed::add);
        assertThat(completed).extracting(Completed::row).isEqualTo(rows);
        for (Completed<Integer> row : completed) {
            if (row.row() == 4 || row.row() == 5) {
                String error = row.row() == 4 ? "the prompt is null" : "no seed";
                assertThat(row.results()).containsExactly(new Result(0, null, 0, Double.NaN, "error", error));
            } else {
                Options options = new Options(sampling(), 9, 2, row.row() % 3, Choice.AUTO);
                assertThat(row.results())
                        .isEqualTo(completer(tokenizer, options)
                                .complete(List.of("ab"))
                                .get(0));
            }
        }
        assertThat(completed.get(0).results()).isNotEqualTo(completed.get(1).results());
    }

    private static Sampling sampling() {
        return new Sampling(1.2, 0, 1.0);
    }

    private static List<Result> complete(Tokenizer tokenizer, String prompt, List<String> stops) {
        Options options = new Options(sampling(), TOKENS, stops, 40, 3, 1, Choice.AUTO);
        return completer(tokenizer, options).complete(List.of(prompt)).get(0);
    }

    private static PromptCompleter completer(Tokenizer tokenizer, Options options) {
        GptConfig config = new GptConfig(tokenizer.vocabularySize(), 8, 2, 1, 20, 8);
        return new PromptCompleter(
                new Weights(
                        config,
                        TinyModels.weights(config, 4),
                        KernelProvider.choose(options.kernels()).kernels()),
                tokenizer,
                options);
    }

    private static Tokenizer trained(TokenizerKind kind, String text) {
        Map<String, Long> counts = new HashMap<>();
        kind.forEachPiece(text, piece -> counts.merge(piece, 1L, Long::sum));
        return kind.train(counts, new VocabularyOptions(false, false, VocabularyOptions.NO_LIMIT));
    }

    /** Tokens of bytes that need not be whole characters. */
    private static final class ByteTokenizer implements Tokenizer {
        private final String[] tokens; // hexadecimal

        ByteTokenizer(String... tokens) {
            this.tokens = tokens;
        }

        @Override
        public TokenizerKind kind() {
            return TokenizerKind.CHAR;
        }

        @Override
        public int vocabularySize() {
            return tokens.length;
        }

        @Override
        public OptionalInt boundary() {
            return OptionalInt.empty();
        }

        @Override
        public OptionalInt unknown() {
            return OptionalInt.empty();
        }

        @Override
        public int[] encode(String text) {
            return new int[] {0};
        }

        @Override
        public String decode(int[] ids) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int id : ids) {
                bytes.writeBytes(HexFormat.of().parseHex(tokens[id]));
            }
            return bytes.toString(StandardCharsets.UTF_8);
        }

        @Override
        public String token(int id) {
            return tokens[id];
        }

        @Override
        public String toJson() {
            throw new UnsupportedOperationException("it does not leave the test");
        }
    }
}
