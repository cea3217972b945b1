package io.microgpt.spark;

import com.univocity.parsers.common.TextParsingException;
import com.univocity.parsers.csv.CsvParser;
import com.univocity.parsers.csv.CsvParserSettings;
import io.microgpt.data.DatasetException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** CSV with a header by the parser that Spark uses, with quoted line breaks; positions are line numbers. */
final class CsvRows implements RowIterator.Source {
    /** What stands for bytes that are not UTF-8: a code point that no text has, because it is not a character. */
    private static final char NOT_UTF8 = '\uFFFF';

    private static final int MOST_COLUMNS = 1 << 14;

    private final String file;
    private final String column;
    private final int mostBytes;
    private final CsvParser parser;
    private final int index;
    private boolean broken;

    CsvRows(String file, InputStream in, String column, int mostBytes) {
        this.file = file;
        this.column = column;
        this.mostBytes = mostBytes;
        CsvParserSettings settings = new CsvParserSettings();
        settings.setLineSeparatorDetectionEnabled(true);
        settings.setMaxCharsPerColumn(-1);
        settings.setMaxColumns(MOST_COLUMNS);
        settings.setIgnoreLeadingWhitespaces(false);
        settings.setIgnoreTrailingWhitespaces(false);
        settings.getFormat().setComment('\0'); // or lines that begin with # would vanish
        parser = new CsvParser(settings);
        parser.beginParsing(new InputStreamReader(
                in,
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPLACE)
                        .replaceWith(String.valueOf(NOT_UTF8))));
        String[] header = parser.parseNext();
        List<String> names = header == null ? List.of() : Arrays.asList(header);
        index = names.indexOf(column);
        if (index < 0) {
            throw new DatasetException(file + ": has no column " + column + " in its header " + names
                    + "; name one of them with data.column");
        }
    }

    @Override
    public InputRow next() {
        long line = parser.getContext().currentLine();
        if (broken) {
            return null;
        }
        try {
            String[] row = parser.parseNext();
            return row == null ? null : row(line, row).checked(mostBytes);
        } catch (TextParsingException e) {
            broken = true;
            parser.stopParsing();
            return InputRow.rejected(file, line, "not CSV from here on: " + firstLine(e.getMessage()), null);
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

    private static String firstLine(String message) {
        return message == null ? "" : message.lines().findFirst().orElse("");
    }
}
