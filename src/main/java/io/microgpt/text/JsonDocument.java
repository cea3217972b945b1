package io.microgpt.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;

/**
 * A JSON document and where it came from. Paths name a field within fields: {@code model.vocab}.
 *
 * @param source what errors call the document, such as its path
 */
record JsonDocument(JsonNode root, String source) {
    private static final int LONGEST_QUOTE = 200;

    String text(String path) {
        return require(path, JsonNodeType.STRING).textValue();
    }

    ObjectNode object(String path) {
        return (ObjectNode) require(path, JsonNodeType.OBJECT);
    }

    ArrayNode array(String path) {
        return (ArrayNode) require(path, JsonNodeType.ARRAY);
    }

    /** Refuses a document in which a field of {@code expected} is missing or has another value. */
    void requireAll(ObjectNode expected) {
        requireSame("", expected, root);
    }

    IllegalArgumentException defect(String defect) {
        return new IllegalArgumentException(source + " is not a tokenizer.json of this program: " + defect);
    }

    private JsonNode require(String path, JsonNodeType type) {
        JsonNode node = root.at("/" + path.replace('.', '/'));
        if (node.getNodeType() != type) {
            throw defect(path + " must be a JSON " + type.name().toLowerCase(Locale.ROOT) + ", but is " + quote(node));
        }
        return node;
    }

    private void requireSame(String path, JsonNode expected, JsonNode actual) {
        if (expected.equals(actual)) {
            return;
        }
        if (!expected.isObject() || !actual.isObject()) {
            throw defect(path + " must be " + quote(expected) + ", but is " + quote(actual));
        }
        for (Map.Entry<String, JsonNode> field : expected.properties()) {
            String key = shortened(field.getKey());
            String name = path.isEmpty() ? key : path + "." + key;
            requireSame(name, field.getValue(), actual.path(field.getKey()));
        }
    }

    /** {@return {@code value} for an error message, which a value of any length must not flood} */
    static String shortened(String value) {
        return value.length() <= LONGEST_QUOTE ? value : value.substring(0, LONGEST_QUOTE) + "...";
    }

    private static String quote(JsonNode node) {
        if (node.isMissingNode()) {
            return "missing";
        }
        return shortened(node.toString());
    }
}
