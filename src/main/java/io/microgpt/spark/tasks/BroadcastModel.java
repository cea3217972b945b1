package io.microgpt.spark.tasks;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * A model as tasks have it: its weights come once to each JVM, and are packed there once for all tasks.
 *
 * @param name what errors call it
 * @param tokenizerJson the content of {@code tokenizer.json}
 */
public record BroadcastModel(String name, GptConfig config, String tokenizerJson, Broadcast<WeightBlock> block)
        implements Serializable, AutoCloseable {
    public static BroadcastModel of(SparkSession spark, Checkpoint checkpoint, String name) {
        return new BroadcastModel(
                name,
                checkpoint.model(),
                checkpoint.tokenizerJson(),
                JavaSparkContext.fromSparkContext(spark.sparkContext())
                        .broadcast(new WeightBlock(checkpoint.weights())));
    }

    public Weights weights(KernelProvider.Choice kernels) {
        return block.value().weights(config, KernelProvider.choose(kernels).kernels());
    }

    public Tokenizer tokenizer() {
        return TokenizerJson.parse(tokenizerJson, name);
    }

    /** On the driver: takes the weights away from the executors and from the driver. */
    @Override
    public void close() {
        block.destroy();
    }
}
