package io.microgpt.spark.input;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The formats of input, in the words of {@code data.format}. */
public enum InputFormat {
    /** A line a document. */
    LINES,
    /** Blank lines between documents. */
    BLOCKS,
    /** One text without documents, cut into blocks. */
    CONTINUOUS,
    /** A JSON object a line, its text in a column. */
    JSONL,
    /** Comma-separated values with a header, the text in a column. */
    CSV,
    /** Parquet files with the text in a column. */
    PARQUET;

    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static InputFormat ofKey(String key) {
        return Arrays.stream(values())
                .filter(format -> format.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("data.format = " + key + " is not one of "
                        + Arrays.stream(values()).map(InputFormat::key).collect(Collectors.joining(", "))));
    }
}
