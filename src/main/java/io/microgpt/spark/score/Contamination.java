package io.microgpt.spark.score;

import io.microgpt.data.ContentHash;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Test documents that the model has seen: those that stand in the training part too, exactly or up to white space, case and the ways in
 * which Unicode writes one character (NFKC). Documents are those of the prepared datasets: a text over the block size is compared piece by
 * piece, and what {@code <unk>} stands for is not compared.
 *
 * @param documents of the test part
 * @param exact how many of them stand in the training part to the letter
 * @param alike how many more stand there up to white space and case
 * @param examples a few, those up to white space and case first
 */
public record Contamination(long documents, long exact, long alike, List<Example> examples) {
    private static final int SHOWN = 5;

    private static final StructType SCHEMA = new StructType()
            .add("high", DataTypes.LongType, false)
            .add("low", DataTypes.LongType, false)
            .add("text", DataTypes.StringType, false);

    /** A document of the test part and what stands for it in the training part. */
    public record Example(String test, String train) {}

    /**
     * Joins the test part of one dataset with the training part of another, or of the same, on the hash of the folded text.
     *
     * @param train what the model was trained on
     * @param test what it is evaluated on
     */
    public static Contamination of(SparkSession spark, Dataset train, Dataset test) {
        // Each text once: a line that stands a million times on both sides would make a million times a million pairs.
        org.apache.spark.sql.Dataset<Row> known =
                texts(spark, train, Part.TRAIN).distinct().withColumnRenamed("text", "known");
        org.apache.spark.sql.Dataset<Row> asked =
                texts(spark, test, Part.TEST).groupBy("high", "low", "text").count();
        Column same = functions.col("text").equalTo(functions.col("known"));
        org.apache.spark.sql.Dataset<Row> found = asked.join(known, new String[] {"high", "low"})
                .groupBy("high", "low", "text", "count")
                .agg(functions.max(same).as("exact"), functions.min("known").as("known"))
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            long exact = 0;
            long alike = 0;
            for (Row row : found.groupBy("exact").sum("count").collectAsList()) {
                if (row.getBoolean(0)) {
                    exact = row.getLong(1);
                } else {
                    alike = row.getLong(1);
                }
            }
            List<Example> examples = found.orderBy("exact", "text").limit(SHOWN).collectAsList().stream()
                    .map(row -> new Example(
                            row.getAs("text"), row.<Boolean>getAs("exact") ? row.getAs("text") : row.getAs("known")))
                    .toList();
            return new Contamination(test.manifest().documents(Part.TEST), exact, alike, examples);
        } finally {
            found.unpersist();
        }
    }

    /** {@return a row a document: the hash of its folded text, and the text} */
    private static org.apache.spark.sql.Dataset<Row> texts(SparkSession spark, Dataset dataset, Part part) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        List<Integer> shards = IntStream.range(
                        0, dataset.manifest().shards(part).size())
                .boxed()
                .toList();
        SerializableConfiguration hadoop = new SerializableConfiguration(context.hadoopConfiguration());
        String directory = dataset.directory().toString();
        String manifest = dataset.manifest().toJson();
        String tokenizerJson = dataset.tokenizerJson();
        JavaRDD<Row> rows = context.parallelize(shards, shards.size()).flatMap(index -> {
            Manifest parsed = Manifest.parse(manifest, directory);
            TokenShard shard = Dataset.shard(hadoop.value(), new Path(directory), parsed, part, index);
            Tokenizer tokenizer = TokenizerJson.parse(tokenizerJson, directory);
            return IntStream.range(0, shard.documents())
                    .mapToObj(d -> row(tokenizer.decode(shard.document(d))))
                    .iterator();
        });
        return spark.createDataFrame(rows, SCHEMA);
    }

    private static Row row(String text) {
        ContentHash hash = ContentHash.of(folded(text).getBytes(StandardCharsets.UTF_8), 0);
        return RowFactory.create(hash.high(), hash.low(), text);
    }

    /** {@return a text without white space, in one case and one Unicode form} */
    static String folded(String text) {
        StringBuilder kept = new StringBuilder(text.length());
        Normalizer.normalize(text, Normalizer.Form.NFKC)
                .codePoints()
                .filter(c -> !Character.isWhitespace(c) && !Character.isSpaceChar(c))
                .forEach(kept::appendCodePoint);
        // By way of the upper case, because ß and SS, or σ and ς, meet only there; and again NFKC, for what that has
        // taken apart.
        String cased = kept.toString().toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
        return Normalizer.normalize(cased, Normalizer.Form.NFKC);
    }
}
