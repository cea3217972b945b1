package io.microgpt.spark;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.Models;
import io.microgpt.checkpoint.WeightsHash;
import io.microgpt.spark.complete.CompletionColumns;
import io.microgpt.spark.complete.GenerateOptions;
import io.microgpt.spark.score.ScoreColumns;
import io.microgpt.spark.tasks.BroadcastModel;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A trained model in a Spark application of your own: rows of prompts in, the same rows with completions out; rows of text in, the same
 * rows with how likely the model finds each.
 *
 * <pre>{@code
 * try (GptModel model = GptModel.load(spark, "hdfs:///runs/names")) {
 *     Dataset<Row> completed = model.generate(spark.read().parquet("prompts"),
 *             GenerateOptions.DEFAULTS.withColumn("question").withSamples(3));
 *     completed.write().parquet("answers");
 *     model.score(completed, "question").orderBy("loss").show();
 * }
 * }</pre>
 *
 * <p>Both are lazy, as all of Spark is, and both add columns and keep every row: one that cannot be served says why in the column {@code
 * error}. A row's result depends on its text, the model and the options alone: it is the same to the last bit in any partition, on any
 * cluster. The weights go once to every executor; the driver never collects a row.
 *
 * <p>Any number of threads may use one model. Whoever loads it closes it, when no dataset made with it will be computed any more.
 */
public final class GptModel implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(GptModel.class.getName());

    private final BroadcastModel model;
    private final String weightsSha256;

    private GptModel(BroadcastModel model, String weightsSha256) {
        this.model = model;
        this.weightsSha256 = weightsSha256;
    }

    /**
     * {@return the model of a run (the newest of its checkpoints that is whole) or of one checkpoint}
     *
     * @param path the {@code --out} of a training or one {@code checkpoints/step-...} of it, on any Hadoop file system
     * @throws io.microgpt.checkpoint.CheckpointException if there is none, or none is whole
     */
    public static GptModel load(SparkSession spark, String path) {
        Checkpoint checkpoint = Models.load(
                spark.sparkContext().hadoopConfiguration(),
                path,
                false,
                warning -> LOG.log(System.Logger.Level.WARNING, warning));
        return of(spark, checkpoint, path);
    }

    /**
     * {@return the model of a checkpoint that is loaded already}
     *
     * @param name what errors call it
     */
    public static GptModel of(SparkSession spark, Checkpoint checkpoint, String name) {
        return new GptModel(BroadcastModel.of(spark, checkpoint, name), WeightsHash.sha256Hex(checkpoint.weights()));
    }

    /** {@return the SHA-256 of the weights, as the training printed it: 64 hexadecimal digits} */
    public String weightsSha256() {
        return weightsSha256;
    }

    /**
     * {@return the rows with {@code completion sample tokens mean_log_probability finish_reason error} behind their own columns, a row a
     * sample} A prompt that is null, not Unicode, over the block size, or of characters that the model does not know has one row with its
     * {@code error} and the {@code finish_reason} {@code error}.
     *
     * @throws io.microgpt.data.DatasetException if the column of the prompts is missing or not a string, or one of those that are added
     *     is there already
     */
    public Dataset<Row> generate(Dataset<Row> rows, GenerateOptions options) {
        return CompletionColumns.of(rows, model, options);
    }

    /**
     * {@return the rows with {@code positions loss perplexity score_error} behind their own columns}: how many tokens were predicted, the
     * mean of {@code -log p} over them in nats, and its exponential. A text over the block size is scored in blocks, as training would
     * see it; one that cannot be scored has a {@code score_error} and no numbers.
     *
     * @param column of the texts
     * @throws io.microgpt.data.DatasetException if the column is missing or not a string, or one of those that are added is there already
     */
    public Dataset<Row> score(Dataset<Row> rows, String column) {
        return ScoreColumns.of(rows, model, column);
    }

    /** Takes the weights away from the executors and from the driver. */
    @Override
    public void close() {
        model.close();
    }
}
