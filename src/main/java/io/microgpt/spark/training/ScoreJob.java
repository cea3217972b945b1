package io.microgpt.spark.training;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.spark.tasks.Flattened;
import io.microgpt.spark.tasks.WeightBlock;
import io.microgpt.text.TokenizerJson;
import io.microgpt.train.PartScore;
import io.microgpt.train.ShardScorer;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Scores a part of a dataset in one pass: one job, whose tasks read their shards one after another. A shard is a leaf of the tree in which the
 * driver adds, so that the sums do not depend on the tasks.
 */
public final class ScoreJob {
    private ScoreJob() {}

    /**
     * {@return the score of a part; of no documents, zeros}
     *
     * @param options how many tasks
     * @param watch bounds the wait, and knows what went wrong first
     */
    public static PartScore of(
            JavaSparkContext spark,
            Dataset dataset,
            Part part,
            Checkpoint model,
            KernelProvider.Choice kernels,
            SparkOptions options,
            ClusterWatch watch) {
        List<Integer> shards = IntStream.range(
                        0, dataset.manifest().shards(part).size())
                .boxed()
                .toList();
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        String directory = dataset.directory().toString();
        String manifest = dataset.manifest().toJson();
        GptConfig config = model.model();
        String tokenizer = dataset.tokenizerJson();
        watch.begin();
        Broadcast<WeightBlock> weights = null;
        try {
            Broadcast<WeightBlock> sent = spark.broadcast(new WeightBlock(model.weights()));
            weights = sent;
            spark.setJobDescription("scores of the " + part.key() + " part");
            List<PartScore> scores = spark.parallelize(
                            shards, options.tasksOf(shards.size(), spark.defaultParallelism()))
                    .mapPartitions(run -> {
                        ShardScorer scorer = new ShardScorer(
                                sent.value()
                                        .weights(
                                                config,
                                                KernelProvider.choose(kernels).kernels()),
                                TokenizerJson.parse(tokenizer, directory));
                        Manifest parsed = Manifest.parse(manifest, directory);
                        return new Flattened<>(
                                run,
                                shard -> List.of(score(hadoop.value(), directory, parsed, part, shard, scorer))
                                        .iterator());
                    })
                    .collect();
            return PartScore.total(scores, KernelProvider.choose(kernels).kernels());
        } catch (Exception e) {
            throw SparkSource.failure("scoring the " + part.key() + " part", e, spark, watch);
        } finally {
            watch.end();
            if (weights != null && !spark.sc().isStopped()) {
                weights.destroy();
            }
        }
    }

    private static PartScore score(
            Configuration hadoop, String directory, Manifest manifest, Part part, int shard, ShardScorer scorer) {
        return scorer.score(Dataset.shard(hadoop, new Path(directory), manifest, part, shard));
    }
}
