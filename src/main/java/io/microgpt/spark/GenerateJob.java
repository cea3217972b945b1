package io.microgpt.spark;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.data.DatasetException;
import io.microgpt.generate.Generator;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Completions for a dataset of prompts: the same rows with more columns; a row that cannot be served keeps its place. */
public final class GenerateJob {
    /** The columns that are added, in their order. */
    public static final List<String> COLUMNS =
            List.of("completion", "sample", "tokens", "mean_log_probability", "finish_reason", "error");

    private GenerateJob() {}

    /**
     * Reads prompts.
     *
     * @param format {@code text} (a line a prompt, in the column {@code prompt}), {@code jsonl}, {@code csv} or {@code parquet}
     * @throws DatasetException if the files are not there or lack the column
     */
    public static Dataset<Row> prompts(SparkSession spark, String path, String format, String column) {
        InputFiles.list(spark.sparkContext().hadoopConfiguration(), path);
        Dataset<Row> rows = switch (format) {
            case "text" -> spark.read().text(path).withColumnRenamed("value", column);
            case "jsonl" -> spark.read().json(path);
            case "csv" ->
                spark.read()
                        .option("header", true)
                        .option("multiLine", true)
                        .option("escape", "\"")
                        .csv(path);
            case "parquet" -> spark.read().parquet(path);
            default ->
                throw new IllegalArgumentException(
                        "the format of prompts is " + format + ", but must be text, jsonl, csv or parquet");
        };
        List<String> columns = Arrays.asList(rows.columns());
        if (!columns.contains(column)) {
            throw new DatasetException(path + ": has no column " + column + " among " + columns
                    + "; name the one of the prompts with --column");
        }
        if (!rows.schema().apply(column).dataType().equals(DataTypes.StringType)) {
            throw new DatasetException(path + ": column " + column + " is of type "
                    + rows.schema().apply(column).dataType().typeName() + ", but prompts must be strings");
        }
        for (String added : COLUMNS) {
            if (columns.contains(added)) {
                throw new DatasetException(
                        path + ": has a column " + added + " already, which this job adds; rename it");
            }
        }
        return rows;
    }

    /**
     * {@return the rows of {@code prompts} with their completions, a row a sample}
     *
     * @param seedColumn a column of seeds in the place of the one of the options; where it is null, that of the options holds
     * @throws DatasetException if there is no such column, or one that cannot hold seeds
     */
    public static Dataset<Row> complete(
            SparkSession spark,
            Dataset<Row> prompts,
            String column,
            Optional<String> seedColumn,
            Checkpoint model,
            PromptCompleter.Options options) {
        Generator.checkCache(model.model(), options.cacheMegabytes());
        SeedColumn seeds = SeedColumn.of(prompts.schema(), seedColumn, options.seed());
        Broadcast<WeightBlock> weights =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(new WeightBlock(model.weights()));
        GptConfig config = model.model();
        String tokenizerJson = model.tokenizerJson();
        int index = prompts.schema().fieldIndex(column);
        StructType schema = withResults(prompts.schema());
        MapPartitionsFunction<Row, Row> complete = rows -> {
            Tokenizer tokenizer = TokenizerJson.parse(tokenizerJson, "the model's tokenizer");
            Weights packed = weights.value()
                    .weights(config, KernelProvider.choose(options.kernels()).kernels());
            PromptCompleter completer = new PromptCompleter(packed, tokenizer, options);
            return new Flattened<>(completer.complete(rows, row -> row.getString(index), seeds), GenerateJob::rows);
        };
        return prompts.mapPartitions(complete, Encoders.row(schema));
    }

    private static StructType withResults(StructType schema) {
        List<StructField> fields = new ArrayList<>(Arrays.asList(schema.fields()));
        fields.add(DataTypes.createStructField("completion", DataTypes.StringType, true));
        fields.add(DataTypes.createStructField("sample", DataTypes.IntegerType, false));
        fields.add(DataTypes.createStructField("tokens", DataTypes.IntegerType, false));
        fields.add(DataTypes.createStructField("mean_log_probability", DataTypes.DoubleType, true));
        fields.add(DataTypes.createStructField("finish_reason", DataTypes.StringType, false));
        fields.add(DataTypes.createStructField("error", DataTypes.StringType, true));
        return DataTypes.createStructType(fields);
    }

    private static Iterator<Row> rows(PromptCompleter.Completed<Row> completed) {
        return completed.results().stream()
                .map(result -> row(completed.row(), result))
                .iterator();
    }

    private static Row row(Row prompt, PromptCompleter.Result result) {
        Object[] values = new Object[prompt.length() + COLUMNS.size()];
        for (int i = 0; i < prompt.length(); i++) {
            values[i] = prompt.get(i);
        }
        int at = prompt.length();
        values[at] = result.text();
        values[at + 1] = result.sample();
        values[at + 2] = result.tokens();
        values[at + 3] = Double.isNaN(result.meanLogProbability()) ? null : result.meanLogProbability();
        values[at + 4] = result.finish();
        values[at + 5] = result.error();
        return RowFactory.create(values);
    }
}
