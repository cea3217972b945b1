package io.microgpt.spark.score;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Pass;
import io.microgpt.model.PositionScores;
import io.microgpt.spark.tasks.Flattened;
import io.microgpt.spark.tasks.WeightBlock;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/** The loss of every document: how likely the model finds each. */
public final class DocumentLosses {
    private static final int GROUP = 256;

    private static final StructType SCHEMA = new StructType()
            .add("part", DataTypes.StringType, false)
            .add("text", DataTypes.StringType, false)
            .add("positions", DataTypes.IntegerType, false)
            .add("loss", DataTypes.DoubleType, false)
            .add("perplexity", DataTypes.DoubleType, false)
            .add("accuracy", DataTypes.DoubleType, false);

    private record Place(Part part, int shard) implements Serializable {}

    private DocumentLosses() {}

    /** {@return a row a document of the dataset: part, text, positions, loss (mean nats a position), perplexity, accuracy (top-1)} */
    public static org.apache.spark.sql.Dataset<Row> rows(
            SparkSession spark, Dataset dataset, Checkpoint model, KernelProvider.Choice kernels) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        List<Place> places = new ArrayList<>();
        for (Part part : Part.values()) {
            for (int s = 0; s < dataset.manifest().shards(part).size(); s++) {
                places.add(new Place(part, s));
            }
        }
        Broadcast<WeightBlock> weights = context.broadcast(new WeightBlock(model.weights()));
        SerializableConfiguration hadoop = new SerializableConfiguration(context.hadoopConfiguration());
        String directory = dataset.directory().toString();
        String manifest = dataset.manifest().toJson();
        GptConfig config = model.model();
        String tokenizerJson = model.tokenizerJson();
        JavaRDD<Row> rows = context.parallelize(places, places.size()).flatMap(place -> {
            TokenShard shard = Dataset.shard(
                    hadoop.value(),
                    new Path(directory),
                    Manifest.parse(manifest, directory),
                    place.part(),
                    place.shard());
            Tokenizer tokenizer = TokenizerJson.parse(tokenizerJson, "the model's tokenizer");
            Gpt gpt = new Gpt(config, KernelProvider.choose(kernels).kernels());
            Pass pass = new Pass(gpt);
            Iterator<Integer> indices =
                    java.util.stream.IntStream.range(0, shard.documents()).iterator();
            return new Flattened<>(new Batches<>(indices, GROUP), batch -> {
                List<int[]> documents = batch.stream().map(shard::document).toList();
                List<Row> scored = new ArrayList<>();
                gpt.scores(
                        weights.value().weights(config, gpt.kernels()),
                        documents,
                        pass,
                        (document, scores) ->
                                scored.add(row(place.part(), tokenizer.decode(documents.get(document)), scores)));
                return scored.iterator();
            });
        });
        return spark.createDataFrame(rows, SCHEMA);
    }

    private static Row row(Part part, String text, PositionScores scores) {
        int positions = scores.positions();
        double loss = scores.lossSum(0) / positions;
        return RowFactory.create(
                part.key(), text, positions, loss, StrictMath.exp(loss), (double) scores.hits(0) / positions);
    }
}
