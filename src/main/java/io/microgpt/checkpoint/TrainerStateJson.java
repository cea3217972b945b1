package io.microgpt.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** {@link TrainerState} as JSON. What is absent has no field; what is not finite, a text for want of a number. */
final class TrainerStateJson {
    private TrainerStateJson() {}

    static byte[] render(TrainerState state) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("step", state.step());
        root.put("documents", state.documents());
        root.put("positions", state.positions());
        root.put("seed", state.seed());
        root.put("dataset_fingerprint", state.datasetFingerprint());
        state.replayFingerprint().ifPresent(fingerprint -> root.put("replay_fingerprint", fingerprint));
        root.put("tokenizer_sha256", state.tokenizerSha256());
        root.set("train_loss", number(state.trainLoss()));
        state.testLoss().ifPresent(loss -> root.set("test_loss", number(loss)));
        state.bestStep().ifPresent(step -> root.put("best_step", step));
        state.bestTestLoss().ifPresent(loss -> root.set("best_test_loss", number(loss)));
        ObjectNode memory = root.putObject("memory");
        state.memory().forEach((name, values) -> {
            ArrayNode numbers = memory.putArray(name);
            values.forEach(value -> numbers.add(number(value)));
        });
        return Json.render(root);
    }

    static TrainerState parse(byte[] json, String path) {
        JsonFields root = Json.parse(json, path);
        try {
            return new TrainerState(
                    root.integer("step", 0, StepName.MAX_STEP),
                    root.integer("documents", 0, Long.MAX_VALUE),
                    root.integer("positions", 0, Long.MAX_VALUE),
                    root.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE),
                    root.text("dataset_fingerprint"),
                    root.has("replay_fingerprint") ? Optional.of(root.text("replay_fingerprint")) : Optional.empty(),
                    root.text("tokenizer_sha256"),
                    number(root, "train_loss", root.value("train_loss")),
                    optionalNumber(root, "test_loss"),
                    root.has("best_step")
                            ? OptionalLong.of(root.integer("best_step", 0, StepName.MAX_STEP))
                            : OptionalLong.empty(),
                    optionalNumber(root, "best_test_loss"),
                    memory(root.object("memory")));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(path, e.getMessage(), e);
        }
    }

    private static SortedMap<String, List<Double>> memory(JsonFields fields) {
        SortedMap<String, List<Double>> memory = new TreeMap<>();
        for (String name : fields.names()) {
            List<Double> values = new ArrayList<>();
            for (JsonNode element : fields.array(name)) {
                values.add(number(fields, name, element));
            }
            memory.put(name, values);
        }
        return memory;
    }

    private static JsonNode number(double value) {
        return Double.isFinite(value)
                ? JsonNodeFactory.instance.numberNode(value)
                : JsonNodeFactory.instance.textNode(Double.toString(value));
    }

    private static OptionalDouble optionalNumber(JsonFields fields, String name) {
        return fields.has(name) ? OptionalDouble.of(number(fields, name, fields.value(name))) : OptionalDouble.empty();
    }

    private static double number(JsonFields fields, String name, JsonNode value) {
        if (value.isNumber()) {
            return value.doubleValue();
        }
        return switch (value.isTextual() ? value.textValue() : "") {
            case "NaN" -> Double.NaN;
            case "Infinity" -> Double.POSITIVE_INFINITY;
            case "-Infinity" -> Double.NEGATIVE_INFINITY;
            default -> throw fields.mismatch(name, value, "a number, NaN, Infinity or -Infinity");
        };
    }
}
