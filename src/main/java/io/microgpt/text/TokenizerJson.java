package io.microgpt.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * {@code tokenizer.json}, in the layout of Hugging Face's {@code tokenizers}, which reads these files and encodes the
 * same, but for one thing: there a literal {@code <unk>} or {@code <|boundary|>} in a text becomes the special token,
 * unless {@code encode_special_tokens} is set.
 */
public final class TokenizerJson {
    /**
     * Of JSON: two for each of the largest vocabulary, and as many again. A tree takes some hundred bytes for each, however few
     * characters it was written in.
     */
    private static final long MOST_TOKENS = 4L * WordLevelTokenizer.LARGEST_VOCABULARY;

    // Field names are the vocabulary: a symbol table of them only costs, and Jackson takes a large one with colliding
    // hashes for an attack.
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxTokenCount(MOST_TOKENS)
                            .build())
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private TokenizerJson() {}

    /**
     * {@return the tokenizer that {@code json} holds}
     *
     * @param json what {@link Tokenizer#toJson()} gave
     * @param source what errors call it, such as the path that it was read from
     * @throws IllegalArgumentException if it is not the tokenizer of this program, naming the source and the defect
     */
    public static Tokenizer parse(String json, String source) {
        JsonDocument document = new JsonDocument(read(json, source), source);
        String model = document.text("model.type");
        return switch (model) {
            case WordLevelJson.MODEL -> WordLevelJson.read(document);
            case BpeJson.MODEL -> BpeJson.read(document);
            default ->
                throw document.defect("model.type is " + JsonDocument.shortened(model) + ", but this program reads "
                        + WordLevelJson.MODEL + " and " + BpeJson.MODEL);
        };
    }

    private static JsonNode read(String json, String source) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? ""
                    : " (line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ")";
            throw new IllegalArgumentException(
                    source + " is not valid JSON" + place + ": " + e.getOriginalMessage(), e);
        }
    }

    /** {@return {@code tree} as text for people: indented, a field a line, the same on every system} */
    static String print(ObjectNode tree) {
        DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
        Separators separators =
                Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER);
        ObjectWriter writer = MAPPER.writer(new DefaultPrettyPrinter(separators)
                .withObjectIndenter(indenter)
                .withArrayIndenter(indenter));
        try {
            return writer.writeValueAsString(tree) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values could not be written as JSON", e);
        }
    }
}
