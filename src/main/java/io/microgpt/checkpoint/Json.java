package io.microgpt.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Strict JSON in UTF-8: one object, no name twice, nothing after it, and never more of it than memory can bear. */
final class Json {
    /**
     * A tree takes some hundred bytes a token however few characters it was written in, so that 64 MB of brackets would
     * take gigabytes. Our largest real file is the header of a model: 16 tokens a tensor.
     */
    private static final int MAX_TOKENS = 1_000_000;

    private static final int BRIEF_CHARACTERS = 60;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final DefaultPrettyPrinter PRETTY =
            new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));

    private Json() {}

    /** {@return the fields of the one object in these bytes} */
    static JsonFields parse(byte[] utf8, String path) {
        return parse(text(utf8, path), path);
    }

    /** {@return the fields of the one object in this text} */
    static JsonFields parse(String text, String path) {
        try {
            requireFewTokens(text, path);
            JsonNode root = MAPPER.readTree(text);
            if (!root.isObject()) {
                throw new CheckpointException(path, "has " + brief(root) + " where a JSON object was expected");
            }
            return new JsonFields(path, "", root);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(path, "is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new CheckpointException(path, "is not valid JSON: " + e.getMessage(), e);
        }
    }

    private static void requireFewTokens(String text, String path) throws IOException {
        try (JsonParser parser = MAPPER.createParser(text)) {
            int tokens = 0;
            while (parser.nextToken() != null) {
                if (++tokens > MAX_TOKENS) {
                    throw new CheckpointException(path, "has more than " + MAX_TOKENS + " JSON tokens");
                }
            }
        }
    }

    /** {@return an object as indented text with a line feed at its end, the same on every platform} */
    static byte[] render(JsonNode node) {
        try {
            return (MAPPER.writer(PRETTY).writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree in memory cannot be written as JSON", e);
        }
    }

    /** {@return these bytes as text, without the silent replacements of {@code new String}} */
    static String text(byte[] utf8, String path) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(path, "is not valid UTF-8: " + e.getMessage(), e);
        }
    }

    /** {@return this text as bytes, without the silent replacements of {@code String.getBytes}} */
    static byte[] bytes(String text, String path) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new CheckpointException(
                    path, "cannot be written in UTF-8: the text has half a surrogate pair; write it as \\uXXXX", e);
        }
    }

    /** {@return a value for an error message, cut short: what is broken may be as long as the file} */
    static String brief(Object value) {
        String text = String.valueOf(value);
        return text.length() <= BRIEF_CHARACTERS ? text : text.substring(0, BRIEF_CHARACTERS) + "...";
    }
}
