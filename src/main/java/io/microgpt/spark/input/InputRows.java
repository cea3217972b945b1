package io.microgpt.spark.input;

import io.microgpt.data.DatasetException;
import io.microgpt.spark.input.InputFiles.Range;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.util.SerializableConfiguration;

/** The rows of an input as an RDD, whatever its format. */
public final class InputRows {
    private InputRows() {}

    /**
     * {@return every row of the files, good or bad}
     *
     * @param column of the texts, in formats that have columns
     * @param mostBytes larger rows are rejected
     * @throws DatasetException if the files are not there, or lack the column
     */
    public static JavaRDD<InputRow> read(
            SparkSession spark, String input, InputFormat format, String column, int mostBytes) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        List<FileStatus> files = InputFiles.list(hadoop, input);
        if (format == InputFormat.PARQUET) {
            return parquet(spark, input, column, mostBytes, files);
        }
        List<Range> ranges = InputFiles.ranges(hadoop, files, RowReader.whole(format));
        if (format == InputFormat.CSV) {
            // Here rather than in a task, whose failure Spark would report at length.
            ranges.forEach(range -> new RowReader(hadoop, InputFormat.CSV, column, mostBytes).requireColumn(range));
        }
        SerializableConfiguration shipped = new SerializableConfiguration(hadoop);
        return JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(ranges, ranges.size())
                .flatMap(range -> new RowReader(shipped.value(), format, column, mostBytes).read(range));
    }

    private static JavaRDD<InputRow> parquet(
            SparkSession spark, String input, String column, int mostBytes, List<FileStatus> files) {
        Dataset<Row> rows = spark.read()
                .parquet(files.stream().map(f -> f.getPath().toString()).toArray(String[]::new));
        if (!Arrays.asList(rows.columns()).contains(column)) {
            throw new DatasetException(input + ": has no column " + column + " among " + Arrays.toString(rows.columns())
                    + "; name one of them with data.column");
        }
        String type = rows.schema().apply(column).dataType().typeName();
        if (!type.equals("string") && !type.equals("binary")) {
            throw new DatasetException(input + ": column " + column + " is of type " + type
                    + ", but must be a string; name another with data.column");
        }
        // As bytes, because a string that is not valid UTF-8 would be decoded with replacements.
        Column bytes = rows.col("`" + column.replace("`", "``") + "`").cast(DataTypes.BinaryType);
        return rows.select(bytes, functions.col("_metadata.file_path"), functions.col("_metadata.row_index"))
                .toJavaRDD()
                .map(row -> fromBytes(row.getString(1), row.getLong(2), row.isNullAt(0) ? null : row.getAs(0))
                        .checked(mostBytes));
    }

    private static InputRow fromBytes(String file, long position, byte[] bytes) {
        if (bytes == null) {
            return InputRow.of(file, position, null);
        }
        try {
            return InputRow.of(
                    file,
                    position,
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString());
        } catch (CharacterCodingException e) {
            return InputRow.rejected(file, position, RowReader.NOT_UTF8, new String(bytes, StandardCharsets.UTF_8));
        }
    }
}
