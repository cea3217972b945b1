package io.microgpt.train;

import io.microgpt.checkpoint.SafeTensorsReader;
import io.microgpt.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A file of golden vectors, read whole by the project's own reader. */
final class GoldenFile {
    private final Map<String, Object> tensors = new HashMap<>();
    private final Map<String, String> metadata;

    GoldenFile(Path file) throws IOException {
        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            metadata = reader.metadata();
            for (TensorInfo tensor : reader.tensors()) {
                Object values = switch (tensor.type()) {
                    case F32 -> reader.readFloats(tensor);
                    case F64 -> reader.readDoubles(tensor);
                    case I32 -> reader.readInts(tensor);
                };
                tensors.put(tensor.name(), values);
            }
            reader.finish();
        }
    }

    boolean has(String name) {
        return tensors.containsKey(name);
    }

    float[] floats(String name) {
        return (float[]) tensors.get(name);
    }

    double[] doubles(String name) {
        return (double[]) tensors.get(name);
    }

    int[] ints(String name) {
        return (int[]) tensors.get(name);
    }

    String text(String name) {
        return metadata.get(name);
    }

    int integer(String name) {
        return Integer.parseInt(text(name));
    }

    double number(String name) {
        return Double.parseDouble(text(name));
    }
}
