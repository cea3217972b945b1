package io.microgpt.spark.complete;

import io.microgpt.data.DatasetException;
import io.microgpt.generate.Generator;
import io.microgpt.spark.input.InputTable;
import io.microgpt.spark.input.Prompts;
import io.microgpt.spark.tasks.BroadcastModel;
import io.microgpt.spark.tasks.Flattened;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Completions for a dataset of prompts: the same rows with more columns; a row that cannot be served keeps its place. */
public final class CompletionColumns {
    /** The columns that are added, in their order. */
    static final List<String> COLUMNS =
            List.of("completion", "sample", "tokens", "mean_log_probability", "finish_reason", "error");

    private CompletionColumns() {}

    /**
     * {@return the rows with their completions, a row a sample}
     *
     * @param rows with {@link Prompts#PROBLEM} as their last column, which goes, where it is known of some what is wrong
     * @throws DatasetException if there is no column of prompts or seeds as the options say, or one of those that are added is there already
     */
    public static Dataset<Row> of(Dataset<Row> rows, BroadcastModel model, GenerateOptions options) {
        InputTable.requireText(
                rows, "the rows", options.column(), "name the one of the prompts with GenerateOptions.withColumn");
        InputTable.requireAbsent(rows, "the rows", COLUMNS);
        Dataset<Row> prompts = Prompts.withProblem(rows, options.column());
        PromptCompleter.Options completion = options.completion();
        Generator.checkCache(model.config(), completion.cacheMegabytes());
        StructType own = prompts.drop(Prompts.PROBLEM).schema();
        int index = own.fieldIndex(options.column());
        SeedColumn seeds = SeedColumn.of(own, options.seedColumn(), completion.seed());
        StructType schema = withResults(own);
        MapPartitionsFunction<Row, Row> complete = part -> {
            if (!part.hasNext()) {
                return Collections.emptyIterator();
            }
            PromptCompleter completer =
                    new PromptCompleter(model.weights(completion.kernels()), model.tokenizer(), completion);
            return new Flattened<>(
                    completer.complete(part, row -> text(row, index), seeds), CompletionColumns::withResults);
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

    /** @throws IllegalArgumentException with what is wrong with the row, where it is known to be bad */
    private static String text(Row row, int index) {
        String problem = row.getString(row.length() - 1);
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
        return row.getString(index);
    }

    private static Iterator<Row> withResults(PromptCompleter.Completed<Row> completed) {
        return completed.results().stream()
                .map(result -> row(completed.row(), result))
                .iterator();
    }

    private static Row row(Row prompt, PromptCompleter.Result result) {
        int own = prompt.length() - 1;
        Object[] values = new Object[own + COLUMNS.size()];
        for (int i = 0; i < own; i++) {
            values[i] = prompt.get(i);
        }
        values[own] = result.text();
        values[own + 1] = result.sample();
        values[own + 2] = result.tokens();
        values[own + 3] = Double.isNaN(result.meanLogProbability()) ? null : result.meanLogProbability();
        values[own + 4] = result.finish();
        values[own + 5] = result.error();
        return RowFactory.create(values);
    }
}
