package io.microgpt.spark.input;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.microgpt.spark.input.InputFiles.Range;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;

/**
 * Reads the rows of one range of a file. Every row comes out, good or bad, with its place in the file; nothing is skipped.
 */
final class RowReader {
    /** A tree takes some hundred bytes a token, however few characters of a line it was written in. */
    private static final long MOST_JSON_TOKENS = 1_000_000;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxTokenCount(MOST_JSON_TOKENS)
                            .maxStringLength(Integer.MAX_VALUE) // the limit of a line is that of its texts
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
    private static final int PIECE_BYTES = 1 << 16;
    static final String NOT_UTF8 = "not valid UTF-8";

    private final Configuration hadoop;
    private final InputFormat format;
    private final String column;
    private final int mostBytes;

    RowReader(Configuration hadoop, InputFormat format, String column, int mostBytes) {
        this.hadoop = hadoop;
        this.format = format;
        this.column = column;
        this.mostBytes = mostBytes;
    }

    /** {@return whether files of a format must be read from their beginning to their end} */
    static boolean whole(InputFormat format) {
        return format == InputFormat.BLOCKS || format == InputFormat.CONTINUOUS || format == InputFormat.CSV;
    }

    /** {@return every row of the range, in the order of the file; read as they are asked for} */
    Iterator<InputRow> read(Range range) {
        // A range may begin in the middle of a line, which then belongs to the range before: from one byte earlier on,
        // the first line feed ends what is not ours.
        long from = Math.max(0, range.start() - 1);
        try {
            PushbackInputStream in = new PushbackInputStream(range.open(hadoop, from), BYTE_ORDER_MARK.length);
            long skipped = from == 0 && skipByteOrderMark(in) ? BYTE_ORDER_MARK.length : 0;
            return switch (format) {
                case LINES -> new RowIterator(range.file(), in, lines(range, from + skipped, in, this::line));
                case JSONL -> new RowIterator(range.file(), in, lines(range, from + skipped, in, this::json));
                case BLOCKS -> new RowIterator(range.file(), in, new Blocks(range.file(), in, skipped));
                case CONTINUOUS -> new RowIterator(range.file(), in, pieces(range.file(), in, skipped));
                case CSV -> new RowIterator(range.file(), in, new CsvRows(range.file(), in, column, mostBytes));
                case PARQUET -> throw new IllegalArgumentException("Parquet is read by Spark");
            };
        } catch (IOException e) {
            throw new UncheckedIOException(range.file() + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Reads the header of a CSV file.
     *
     * @throws io.microgpt.data.DatasetException if the column is not in it
     */
    void requireColumn(Range range) {
        try (InputStream in = range.open(hadoop, 0)) {
            new CsvRows(range.file(), in, column, mostBytes);
        } catch (IOException e) {
            throw new UncheckedIOException(range.file() + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static boolean skipByteOrderMark(PushbackInputStream in) throws IOException {
        byte[] first = in.readNBytes(BYTE_ORDER_MARK.length);
        boolean found = Arrays.equals(first, BYTE_ORDER_MARK);
        if (!found) {
            in.unread(first);
        }
        return found;
    }

    private interface LineParser {
        InputRow row(String file, long position, String text);
    }

    private RowIterator.Source lines(Range range, long from, InputStream in, LineParser parser) throws IOException {
        ByteLines lines = ByteLines.of(in, from, lineBytes());
        boolean empty = from < range.start() && !lines.next();
        return () -> !empty && lines.next() && lines.start() < range.end()
                ? row(range.file(), lines, parser).checked(mostBytes)
                : null;
    }

    /** A carriage return at the end of a line is not of the document. */
    private int lineBytes() {
        return (int) Math.min(Integer.MAX_VALUE, mostBytes + 1L);
    }

    private InputRow row(String file, ByteLines lines, LineParser parser) {
        if (lines.tooLong()) {
            return InputRow.rejected(file, lines.start(), InputRow.tooLong(mostBytes), null);
        }
        String text = lines.text();
        return text == null
                ? InputRow.rejected(file, lines.start(), NOT_UTF8, lines.shown())
                : parser.row(file, lines.start(), withoutReturn(text));
    }

    private static String withoutReturn(String line) {
        return line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
    }

    private InputRow line(String file, long position, String text) {
        return InputRow.of(file, position, text);
    }

    private InputRow json(String file, long position, String line) {
        try {
            JsonNode value = jsonField(line, column);
            return value.isMissingNode()
                    ? InputRow.rejected(file, position, "no field " + column, line)
                    : InputRow.of(file, position, value.textValue());
        } catch (IllegalArgumentException e) {
            return InputRow.rejected(file, position, e.getMessage(), line);
        }
    }

    /**
     * {@return a field of a line of JSON: a text, null, or missing}
     *
     * @throws IllegalArgumentException if the line is not JSON, or the field something else
     */
    static JsonNode jsonField(String line, String column) {
        if (line.isBlank()) {
            throw new IllegalArgumentException("empty");
        }
        JsonNode value;
        try {
            value = JSON.readTree(line).path(column);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
        }
        if (!value.isMissingNode() && !value.isTextual() && !value.isNull()) {
            throw new IllegalArgumentException("field " + column + " is not a text");
        }
        if (value.isTextual() && !StandardCharsets.UTF_8.newEncoder().canEncode(value.textValue())) {
            throw new IllegalArgumentException("not valid Unicode: half of a surrogate pair");
        }
        return value;
    }

    /** Continuous text: pieces with their line feeds, whose concatenation is the text. */
    private static RowIterator.Source pieces(String file, InputStream in, long offset) {
        ByteLines lines = ByteLines.inPieces(in, offset, PIECE_BYTES);
        return () -> {
            if (!lines.next()) {
                return null;
            }
            String text = lines.text();
            return text == null
                    ? InputRow.rejected(file, lines.start(), NOT_UTF8, lines.shown())
                    : InputRow.of(file, lines.start(), lines.terminated() ? text + "\n" : text);
        };
    }

    /** Lines up to a blank one. A bad line makes its whole block bad. */
    private final class Blocks implements RowIterator.Source {
        private final String file;
        private final ByteLines lines;

        Blocks(String file, InputStream in, long offset) {
            this.file = file;
            this.lines = ByteLines.of(in, offset, lineBytes());
        }

        @Override
        public InputRow next() throws IOException {
            StringBuilder block = new StringBuilder();
            InputRow bad = null;
            long start = -1;
            while (lines.next()) {
                InputRow line = row(file, lines, RowReader.this::line);
                if (line.text() != null && line.text().isBlank()) {
                    if (start >= 0) {
                        break;
                    }
                    continue;
                }
                start = start < 0 ? line.position() : start;
                if (line.text() == null) {
                    bad = bad == null ? line : bad;
                } else if (block.length() + line.text().length() <= mostBytes) {
                    block.append(block.isEmpty() ? "" : "\n").append(line.text());
                } else if (bad == null) {
                    String shown = block.isEmpty() ? line.text() : block.toString();
                    bad = InputRow.rejected(file, start, InputRow.tooLong(mostBytes), shown);
                }
            }
            if (start < 0) {
                return null;
            }
            return bad != null
                    ? bad
                    : InputRow.of(file, start, block.toString()).checked(mostBytes);
        }
    }
}
