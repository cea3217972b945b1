package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is read as a byte-level BPE: what this program writes, and nothing that would encode differently. */
class BpeJsonTest {
    private static final String SOURCE = "hdfs://models/stories/tokenizer.json";

    private static final String LOW = TokenizerKind.BPE
            .train(Map.of("low", 5L, "lower", 2L, "newest", 6L, "widest", 3L), new VocabularyOptions(true, false, 260))
            .toJson();

    @Test
    void layoutIsThatOfHuggingFace() {
        assertThat(LOW).startsWith("""
                        {
                          "version": "1.0",
                          "truncation": null,
                          "padding": null,
                          "added_tokens": [
                            {
                              "id": 259,
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
                            "type": "ByteLevel",
                            "add_prefix_space": false,
                            "trim_offsets": true,
                            "use_regex": true
                          },
                          "post_processor": null,
                          "decoder": {
                            "type": "ByteLevel",
                            "add_prefix_space": false,
                            "trim_offsets": true,
                            "use_regex": true
                          },
                          "model": {
                            "type": "BPE",
                            "dropout": null,
                            "unk_token": null,
                            "continuing_subword_prefix": null,
                            "end_of_word_suffix": null,
                            "fuse_unk": false,
                            "byte_fallback": false,
                            "ignore_merges": false,
                            "vocab": {
                              "!": 0,
                              "\\"": 1,
                              "#": 2,
                        """).endsWith("""
                              "ł": 254,
                              "Ń": 255,
                              "es": 256,
                              "est": 257,
                              "lo": 258,
                              "<|boundary|>": 259
                            },
                            "merges": [
                              "e s",
                              "es t",
                              "l o"
                            ]
                          }
                        }
                        """);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '~', textBlock = """
            "type": "BPE" ^ "type": "Unigram" ^ model.type is Unigram, but this program reads WordLevel and BPE
            "dropout": null ^ "dropout": 0.1 ^ model.dropout must be null, but is 0.1
            "byte_fallback": false ^ "byte_fallback": true ^ model.byte_fallback must be false, but is true
            "ignore_merges": false ^ "ignore_merges": true ^ model.ignore_merges must be false, but is true
            "normalizer": null ^ "normalizer": {"type": "NFC"} ^ normalizer must be null, but is {"type":"NFC"}
            "merges": [ ^ "merger": [ ^ model.merges must be a JSON array, but is missing
            "vocab": { ^ "vocabulary": { ^ model.vocab must be a JSON object, but is missing
            "e s", ^ ^ model.merges[0]: "es t" must be two tokens of bytes or of merges before it
            "e s" ^ "es" ^ model.merges[0]: "es" must be two tokens
            "e s" ^ "e  s" ^ model.merges[0]: "e  s" must be two tokens
            "e s" ^ " es" ^ model.merges[0]: " es" must be two tokens
            "e s" ^ 7 ^ model.merges[0]: 7 must be two tokens
            "e s" ^ ["e", "s"] ^ model.merges[0]: ["e","s"] must be two tokens
            "e s" ^ "e 漢" ^ model.merges[0]: "e 漢" must be two tokens
            "es t" ^ "e s" ^ model.merges[1]: 'e' (U+0065) and 's' (U+0073) are merged twice
            "es t" ^ "s e" ^ model.vocab.se must be 257, but is missing
            "l o" ^ "l o", "lo w" ^ added_tokens must be [{"id":260,"content":"<|boundary|>"
            "es": 256 ^ "es": 257 ^ model.vocab.es must be 256, but is 257
            "es": 256 ^ "es": 256.0 ^ model.vocab.es must be 256, but is 256.0
            "es": 256, ^ ^ model.vocab.es must be 256, but is missing
            "es": 256, ^ "es": 256, "xyz": 260, ^ model.vocab has 261 tokens, but bytes and merges make 260
            "#": 2, ^ ^ model.vocab.# must be 2, but is missing
            "<|boundary|>": 259 ^ "<|boundary|>": 0 ^ model.vocab.<|boundary|> must be 259, but is 0
            "special": true ^ "special": false ^ added_tokens must be [{"id":259
            "lo": 258, ^ "lo": 258, "<unk>": 260, ^ model.vocab has 261 tokens
            """)
    void defectsAreNamed(String good, String bad, String message) {
        String json = LOW.replace(good, bad == null ? "" : bad);
        assertThat(json).isNotEqualTo(LOW);

        refused(json, message);
    }

    @Test
    void mergeThatSpellsASpecialTokenIsRefused() {
        String merges = "\"< u\", \"<u n\", \"<un k\", \"<unk >\"";

        refused(LOW.replace("\"e s\"", merges), "model.merges[3]: a merge makes <unk>, which stands for no text");
    }

    /** Each merge doubles the longest token: a file of few lines would decode to anything. */
    @Test
    void lengthOfTokensIsBounded() {
        StringBuilder merges = new StringBuilder();
        for (String token = "a"; token.length() < 5000; token += token) {
            merges.append('"').append(token).append(' ').append(token).append("\",");
        }

        refused(LOW.replace("\"e s\"", merges + "\"e s\""), "model.merges[11]: the merge of \"aaaa");
        assertThatThrownBy(() -> TokenizerJson.parse(LOW.replace("\"e s\"", merges + "\"e s\""), SOURCE))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500))
                .hasMessageContaining("makes a token of 4096 bytes; the longest may have 3000");
    }

    @Test
    void numberOfTokensIsBounded() {
        String many = "\"x y\",".repeat((1 << 20) + 1);

        refused(
                LOW.replace("\"e s\"", many + "\"e s\""),
                "model has 260 tokens and 1048580 merges, but may have 1048576");
    }

    /** No damage makes another tokenizer of it. */
    @Test
    void damageIsDetectedOrDoesNotMatter() {
        int same = 0;
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            StringBuilder json = new StringBuilder(LOW);
            int at = random.nextInt(json.length());
            switch (random.nextInt(4)) {
                case 0 -> json.setCharAt(at, (char) (json.charAt(at) ^ 1 << random.nextInt(7)));
                case 1 -> json.setCharAt(at, (char) random.nextInt(0x3000));
                case 2 -> json.delete(at, Math.min(json.length(), at + 1 + random.nextInt(30)));
                default -> json.insert(at, json.substring(at, Math.min(json.length(), at + 1 + random.nextInt(30))));
            }
            Tokenizer read;
            try {
                read = TokenizerJson.parse(json.toString(), SOURCE);
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageStartingWith(SOURCE);
                assertThat(e.getMessage()).hasSizeLessThan(1500);
                continue;
            }
            assertThat(read.toJson()).as("seed %d", seed).isEqualTo(LOW);
            same++;
        }
        assertThat(same).isBetween(1, 1500); // spaces between the fields, and names that nobody reads
    }

    private static void refused(String json, String defect) {
        assertThatThrownBy(() -> TokenizerJson.parse(json, SOURCE))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(SOURCE + " is not a tokenizer.json of this program: " + defect);
    }
}
