package io.microgpt.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.microgpt.data.Sha256;
import java.util.ArrayList;
import java.util.List;

/**
 * The fields of a JSON object; whatever is not as expected is a {@link CheckpointException} that names the file, the
 * field and both values.
 *
 * @param path the file
 * @param at where in the file the object stands, such as {@code architecture.}; empty for the root
 * @param node the object
 */
record JsonFields(String path, String at, JsonNode node) {
    List<String> names() {
        List<String> names = new ArrayList<>(node.size());
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    boolean has(String name) {
        return node.has(name);
    }

    long integer(String name, long min, long max) {
        JsonNode value = value(name);
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < min
                || value.longValue() > max) {
            throw mismatch(name, value, "an integer from " + min + " to " + max);
        }
        return value.longValue();
    }

    String text(String name) {
        JsonNode value = value(name);
        if (!value.isTextual()) {
            throw mismatch(name, value, "a text");
        }
        return value.textValue();
    }

    String sha256(String name) {
        JsonNode value = value(name);
        if (!value.isTextual() || !Sha256.isHex(value.textValue())) {
            throw mismatch(name, value, "a SHA-256 of 64 hexadecimal digits");
        }
        return value.textValue();
    }

    JsonNode array(String name) {
        JsonNode value = value(name);
        if (!value.isArray()) {
            throw mismatch(name, value, "an array");
        }
        return value;
    }

    JsonFields object(String name) {
        JsonNode value = value(name);
        if (!value.isObject()) {
            throw mismatch(name, value, "an object");
        }
        return new JsonFields(path, at + Json.brief(name) + ".", value);
    }

    JsonNode value(String name) {
        JsonNode value = node.get(name);
        if (value == null) {
            throw damage("has no field " + at + Json.brief(name));
        }
        return value;
    }

    CheckpointException mismatch(String name, JsonNode value, String expected) {
        return damage(
                "field " + at + Json.brief(name) + " is " + Json.brief(value) + ", " + expected + " was expected");
    }

    CheckpointException damage(String reason) {
        return new CheckpointException(path, reason);
    }
}
