package io.microgpt.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.microgpt.checkpoint.TensorInfo.Type;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file.
 *
 * @param metadata free text by name
 * @param tensors in the order in which their bytes stand in the file
 */
record TensorHeader(Map<String, String> metadata, List<TensorInfo> tensors) {
    private static final String METADATA = "__metadata__";

    static byte[] render(Map<String, String> metadata, List<SafeTensors.Matrix> matrices) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ObjectNode texts = root.putObject(METADATA);
        metadata.forEach(texts::put);
        long begin = 0;
        for (SafeTensors.Matrix matrix : matrices) {
            if (root.has(matrix.name())) {
                throw new IllegalArgumentException("two tensors are called " + matrix.name());
            }
            long end = begin + (long) matrix.size() * Type.F32.bytes();
            ObjectNode tensor = root.putObject(matrix.name());
            tensor.put("dtype", Type.F32.name());
            matrix.shape().forEach(tensor.putArray("shape")::add);
            tensor.putArray("data_offsets").add(begin).add(end);
            begin = end;
        }
        return root.toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Parses and checks a header.
     *
     * @param dataBytes the number of bytes that follow the header in the file
     * @throws CheckpointException where shapes and offsets are not sound, or do not cover exactly those bytes
     */
    static TensorHeader parse(byte[] json, long dataBytes, String path) {
        JsonFields root = Json.parse(json, path);
        Map<String, String> metadata = new LinkedHashMap<>();
        List<TensorInfo> tensors = new ArrayList<>();
        for (String name : root.names()) {
            JsonFields fields = root.object(name);
            if (name.equals(METADATA)) {
                fields.names().forEach(key -> metadata.put(key, fields.text(key)));
            } else {
                tensors.add(tensor(name, fields));
            }
        }
        tensors.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        requireNoGaps(tensors, dataBytes, path);
        return new TensorHeader(Collections.unmodifiableMap(metadata), List.copyOf(tensors));
    }

    private static TensorInfo tensor(String name, JsonFields fields) {
        String dtype = fields.text("dtype");
        Type type = Arrays.stream(Type.values())
                .filter(candidate -> candidate.name().equals(dtype))
                .findFirst()
                .orElseThrow(() -> damage(
                        fields,
                        name,
                        "dtype " + Json.brief(dtype) + " cannot be read, only " + Arrays.toString(Type.values())));
        List<Long> shape = lengths(fields, "shape");
        List<Long> offsets = lengths(fields, "data_offsets");
        if (offsets.size() != 2) {
            throw damage(fields, name, "data_offsets has " + offsets.size() + " numbers, 2 were expected");
        }
        long bytes = type.bytes();
        try {
            for (long extent : shape) {
                bytes = Math.multiplyExact(bytes, extent);
            }
        } catch (ArithmeticException e) {
            throw damage(fields, name, "shape " + Json.brief(shape) + " has more bytes than any file");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (end - begin != bytes) {
            throw damage(
                    fields,
                    name,
                    "data_offsets " + offsets + " span " + (end - begin) + " bytes, shape " + Json.brief(shape) + " of "
                            + type + " takes " + bytes);
        }
        return new TensorInfo(name, type, shape, begin, end);
    }

    private static List<Long> lengths(JsonFields fields, String name) {
        List<Long> lengths = new ArrayList<>();
        for (JsonNode element : fields.array(name)) {
            if (!element.isIntegralNumber() || !element.canConvertToLong() || element.longValue() < 0) {
                throw fields.mismatch(name, element, "a list of lengths");
            }
            lengths.add(element.longValue());
        }
        return lengths;
    }

    private static CheckpointException damage(JsonFields fields, String name, String reason) {
        return fields.damage("tensor " + Json.brief(name) + ": " + reason);
    }

    /** The format demands it: bytes that belong to no tensor could smuggle anything, shared ones could multiply. */
    private static void requireNoGaps(List<TensorInfo> tensors, long dataBytes, String path) {
        long end = 0;
        for (TensorInfo tensor : tensors) {
            if (tensor.begin() != end) {
                throw new CheckpointException(
                        path,
                        "tensor " + Json.brief(tensor.name()) + " begins at byte " + tensor.begin()
                                + " of the data, the one before it ends at " + end);
            }
            end = tensor.end();
        }
        if (end != dataBytes) {
            throw new CheckpointException(
                    path,
                    "the tensors of the header take " + end + " bytes, the file has " + dataBytes
                            + " after its header");
        }
    }
}
