package io.microgpt.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hugging Face's own {@code tokenizers}, called through DJL, read our {@code tokenizer.json} and encode and decode the same. */
class HuggingFaceReaderTest {
    private static final Map<String, String> OPTIONS =
            Map.of("addSpecialTokens", "false", "truncation", "DO_NOT_TRUNCATE");

    @TempDir
    private Path directory;

    /** The native library is in DJL's jar: nothing is fetched, and nobody told. */
    @BeforeAll
    static void stayOffline() {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("DJL_CACHE_DIR", Path.of("target", "djl").toString());
    }

    @ParameterizedTest
    @EnumSource
    void encodesAndDecodesTheSame(TokenizerKind kind) throws IOException {
        String trained = text(1, 20_000);
        Tokenizer ours = kind.train(Texts.counts(kind, trained), new VocabularyOptions(true, true, 1500));
        try (HuggingFaceTokenizer theirs = read(ours)) {
            for (int seed = 2; seed < 102; seed++) {
                String text = text(seed, 100);
                int[] ids = ours.encode(text);
                long[] expected = theirs.encode(text).getIds();

                assertThat(Arrays.stream(ids).asLongStream().toArray()).isEqualTo(expected);
                assertThat(theirs.decode(expected, false)).isEqualTo(ours.decode(ids));
            }
        }
    }

    @Test
    void boundaryIsASpecialTokenThatDecodesToNothing() throws IOException {
        Tokenizer ours = TokenizerKind.BPE.train(Map.of("low", 5L), new VocabularyOptions(true, false, 0));
        long boundary = ours.boundary().orElseThrow();
        try (HuggingFaceTokenizer theirs = read(ours)) {
            long[] ids = theirs.encode("<|boundary|>low<|boundary|>").getIds();

            assertThat(ids).containsExactly(boundary, 257, boundary);
            assertThat(theirs.decode(ids, true)).isEqualTo("low");
        }
    }

    @Test
    void cutCharactersDecodeTheSame() throws IOException {
        Tokenizer ours = TokenizerKind.BPE.train(Map.of("low", 5L), new VocabularyOptions(true, false, 0));
        int[] ids = ours.encode("low 漢😀é");
        try (HuggingFaceTokenizer theirs = read(ours)) {
            for (int from = 0; from < ids.length; from++) {
                for (int to = from + 1; to <= ids.length; to++) {
                    int[] part = Arrays.copyOfRange(ids, from, to);

                    assertThat(ours.decode(part))
                            .isEqualTo(theirs.decode(
                                    Arrays.stream(part).asLongStream().toArray(), false));
                }
            }
        }
    }

    private HuggingFaceTokenizer read(Tokenizer tokenizer) throws IOException {
        return HuggingFaceTokenizer.newInstance(
                Files.writeString(directory.resolve("tokenizer.json"), tokenizer.toJson()), OPTIONS);
    }

    /** Without what becomes a special token there, and what Unicode gave a meaning only after this JDK. */
    private static String text(long seed, int parts) {
        return Texts.random(seed, parts)
                .replace("<unk>", "")
                .replace("<|boundary|>", "")
                .codePoints()
                .filter(Character::isDefined)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
    }
}
