package io.microgpt.spark.score;

import io.microgpt.data.DatasetException;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.spark.input.InputTable;
import io.microgpt.spark.input.Prompts;
import io.microgpt.spark.tasks.BroadcastModel;
import io.microgpt.spark.tasks.Flattened;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Scores for a dataset of texts: the same rows with more columns; a row that cannot be scored keeps its place. */
public final class ScoreColumns {
    /** The columns that are added, in their order. */
    static final List<String> COLUMNS = List.of("positions", "loss", "perplexity", "score_error");

    /** Rows that are scored together. */
    private static final int GROUP = 256;

    private ScoreColumns() {}

    /**
     * {@return the rows with their scores}
     *
     * @param column of the texts
     * @throws DatasetException if the column is missing or not a string, or one of those that are added is there already
     */
    public static Dataset<Row> of(Dataset<Row> rows, BroadcastModel model, String column) {
        InputTable.requireText(rows, "the rows", column, "name the one of the texts");
        InputTable.requireAbsent(rows, "the rows", COLUMNS);
        Dataset<Row> texts = Prompts.withProblem(rows, column);
        int index = texts.schema().fieldIndex(column);
        StructType schema = texts.drop(Prompts.PROBLEM)
                .schema()
                .add(COLUMNS.get(0), DataTypes.IntegerType, true)
                .add(COLUMNS.get(1), DataTypes.DoubleType, true)
                .add(COLUMNS.get(2), DataTypes.DoubleType, true)
                .add(COLUMNS.get(3), DataTypes.StringType, true);
        MapPartitionsFunction<Row, Row> score = part -> {
            if (!part.hasNext()) {
                return Collections.emptyIterator();
            }
            TextScorer scorer = new TextScorer(model.weights(KernelProvider.Choice.AUTO), model.tokenizer());
            return new Flattened<>(new Batches<>(part, GROUP), batch -> score(scorer, batch, index));
        };
        return texts.mapPartitions(score, Encoders.row(schema));
    }

    private static Iterator<Row> score(TextScorer scorer, List<Row> batch, int index) {
        List<String> texts = new ArrayList<>();
        for (Row row : batch) {
            boolean bad = row.isNullAt(index) || !row.isNullAt(row.length() - 1);
            texts.add(bad ? null : row.getString(index));
        }
        List<TextScorer.Score> scores = scorer.score(
                texts.stream().map(text -> new TextScorer.Passage("", text)).toList());
        List<Row> out = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            out.add(row(batch.get(i), scores.get(i)));
        }
        return out.iterator();
    }

    private static Row row(Row text, TextScorer.Score score) {
        int own = text.length() - 1;
        Object[] values = new Object[own + COLUMNS.size()];
        for (int i = 0; i < own; i++) {
            values[i] = text.get(i);
        }
        boolean scored = score.error() == null;
        values[own] = scored ? score.positions() : null;
        values[own + 1] = scored ? score.loss() : null;
        values[own + 2] = scored ? StrictMath.exp(score.loss()) : null;
        values[own + 3] = text.isNullAt(own) ? score.error() : text.getString(own);
        return RowFactory.create(values);
    }
}
