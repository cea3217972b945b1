package io.microgpt.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointException;
import io.microgpt.checkpoint.WeightsHash;
import io.microgpt.data.DatasetException;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Gpt;
import io.microgpt.model.Weights;
import io.microgpt.spark.complete.GenerateOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model in somebody's own Spark application, as {@code Dataset<Row>}. */
class GptModelTest {
    private static final Checkpoint CHECKPOINT = TinyGpt.checkpoint(7);

    @TempDir
    private static Path shared;

    private static String run;
    private static GptModel model;

    @BeforeAll
    static void load() {
        run = TinyGpt.run(shared.resolve("run"), 3, 7);
        model = GptModel.load(LocalSpark.session(), run);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void newestCheckpointOfARunIsLoaded() {
        assertThat(model.weightsSha256()).isEqualTo(WeightsHash.sha256Hex(CHECKPOINT.weights()));
        GptModel older = GptModel.load(LocalSpark.session(), run + "/checkpoints/step-00000003");
        assertThat(older.weightsSha256())
                .isEqualTo(WeightsHash.sha256Hex(TinyGpt.checkpoint(3).weights()));
        older.close();
        assertThatThrownBy(() -> GptModel.load(LocalSpark.session(), shared + "/nothing"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(shared + "/nothing: is neither a run directory");
    }

    @Test
    void rowsKeepTheirColumnsAndGetCompletions() {
        GenerateOptions options =
                GenerateOptions.DEFAULTS.withColumn("question").withSamples(2).withSeed(5);

        Dataset<Row> completed = model.generate(questions("ab", "", null, "xyz", "abcdabcdabcdabcd"), options);

        assertThat(completed.columns())
                .containsExactly(
                        "id",
                        "question",
                        "completion",
                        "sample",
                        "tokens",
                        "mean_log_probability",
                        "finish_reason",
                        "error");
        List<Row> rows = completed.collectAsList();
        assertThat(rows).extracting(row -> row.getInt(0)).containsExactly(0, 0, 1, 1, 2, 3, 4);
        assertThat(rows)
                .extracting(row -> row.<String>getAs("error"))
                .satisfiesExactly(
                        error -> assertThat(error).isNull(),
                        error -> assertThat(error).isNull(),
                        error -> assertThat(error).isNull(),
                        error -> assertThat(error).isNull(),
                        error -> assertThat(error).isEqualTo("the prompt is null"),
                        error -> assertThat(error).startsWith("the text has 'x' (U+0078) at position 0"),
                        error -> assertThat(error).startsWith("the prompt has 17 tokens"));
    }

    @Test
    void completionIsTheSameInAnyPartition() {
        List<String> prompts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            prompts.add("abcd ab cd".substring(i % 7, i % 7 + i % 4));
        }
        Dataset<Row> questions = questions(prompts.toArray(String[]::new));
        GenerateOptions options = GenerateOptions.DEFAULTS.withColumn("question");

        List<Row> one =
                model.generate(questions.coalesce(1), options).orderBy("id").collectAsList();

        assertThat(model.generate(questions.repartition(7), options)
                        .orderBy("id")
                        .collectAsList())
                .isEqualTo(one);
        assertThat(one)
                .extracting(row -> row.getString(2))
                .hasSize(60)
                .contains("")
                .anyMatch(completion -> completion.length() > 5);
    }

    @Test
    void textThatIsNotUnicodeIsAnErrorOfItsRow() {
        Dataset<Row> rows = LocalSpark.session()
                .createDataset(
                        List.of(new byte[] {'a', (byte) 0xFF}, "a".getBytes(StandardCharsets.UTF_8)), Encoders.BINARY())
                .selectExpr("cast(value as string) as prompt");

        assertThat(model.generate(rows, GenerateOptions.DEFAULTS).collectAsList())
                .extracting(row -> row.<String>getAs("error"))
                .containsExactly("not valid UTF-8", null);
        assertThat(model.score(rows, "prompt").collectAsList())
                .extracting(row -> row.<String>getAs("score_error"))
                .containsExactly("not valid UTF-8", null);
    }

    /** Against logits computed without groups of documents and without a cache. */
    @Test
    void scoreIsTheMeanLossOfTheTextAsADocument() {
        Dataset<Row> scored = model.score(questions("abba", "", null, "z"), "question");

        assertThat(scored.columns())
                .containsExactly("id", "question", "positions", "loss", "perplexity", "score_error");
        List<Row> rows = scored.collectAsList();
        assertThat(rows.get(0).getInt(2)).isEqualTo(5);
        assertThat(rows.get(0).getDouble(3)).isEqualTo(loss("abba"), within(1e-5));
        assertThat(rows.get(0).getDouble(4)).isEqualTo(Math.exp(rows.get(0).getDouble(3)), within(1e-12));
        assertThat(rows.get(1).getInt(2)).isEqualTo(1);
        assertThat(rows.get(2)).isEqualTo(RowFactory.create(2, null, null, null, null, "the text is null"));
        assertThat(rows.get(3).isNullAt(3)).isTrue();
        assertThat(rows.get(3).getString(5)).startsWith("the text has 'z' (U+007A) at position 0");
    }

    /** In blocks, as training takes it: each token is predicted once. */
    @Test
    void textOverTheBlockSizeIsScoredToo() {
        Row row = model.score(questions("abcd".repeat(20)), "question").first();

        assertThat(row.getInt(2)).isEqualTo(81);
        assertThat(row.getDouble(3)).isBetween(1.0, 3.0);
    }

    @Test
    void scoreIsTheSameBitsAloneAndAmongOthers() {
        String[] texts = new String[300];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = "abcdabcdabcdabcdabcd".substring(0, i % 20);
        }
        List<Row> together =
                model.score(questions(texts).coalesce(1), "question").collectAsList();

        for (int i : new int[] {0, 19, 299}) {
            assertThat(model.score(questions(texts[i]), "question").first().getDouble(3))
                    .isEqualTo(together.get(i).getDouble(3));
        }
    }

    @Test
    void columnsThatDoNotFitAreRefused() {
        Dataset<Row> rows = questions("a");

        assertThatThrownBy(() -> model.generate(rows, GenerateOptions.DEFAULTS))
                .isInstanceOf(DatasetException.class)
                .hasMessage(
                        "the rows: there is no column prompt among [id, question]; name the one of the prompts with GenerateOptions.withColumn");
        assertThatThrownBy(() -> model.generate(rows, GenerateOptions.DEFAULTS.withColumn("id")))
                .hasMessage(
                        "the rows: column id is of type integer, but texts must be strings; name the one of the prompts with GenerateOptions.withColumn, or make it one");
        assertThatThrownBy(() -> model.score(model.score(rows, "question"), "question"))
                .hasMessage("the rows: there is a column positions already, which is to be added; rename it");
    }

    private static Dataset<Row> questions(String... questions) {
        List<Row> rows = new ArrayList<>();
        for (String question : questions) {
            rows.add(RowFactory.create(rows.size(), question));
        }
        return session()
                .createDataFrame(
                        rows, new StructType().add("id", DataTypes.IntegerType).add("question", DataTypes.StringType));
    }

    private static SparkSession session() {
        return LocalSpark.session();
    }

    /** {@return the mean of -log p over the text and the boundary that ends it} */
    private static double loss(String text) {
        int boundary = TinyGpt.TOKENIZER.boundary().orElseThrow();
        int[] content = TinyGpt.TOKENIZER.encode(text);
        int[] inputs = new int[content.length + 1];
        inputs[0] = boundary;
        System.arraycopy(content, 0, inputs, 1, content.length);
        int[] targets = Arrays.copyOf(content, content.length + 1);
        targets[content.length] = boundary;
        Gpt gpt = new Gpt(CHECKPOINT.model(), KernelProvider.scalar());
        float[] logits =
                gpt.logits(new Weights(CHECKPOINT.model(), CHECKPOINT.weights(), KernelProvider.scalar()), inputs);
        int v = CHECKPOINT.model().vocabularySize();
        double sum = 0;
        for (int i = 0; i < inputs.length; i++) {
            double total = 0;
            for (int token = 0; token < v; token++) {
                total += Math.exp(logits[i * v + token]);
            }
            sum += Math.log(total) - logits[i * v + targets[i]];
        }
        return sum / inputs.length;
    }
}
