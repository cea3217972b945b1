package io.microgpt.spark;

import io.microgpt.data.DatasetException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** Rows that a job reads with all their columns, to give them back with more. */
final class InputTable {
    private InputTable() {}

    /**
     * {@return the rows of files: JSON lines, CSV with a header or Parquet by the name's ending, else a line a row in the column {@code text}}
     *
     * @throws DatasetException if there are no files
     */
    static Dataset<Row> read(SparkSession spark, String path) {
        InputFiles.list(spark.sparkContext().hadoopConfiguration(), path);
        String name = path.toLowerCase(Locale.ROOT);
        if (name.endsWith(".jsonl") || name.endsWith(".json")) {
            return spark.read().json(path);
        }
        if (name.endsWith(".csv")) {
            return spark.read()
                    .option("header", true)
                    .option("multiLine", true)
                    .option("escape", "\"")
                    .csv(path);
        }
        return name.endsWith(".parquet")
                ? spark.read().parquet(path)
                : spark.read().text(path).withColumnRenamed("value", "text");
    }

    /** {@return the column of that very name, dots and all} */
    static Column column(String name) {
        return functions.col("`" + name.replace("`", "``") + "`");
    }

    /** Checks that the column of the texts is there. */
    static void requireText(Dataset<Row> rows, String path, String column) {
        List<String> columns = Arrays.asList(rows.columns());
        if (!columns.contains(column)) {
            throw new DatasetException(path + ": has no column " + column + " among " + columns
                    + "; name the one of the texts with --column");
        }
        if (!rows.schema().apply(column).dataType().equals(DataTypes.StringType)) {
            throw new DatasetException(path + ": column " + column + " is of type "
                    + rows.schema().apply(column).dataType().typeName() + ", but texts must be strings");
        }
    }

    /** Checks that columns that the job adds are not there yet. */
    static void requireAbsent(Dataset<Row> rows, String path, List<String> added) {
        for (String column : rows.columns()) {
            if (added.stream().anyMatch(column::equalsIgnoreCase)) { // as SQL and most formats compare names
                throw new DatasetException(
                        path + ": has a column " + column + " already, which this job adds; rename it");
            }
        }
    }
}
