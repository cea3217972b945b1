package io.microgpt.spark.input;

import io.microgpt.data.DatasetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;

/** Rows that a job reads with all their columns, to give them back with more. */
public final class InputTable {
    /** Behind the ending that says the format: how it is packed, and the slash of a directory. */
    private static final Pattern BEHIND = Pattern.compile("(\\.(gz|bz2|deflate|lz4|snappy|zst))?/*$");

    private InputTable() {}

    /** {@return the format that the ending of a path says: {@code jsonl}, {@code csv} or {@code parquet}; else {@code text}, a line a row} */
    public static String format(String path) {
        String name = BEHIND.matcher(path.toLowerCase(Locale.ROOT)).replaceFirst("");
        if (name.endsWith(".jsonl") || name.endsWith(".json")) {
            return "jsonl";
        }
        return name.endsWith(".csv") ? "csv" : name.endsWith(".parquet") ? "parquet" : "text";
    }

    /** {@return the column of that very name, dots and all} */
    public static Column column(String name) {
        return functions.col("`" + name.replace("`", "``") + "`");
    }

    /**
     * Checks that rows have a column of texts.
     *
     * @param source of the rows, with which an error begins
     * @param advice what to do where there is another
     */
    public static void requireText(Dataset<Row> rows, String source, String column, String advice) {
        List<String> columns = new ArrayList<>(Arrays.asList(rows.columns()));
        columns.remove(Prompts.PROBLEM);
        if (!columns.contains(column)) {
            throw new DatasetException(source + ": there is no column " + column + " among " + columns + "; " + advice);
        }
        DataType type = rows.schema().apply(column).dataType();
        if (!(type instanceof StringType)) {
            throw new DatasetException(source + ": column " + column + " is of type " + type.typeName()
                    + ", but texts must be strings; " + advice + ", or make it one");
        }
    }

    /** Checks that columns that are added are not there yet. */
    public static void requireAbsent(Dataset<Row> rows, String source, List<String> added) {
        for (String column : rows.columns()) {
            if (added.stream().anyMatch(column::equalsIgnoreCase)) { // as SQL and most formats compare names
                throw new DatasetException(
                        source + ": there is a column " + column + " already, which is to be added; rename it");
            }
        }
    }
}
