package io.microgpt.spark.input;

import io.microgpt.data.DatasetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Reads prompts, or other texts for a model, the bad ones too: what is wrong with a row stands in one more column. Partitions follow from
 * the files alone, not from the cluster, so that another run cuts the same ones.
 */
public final class Prompts {
    /** What is wrong with a row before a model has seen it; null where nothing is. The last column. */
    public static final String PROBLEM = "_microgpt_problem";

    private static final String CORRUPT = "_microgpt_corrupt";

    /** What stands for a field of CSV without anything, not even quotes: a code point that no text has. Spark's own choice is empty text. */
    private static final String NO_VALUE = "\uFFFF";

    /** A prompt is a few bytes and much work, so that a partition need not be large to be worth a task. */
    private static final long LEAST_PART_BYTES = 64 << 10;
    /** The most partitions, about; each becomes a file. */
    private static final int MOST_PARTS = 4096;
    /** Of a bad row, as much is shown in its error. */
    private static final int EXCERPT = 200;

    private Prompts() {}

    /**
     * {@return the rows of the files with {@link #PROBLEM} behind their own columns}
     *
     * @param spark a session of its own: how files are cut is a setting of the session
     * @param format {@code text} (a line a prompt, in the column {@code column}), {@code jsonl}, {@code csv} or {@code parquet}
     * @param added columns that the job adds
     * @throws DatasetException if the files are not there, lack the column or have one of those that the job adds
     */
    public static Dataset<Row> read(SparkSession spark, String path, String format, String column, List<String> added) {
        spark.conf().set("spark.sql.caseSensitive", true); // JSON may have a prompt and a Prompt
        List<FileStatus> files = InputFiles.list(spark.sparkContext().hadoopConfiguration(), path);
        cut(spark, files.stream().mapToLong(FileStatus::getLen).sum());
        Dataset<Row> rows = switch (format) {
            case "text" -> spark.read().text(path).withColumnRenamed("value", column);
            case "jsonl" -> jsonLines(spark, path, column);
            case "csv" -> csv(spark, path);
            case "parquet" -> spark.read().parquet(path);
            default ->
                throw new IllegalArgumentException(
                        "the format of prompts is " + format + ", but must be text, jsonl, csv or parquet");
        };
        InputTable.requireText(rows, path, column, "name the one of the texts with --column");
        InputTable.requireAbsent(rows, path, added);
        return withProblem(rows, column);
    }

    private static void cut(SparkSession spark, long bytes) {
        long part = Math.max(LEAST_PART_BYTES, (bytes + MOST_PARTS - 1) / MOST_PARTS);
        spark.conf().set("spark.sql.files.maxPartitionBytes", part);
        spark.conf().set("spark.sql.files.openCostInBytes", 0L);
        spark.conf().set("spark.sql.files.minPartitionNum", 1L); // or the cluster's parallelism would count
        spark.conf().unset("spark.sql.files.maxPartitionNum");
    }

    /** {@return the rows with {@link #PROBLEM} last: what it was, or that the text is not Unicode} */
    public static Dataset<Row> withProblem(Dataset<Row> rows, String column) {
        Column problem = functions.when(
                functions.not(functions.is_valid_utf8(InputTable.column(column))), functions.lit(RowReader.NOT_UTF8));
        if (Arrays.asList(rows.columns()).contains(PROBLEM)) {
            problem = functions.coalesce(rows.col(PROBLEM), problem);
        }
        Dataset<Row> others = rows.drop(PROBLEM);
        List<Column> columns = new ArrayList<>();
        for (String name : others.columns()) {
            columns.add(InputTable.column(name));
        }
        columns.add(problem.as(PROBLEM));
        return rows.select(columns.toArray(Column[]::new));
    }

    /** Lines are read as text and parsed here, so that a bad one is a row of its own and not a guess. */
    private static Dataset<Row> jsonLines(SparkSession spark, String path, String column) {
        Dataset<Row> lines = spark.read().text(path);
        Column line = lines.col("value");
        List<String> names = new ArrayList<>(Arrays.asList(lines.columns())); // with those of directories name=value
        names.remove("value");
        List<Column> columns = new ArrayList<>();
        columns.add(functions.col("row.*"));
        names.forEach(name -> columns.add(InputTable.column(name)));
        columns.add(functions.col(PROBLEM));
        names.add(CORRUPT);
        StructType schema = new StructType();
        for (StructField field : spark.read()
                .option("columnNameOfCorruptRecord", CORRUPT)
                .json(lines.select(line).as(Encoders.STRING()))
                .schema()
                .fields()) {
            if (!names.contains(field.name())) { // a line that has it twice gives it twice
                names.add(field.name());
                schema = schema.add(field);
            }
        }
        UDF1<String, String> problem = text -> jsonProblem(text, column);
        return lines.withColumn("row", functions.from_json(line, schema, Map.of()))
                .withColumn(
                        PROBLEM,
                        functions
                                .when(functions.not(functions.is_valid_utf8(line)), functions.lit(RowReader.NOT_UTF8))
                                .otherwise(functions
                                        .udf(problem, DataTypes.StringType)
                                        .apply(line)))
                .select(columns.toArray(Column[]::new));
    }

    private static String jsonProblem(String line, String column) {
        try {
            RowReader.jsonField(line, column);
            return null;
        } catch (IllegalArgumentException e) {
            return e.getMessage() + "; the line is: " + line.substring(0, Math.min(EXCERPT, line.length()));
        }
    }

    /** The header gives the columns; all are texts. */
    private static Dataset<Row> csv(SparkSession spark, String path) {
        StructType header = csvReader(spark).csv(path).schema();
        Dataset<Row> rows = csvReader(spark)
                .option("columnNameOfCorruptRecord", CORRUPT)
                .option("enforceSchema", false) // or files with their columns in another order would be misread
                .schema(header.add(CORRUPT, DataTypes.StringType))
                .csv(path);
        Column corrupt = rows.col(CORRUPT);
        return rows.withColumn(
                        PROBLEM,
                        functions.when(
                                corrupt.isNotNull(),
                                functions.concat(
                                        functions.lit("not a row of " + header.size()
                                                + " fields, as the header has; the row is: "),
                                        functions.substring(corrupt, 1, EXCERPT))))
                .drop(CORRUPT);
    }

    private static DataFrameReader csvReader(SparkSession spark) {
        return spark.read()
                .option("header", true)
                .option("multiLine", true)
                .option("escape", "\"")
                .option("nullValue", NO_VALUE);
    }
}
