package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerJsonTest {
    private static final String SOURCE = "hdfs://models/names/tokenizer.json";

    private static final String AB = """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [
                {
                  "id": 2,
                  "content": "<|boundary|>",
                  "single_word": false,
                  "lstrip": false,
                  "rstrip": false,
                  "normalized": false,
                  "special": true
                }
              ],
              "normalizer": null,
              "pre_tokenizer": {
                "type": "Split",
                "pattern": {
                  "Regex": "[\\\\s\\\\S]"
                },
                "behavior": "Isolated",
                "invert": false
              },
              "post_processor": null,
              "decoder": {
                "type": "Fuse"
              },
              "model": {
                "type": "WordLevel",
                "vocab": {
                  "a": 0,
                  "b": 1,
                  "<|boundary|>": 2
                },
                "unk_token": "<unk>"
              }
            }
            """;

    @Test
    void layoutIsThatOfHuggingFace() {
        Tokenizer tokenizer = TokenizerKind.CHAR.train(
                Map.of("b", 1L, "a", 1L), new VocabularyOptions(true, false, VocabularyOptions.NO_LIMIT));

        assertThat(tokenizer.toJson()).isEqualTo(AB);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsReadEncodesTheSameAndWritesTheSame(TokenizerKind kind) {
        for (long seed = 0; seed < 16; seed++) {
            boolean boundary = seed % 2 == 0;
            boolean unknown = seed % 4 < 2;
            String text = Texts.random(seed, 1000);
            Tokenizer written =
                    kind.train(Texts.counts(kind, text), new VocabularyOptions(boundary, unknown, unknown ? 300 : 0));
            // Through bytes, as a file does it.
            String json = new String(written.toJson().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);

            Tokenizer read = TokenizerJson.parse(json, SOURCE);

            assertThat(read.kind()).isEqualTo(kind);
            assertThat(read.vocabularySize()).isEqualTo(written.vocabularySize());
            assertThat(read.boundary()).isEqualTo(written.boundary());
            assertThat(read.unknown()).isEqualTo(written.unknown());
            assertThat(read.encode(text)).isEqualTo(written.encode(text));
            assertThat(read.toJson()).isEqualTo(json);
        }
    }

    @Test
    void largeVocabulariesAreRead() {
        Map<String, Long> counts = new HashMap<>();
        for (int i = 0; i < 100_000; i++) {
            counts.put("w" + i, 1L);
        }
        String json = TokenizerKind.WORD
                .train(counts, new VocabularyOptions(true, true, 0))
                .toJson();

        assertThat(TokenizerJson.parse(json, SOURCE).toJson()).isEqualTo(json);
    }

    @Test
    void namesWithCollidingHashesAreRead() {
        Map<String, Long> counts = new HashMap<>();
        for (int i = 0; i < 1 << 13; i++) {
            StringBuilder name = new StringBuilder();
            for (int bit = 0; bit < 13; bit++) {
                // 33 * 'A' + 'b' = 33 * 'B' + 'A', and 33 is the factor of Jackson's hash.
                name.append((i >> bit & 1) == 0 ? "Ab" : "BA");
            }
            counts.put(name.toString(), 1L);
        }
        String json = TokenizerKind.WORD
                .train(counts, new VocabularyOptions(true, true, 0))
                .toJson();

        assertThat(TokenizerJson.parse(json, SOURCE).toJson()).isEqualTo(json);
    }

    @Test
    void orderAndSpacingOfTheFileDoNotMatter() {
        String compact = AB.replaceAll("\\s", "");
        String swapped = AB.replace("\"a\": 0,\n      \"b\": 1,", "\"b\": 1, \"a\": 0,");

        assertThat(swapped).isNotEqualTo(AB);
        assertThat(TokenizerJson.parse(compact, SOURCE).toJson()).isEqualTo(AB);
        assertThat(TokenizerJson.parse(swapped, SOURCE).toJson()).isEqualTo(AB);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{\"a\": 1} x", "not json", "{\"a\": 1, \"a\": 2}", "{\"a\": NaN}", "\uFEFF{}"})
    void whatIsNotJsonIsRefused(String text) {
        assertThatThrownBy(() -> TokenizerJson.parse(text, SOURCE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(SOURCE + " is not valid JSON (line 1, column ");
    }

    @Test
    void depthIsBounded() {
        assertThatThrownBy(() -> TokenizerJson.parse("[".repeat(1_000_000), SOURCE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("depth");
    }

    @Test
    void lengthIsBounded() {
        assertThatThrownBy(() -> TokenizerJson.parse("[" + "[],".repeat(2_200_000) + "[]]", SOURCE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(SOURCE + " is not valid JSON")
                .hasMessageContaining("Token count (4194305) exceeds the maximum allowed (4194304");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "17", "\"model\"", "{}", "{\"model\": null}", "{\"model\": []}"})
    void whatIsNoTokenizerIsRefused(String json) {
        refused(json, "model.type must be a JSON string, but is missing");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '~', textBlock = """
            "version": "1.0", ^ ^ version must be "1.0", but is missing
            "version": "1.0" ^ "version": "2.0" ^ version must be "1.0", but is "2.0"
            "truncation": null ^ "truncation": {"max_length": 5} ^ truncation must be null, but is {"max_length":5}
            "padding": null, ^ ^ padding must be null, but is missing
            "normalizer": null ^ "normalizer": {"type": "NFC"} ^ normalizer must be null, but is {"type":"NFC"}
            "post_processor": null ^ "post_processor": 1 ^ post_processor must be null, but is 1
            "type": "Fuse" ^ "type": "BPEDecoder" ^ decoder.type must be "Fuse", but is "BPEDecoder"
            "type": "Split", ^ ^ pre_tokenizer.type must be "Split", but is missing
            "behavior": "Isolated" ^ "behavior": "Removed" ^ pre_tokenizer.behavior must be "Isolated", but is "Removed"
            "invert": false ^ "invert": true ^ pre_tokenizer.invert must be false, but is true
            "Regex" ^ "String" ^ pre_tokenizer.pattern.Regex must be a JSON string, but is missing
            "Regex": "[\\\\s\\\\S]" ^ "Regex": "." ^ pre_tokenizer.pattern.Regex is ., which is not how
            "type": "WordLevel" ^ "type": "Unigram" ^ model.type is Unigram, but this program reads WordLevel and BPE
            "type": "WordLevel" ^ "type": 7 ^ model.type must be a JSON string, but is 7
            "unk_token": "<unk>" ^ "unk_token": "[UNK]" ^ model.unk_token must be "<unk>", but is "[UNK]"
            "vocab" ^ "vocabulary" ^ model.vocab must be a JSON object, but is missing
            "b": 1 ^ "b": 0 ^ model.vocab gives the id 0 to both 'a' (U+0061) and 'b' (U+0062)
            "b": 1 ^ "b": 3 ^ model.vocab gives 'b' (U+0062) the id 3, but the ids of 3 tokens are the integers 0 to 2
            "b": 1 ^ "b": -1 ^ model.vocab gives 'b' (U+0062) the id -1, but
            "b": 1 ^ "b": 1.0 ^ model.vocab gives 'b' (U+0062) the id 1.0, but
            "b": 1 ^ "b": "1" ^ model.vocab gives 'b' (U+0062) the id "1", but
            "b": 1 ^ "b": null ^ model.vocab gives 'b' (U+0062) the id null, but
            "b": 1 ^ "b": 4294967297 ^ model.vocab gives 'b' (U+0062) the id 4294967297, but
            "b": 1, ^ ^ model.vocab gives "<|boundary|>" the id 2, but the ids of 2 tokens are the integers 0 to 1
            "b": 1 ^ "bc": 1 ^ model.vocab: token 1 is "bc", which is neither one piece
            "b": 1 ^ "\\ud800": 1 ^ model.vocab: token 1 is U+D800 (half of a surrogate pair, which is not
            "b": 1 ^ "": 1 ^ model.vocab: token 1 is "", which is neither
            "id": 2 ^ "id": 1 ^ added_tokens must be [{"id":2,"content":"<|boundary|>"
            "special": true ^ "special": false ^ added_tokens must be [{"id":2,"content":"<|boundary|>"
            "content": "<|boundary|>" ^ "content": "a" ^ added_tokens must be [{"id":2,"content":"<|boundary|>"
            "<|boundary|>": 2 ^ "c": 2 ^ added_tokens must be [], but is [{"id":2
            "<|boundary|>": 2 ^ "<unk>": 2 ^ added_tokens must be [{"id":2,"content":"<unk>"
            """)
    void defectsAreNamed(String good, String bad, String message) {
        assertThat(AB).containsOnlyOnce(good);

        refused(AB.replace(good, bad == null ? "" : bad), message);
    }

    @Test
    void emptyVocabularyIsRefused() {
        String json = AB.replaceAll("(?s)\"vocab\": \\{.*?}", "\"vocab\": {}");

        refused(json, "model.vocab: the vocabulary has 0 tokens, but must have 1 to 1048576");
    }

    @Test
    void wordTokenizerWithoutUnknownIsRefused() {
        String json = TokenizerKind.WORD
                .train(Map.of("a", 1L), new VocabularyOptions(false, true, 0))
                .toJson()
                .replace("\"<unk>\": 1", "\"b\": 1");

        refused(json, "model.vocab: the vocabulary has no <unk>, which a word tokenizer needs");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '~', textBlock = """
            "normalizer": null ^ "normalizer": "LONG"
            "Regex": "[        ^ "Regex": "LONG
            "type": "WordLevel ^ "type": "LONG
            "a": 0             ^ "a": "LONG"
            "a": 0             ^ "LONG": 0
            """)
    void errorsStayShort(String good, String bad) {
        String json = AB.replace(good, bad.replace("LONG", "x".repeat(20_000)));

        assertThatThrownBy(() -> TokenizerJson.parse(json, SOURCE))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500).contains("xxx..."));
    }

    private static void refused(String json, String defect) {
        assertThatThrownBy(() -> TokenizerJson.parse(json, SOURCE))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(SOURCE + " is not a tokenizer.json of this program: " + defect);
    }
}
