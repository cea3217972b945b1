package io.microgpt.spark.input;

import com.univocity.parsers.common.TextParsingException;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import io.microgpt.data.DatasetException;
import java.io.FilterReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** CSV with a header by the parser that Spark uses, with quoted line breaks; positions are line numbers. */
final class CsvRows implements RowIterator.Source {
    /** What stands for bytes that are not UTF-8: a code point that no text has, because it is not a character. */
    private static final char NOT_UTF8 = '\uFFFF';

    private static final int MOST_COLUMNS = 1 << 14;
    /** Characters of a row beside its text: other columns, quotes, and what the parser reads ahead. */
    private static final int MOST_BESIDES = 16 << 20;

    private final String file;
    private final String column;
    private final int mostBytes;
    private final CsvParser parser;
    private final RowLimit in;
    private final int index;
    private boolean broken;

    CsvRows(String file, InputStream in, String column, int mostBytes) throws IOException {
        this.file = file;
        this.column = column;
        this.mostBytes = mostBytes;
        CsvParserSettings settings = new CsvParserSettings();
        settings.setLineSeparatorDetectionEnabled(true);
        settings.setMaxCharsPerColumn(-1);
        settings.setMaxColumns(MOST_COLUMNS);
        settings.setIgnoreLeadingWhitespaces(false);
        settings.setIgnoreTrailingWhitespaces(false);
        settings.setReadInputOnSeparateThread(false); // RowLimit counts what is read for each row
        settings.getFormat().setComment('\0'); // or lines that begin with # would vanish
        parser = new CsvParser(settings);
        Reader text = new InputStreamReader(
                in,
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPLACE)
                        .replaceWith(String.valueOf(NOT_UTF8)));
        this.in = new RowLimit(text, (long) mostBytes + MOST_BESIDES);
        String[] header;
        try {
            parser.beginParsing(this.in);
            header = parser.parseNext();
        } catch (TextParsingException e) {
            throw new DatasetException(file + ": has no header of CSV: " + reason(e), e);
        }
        List<String> names = header == null ? List.of() : Arrays.asList(header);
        index = names.indexOf(column);
        if (index < 0) {
            throw new DatasetException(file + ": has no column " + column + " in its header " + names
                    + "; name one of them with data.column");
        }
    }

    @Override
    public InputRow next() throws IOException {
        long line = parser.getContext().currentLine();
        if (broken) {
            return null;
        }
        try {
            in.beginRow();
            String[] row = parser.parseNext();
            return row == null ? null : row(line, row).checked(mostBytes);
        } catch (TextParsingException e) {
            broken = true;
            parser.stopParsing();
            return InputRow.rejected(file, line, "not CSV from here on: " + reason(e), null);
        }
    }

    private InputRow row(long line, String[] row) {
        if (row.length <= index) {
            return InputRow.rejected(
                    file, line, "has " + row.length + " fields and no " + column, Arrays.toString(row));
        }
        String text = row[index];
        return text != null && text.indexOf(NOT_UTF8) >= 0
                ? InputRow.rejected(file, line, RowReader.NOT_UTF8, text.replace(NOT_UTF8, '\uFFFD'))
                : InputRow.of(file, line, text);
    }

    /** {@return why the parser gave up; throws what the storage threw, which says nothing of the rows} */
    private String reason(TextParsingException e) throws IOException {
        if (in.exceeded()) {
            return "a row of over " + in.most + " characters; is a quote not closed?";
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException failure) {
                throw failure;
            }
        }
        return e.getMessage() == null ? "" : e.getMessage().lines().findFirst().orElse("");
    }

    /** The parser itself has a limit for a field only, and no row of so many fields may fill the memory. */
    private static final class RowLimit extends FilterReader {
        private final long most;
        private long taken;

        RowLimit(Reader in, long most) {
            super(in);
            this.most = most;
        }

        void beginRow() {
            taken = 0;
        }

        boolean exceeded() {
            return taken > most;
        }

        @Override
        public int read(char[] buffer, int offset, int length) throws IOException {
            if (exceeded()) {
                throw new IOException("a row of over " + most + " characters");
            }
            int count = super.read(buffer, offset, length);
            taken += count;
            return count;
        }
    }
}
