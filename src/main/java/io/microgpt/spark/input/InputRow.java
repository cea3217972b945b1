package io.microgpt.spark.input;

import java.io.Serializable;

/**
 * A row of input as it was found: a text, or the reason why there is none.
 *
 * @param file where it stands
 * @param position its byte offset in the file (lines, blocks, continuous, jsonl), its line (csv) or its row (parquet), from 0
 * @param text null if the row is rejected
 * @param rejection null if it is not
 * @param excerpt the beginning of a rejected row, as far as it can be shown
 */
public record InputRow(String file, long position, String text, String rejection, String excerpt)
        implements Serializable {
    private static final int EXCERPT = 200;

    public static InputRow of(String file, long position, String text) {
        return new InputRow(file, position, text, null, null);
    }

    public static InputRow rejected(String file, long position, String reason, String content) {
        String excerpt = content == null || content.length() <= EXCERPT ? content : content.substring(0, EXCERPT);
        return new InputRow(file, position, null, reason, excerpt);
    }

    /** {@return this row, or its rejection where its text is null, blank or over {@code mostBytes} of UTF-8} */
    InputRow checked(int mostBytes) {
        if (rejection != null) {
            return this;
        }
        if (text == null) {
            return rejected(file, position, "null", null);
        }
        if (text.isBlank()) {
            return rejected(file, position, "empty", text);
        }
        // A char is at least one byte, so only texts near the limit are encoded to be measured.
        if (text.length() > mostBytes / 3
                && text.getBytes(java.nio.charset.StandardCharsets.UTF_8).length > mostBytes) {
            return rejected(file, position, tooLong(mostBytes), text);
        }
        return this;
    }

    static String tooLong(int mostBytes) {
        return "over data.max-document-bytes = " + mostBytes;
    }
}
