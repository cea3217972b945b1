package io.microgpt.spark.score;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import io.microgpt.spark.input.InputTable;
import io.microgpt.spark.input.Prompts;
import io.microgpt.spark.score.TextScorer.Passage;
import io.microgpt.spark.score.TextScorer.Score;
import io.microgpt.spark.tasks.Flattened;
import io.microgpt.spark.tasks.WeightBlock;
import io.microgpt.text.TokenizerJson;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
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

/**
 * Scores the rows of a table by the loss of their text, or chooses for each the likeliest of several choices. The same rows come out with more
 * columns; one that cannot be scored keeps its place with an error.
 */
public final class RankJob {
    private static final int BATCH = 256;

    private final SparkSession spark;
    private final Checkpoint model;
    private final KernelProvider.Choice kernels;

    public RankJob(SparkSession spark, Checkpoint model, KernelProvider.Choice kernels) {
        this.spark = spark.newSession(); // how input is cut is a setting of a session
        this.model = model;
        this.kernels = kernels;
    }

    /**
     * {@return the rows of files with {@code loss} (mean nats a position), {@code perplexity}, {@code positions} and {@code error}}
     *
     * @param path JSON lines, CSV with a header, Parquet, or a line a row
     * @param column of the texts
     */
    public Dataset<Row> losses(String path, String column, Template template) {
        StructType added = new StructType()
                .add("loss", DataTypes.DoubleType, true)
                .add("perplexity", DataTypes.DoubleType, true)
                .add("positions", DataTypes.IntegerType, true)
                .add("error", DataTypes.StringType, true);
        return with(added, path, column, text -> List.of(template.of(text)), RankJob::loss);
    }

    private static Object[] loss(List<Score> scores) {
        Score score = scores.get(0);
        return new Object[] {score.loss(), StrictMath.exp(score.loss()), score.positions(), null};
    }

    /**
     * {@return the rows with {@code choice}, the one of the lowest loss in nats from the choice on, {@code margin}, by how many nats the next is
     * above it, and {@code error}} The first of equal ones is chosen.
     *
     * @param template with a place for the choice
     * @param choices two or more
     */
    public Dataset<Row> choices(String path, String column, Template template, List<String> choices) {
        StructType added = new StructType()
                .add("choice", DataTypes.StringType, true)
                .add("margin", DataTypes.DoubleType, true)
                .add("error", DataTypes.StringType, true);
        return with(
                added,
                path,
                column,
                text -> choices.stream()
                        .map(choice -> template.of(text, choice))
                        .toList(),
                scores -> choice(choices, scores));
    }

    private static Object[] choice(List<String> choices, List<Score> scores) {
        int best = 0;
        for (int i = 1; i < scores.size(); i++) {
            best = scores.get(i).lossSum() < scores.get(best).lossSum() ? i : best;
        }
        double next = Double.POSITIVE_INFINITY;
        for (int i = 0; i < scores.size(); i++) {
            next = i == best ? next : Math.min(next, scores.get(i).lossSum());
        }
        return new Object[] {choices.get(best), next - scores.get(best).lossSum(), null};
    }

    /** What a row's text is scored as. */
    private interface Passages extends Serializable {
        List<Passage> of(String text);
    }

    /** What its scores make of it: the values of the columns that are added, the last of which is the error. */
    private interface Result extends Serializable {
        Object[] of(List<Score> scores);
    }

    private Dataset<Row> with(StructType added, String path, String column, Passages passages, Result result) {
        Dataset<Row> table = Prompts.read(spark, path, InputTable.format(path), column, List.of(added.fieldNames()));
        Broadcast<WeightBlock> weights =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(new WeightBlock(model.weights()));
        GptConfig config = model.model();
        String tokenizerJson = model.tokenizerJson();
        KernelProvider.Choice choice = kernels;
        int index = table.schema().fieldIndex(column);
        MapPartitionsFunction<Row, Row> score = rows -> {
            Weights packed = weights.value()
                    .weights(config, KernelProvider.choose(choice).kernels());
            TextScorer scorer = new TextScorer(packed, TokenizerJson.parse(tokenizerJson, "the model's tokenizer"));
            return new Flattened<>(
                    new Batches<>(rows, BATCH), batch -> score(scorer, batch, index, added.size(), passages, result));
        };
        StructType schema = table.drop(Prompts.PROBLEM).schema();
        for (StructField field : added.fields()) {
            schema = schema.add(field);
        }
        return table.mapPartitions(score, Encoders.row(schema));
    }

    private static Iterator<Row> score(
            TextScorer scorer, List<Row> batch, int index, int added, Passages passages, Result result) {
        List<Passage> all = new ArrayList<>();
        for (Row row : batch) {
            boolean bad = row.isNullAt(index) || problem(row) != null;
            all.addAll(passages.of(bad ? null : row.getString(index)));
        }
        List<Score> scores = scorer.score(all);
        int each = all.size() / batch.size();
        List<Row> out = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            List<Score> own = scores.subList(i * each, (i + 1) * each);
            String error = Stream.concat(
                            Stream.of(problem(batch.get(i))), own.stream().map(Score::error))
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
            Object[] values = new Object[added];
            values[added - 1] = error;
            out.add(joined(batch.get(i), error == null ? result.of(own) : values));
        }
        return out.iterator();
    }

    private static String problem(Row row) {
        return row.getString(row.length() - 1);
    }

    private static Row joined(Row row, Object[] added) {
        int own = row.length() - 1; // without the problem
        Object[] values = new Object[own + added.length];
        for (int i = 0; i < own; i++) {
            values[i] = row.get(i);
        }
        System.arraycopy(added, 0, values, own, added.length);
        return RowFactory.create(values);
    }
}
