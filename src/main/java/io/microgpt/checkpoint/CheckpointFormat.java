package io.microgpt.checkpoint;

import io.microgpt.model.GptConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The names that the writer and the reader of a checkpoint agree on. */
final class CheckpointFormat {
    static final String MODEL = "model.safetensors";
    static final String OPTIMIZER = "optimizer.safetensors";
    static final String STATE = "trainer_state.json";
    static final String CONFIG = "config.json";
    static final String TOKENIZER = "tokenizer.json";
    /** The files that a manifest lists: these, no fewer and no more. */
    static final Set<String> FILES = Set.of(MODEL, OPTIMIZER, STATE, CONFIG, TOKENIZER);

    /** The longest JSON file that is read or written, in bytes. */
    static final int MAX_JSON_BYTES = 64 << 20;

    static final int VERSION = 1;
    static final String VERSION_KEY = "format_version";
    static final String ARCHITECTURE = "architecture";
    static final String CONFIGURATION = "configuration";
    static final String WEIGHTS_SHA256 = "weights_sha256";

    /** What a matrix of Adam's moments is called before the name of its weights. */
    static final String FIRST_MOMENT = "m.";

    static final String SECOND_MOMENT = "v.";

    private CheckpointFormat() {}

    /** {@return what both tensor files say about the checkpoint that they are part of} */
    static Map<String, String> metadata(GptConfig model, String weightsSha256) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(VERSION_KEY, Integer.toString(VERSION));
        metadata.put(ARCHITECTURE, Architecture.render(model).toString());
        metadata.put(WEIGHTS_SHA256, weightsSha256);
        return metadata;
    }
}
