package io.microgpt.spark.prepare;

import io.microgpt.spark.input.InputFormat;
import io.microgpt.text.TokenizerKind;
import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a dataset is prepared, in the words of the configuration.
 *
 * @param blockSize B, the most positions of a document
 * @param chunk whether documents over the block size are cut into several, or truncated
 * @param maxDocumentBytes larger rows are rejected
 * @param maxRejectedFraction the share of rejected rows past which preparing fails
 */
public record PrepareOptions(
        String input,
        InputFormat format,
        String column,
        TokenizerKind tokenizer,
        int vocabularySize,
        int minCount,
        boolean unknown,
        double testFraction,
        int shards,
        int blockSize,
        boolean chunk,
        int maxDocumentBytes,
        double maxRejectedFraction,
        long seed)
        implements Serializable {

    /** {@return what the manifest keeps of it} */
    Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        settings.put("data.path", input);
        settings.put("data.format", format.key());
        settings.put("data.column", column);
        settings.put("data.tokenizer", tokenizer.key());
        settings.put("data.test-fraction", Double.toString(testFraction));
        settings.put("data.shards", Integer.toString(shards));
        settings.put("data.over-length", chunk ? "chunk" : "truncate");
        settings.put("data.seed", Long.toString(seed));
        settings.put("model.block-size", Integer.toString(blockSize));
        return settings;
    }
}
