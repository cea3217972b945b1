package io.microgpt.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.spark.complete.GenerateOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models in SQL; the sessions of the tests are configured with {@code spark.sql.extensions}, see {@link LocalSpark}. */
class GptExtensionsTest {
    @TempDir
    private static Path shared;

    private static String run;
    private static GptModel model;

    @BeforeAll
    static void load() {
        run = TinyGpt.run(shared.resolve("run"), 7);
        model = GptModel.load(LocalSpark.session(), run);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void completesAsTheModelDoes() {
        questions("ab", "b", null, "").createOrReplaceTempView("questions");

        List<Row> rows = sql("select gpt_complete('%s', question) from questions order by id".formatted(run))
                .collectAsList();

        List<Row> expected = model.generate(
                        questions("ab", "b", null, ""), GenerateOptions.DEFAULTS.withColumn("question"))
                .orderBy("id")
                .select("completion")
                .collectAsList();
        assertThat(rows).isEqualTo(expected);
        assertThat(rows.get(2).isNullAt(0)).isTrue();
        assertThat(rows).anyMatch(row -> !row.isNullAt(0) && row.getString(0).length() > 1);
    }

    @Test
    void scoresAsTheModelDoes() {
        questions("ab", "b", null, "abcd".repeat(9)).createOrReplaceTempView("questions");

        List<Row> rows = sql("select gpt_perplexity(concat('%s', '/run'), question) from questions order by id"
                        .formatted(shared))
                .collectAsList();

        assertThat(rows)
                .isEqualTo(model.score(questions("ab", "b", null, "abcd".repeat(9)), "question")
                        .orderBy("id")
                        .select("perplexity")
                        .collectAsList());
        assertThat(sql("select gpt_perplexity('%s', null)".formatted(run))
                        .first()
                        .isNullAt(0))
                .isTrue();
    }

    /** Executors have the model from the driver, and never look for its files. */
    @Test
    void tasksNeedNoFilesOfTheModel() throws IOException {
        Path gone = shared.resolve("gone");
        TinyGpt.run(gone, 5);
        LocalSpark.session()
                .range(0, 40, 1, 4)
                .selectExpr("repeat('ab ', cast(id % 5 as int)) as name")
                .createOrReplaceTempView("people");
        Dataset<Row> query =
                sql("select distinct name, gpt_complete('%1$s', name), gpt_perplexity('%1$s', name) from people"
                        .formatted(gone));
        FileUtils.deleteDirectory(gone.toFile());

        List<Row> rows = query.orderBy("name").collectAsList();

        GptModel model = GptModel.of(LocalSpark.session(), TinyGpt.checkpoint(5), "five");
        GenerateOptions options = GenerateOptions.DEFAULTS.withColumn("name");
        Dataset<Row> names = LocalSpark.session().table("people").distinct();
        assertThat(rows)
                .hasSize(5)
                .isEqualTo(model.score(model.generate(names, options), "name")
                        .orderBy("name")
                        .select("name", "completion", "perplexity")
                        .collectAsList());
        model.close();
    }

    /** Twice the same function of the same model in a query is one expression, or there were no grouping by it. */
    @Test
    void queriesGroupByIt() {
        questions("ab", "b", "ab", "ab").createOrReplaceTempView("questions");

        List<Row> rows = sql(("select gpt_perplexity('%1$s', question), count(*) from questions"
                                + " group by gpt_perplexity('%1$s', question) order by count(*)")
                        .formatted(run))
                .collectAsList();

        assertThat(rows).extracting(row -> row.getLong(1)).containsExactly(1L, 3L);
    }

    /** The name stands for another model now; a query must not get the one that was read before. */
    @Test
    void seesAModelThatWasTrainedOn() {
        Path growing = shared.resolve("growing");
        TinyGpt.run(growing, 3);
        String query = "select gpt_perplexity('%s', 'abc')".formatted(growing);
        double before = sql(query).first().getDouble(0);
        TinyGpt.run(growing, 3, 7);

        assertThat(sql(query).first().getDouble(0))
                .isNotEqualTo(before)
                .isEqualTo(sql("select gpt_perplexity('%s', 'abc')".formatted(run))
                        .first()
                        .getDouble(0));
    }

    @Test
    void errorsNameTheFunctionTheModelAndTheText() {
        questions("ab", "xyz").createOrReplaceTempView("questions");

        assertThatThrownBy(() -> sql("select gpt_complete('%s', question) from questions".formatted(run))
                        .collectAsList())
                .hasStackTraceContaining("gpt_complete: the model " + run + " cannot serve 'xyz': the text has 'x'");
        assertThatThrownBy(() -> sql("select gpt_perplexity(question, question) from questions"))
                .hasMessage("gpt_perplexity(model, text): the model must be the constant path of a run or a"
                        + " checkpoint, not questions.question");
        assertThatThrownBy(() -> sql("select gpt_complete('%s')".formatted(run)))
                .hasMessage("gpt_complete(model, prompt): takes 2 arguments, not 1");
        assertThatThrownBy(() -> sql("select gpt_complete('%s', 1)".formatted(run)))
                .hasMessage("gpt_complete(model, prompt): 1 is of type INT, but must be a string; cast it");
        assertThatThrownBy(() -> sql("select gpt_complete('/nowhere/run', 'a')"))
                .hasMessageStartingWith("/nowhere/run: is neither a run directory");
    }

    private static Dataset<Row> sql(String query) {
        return LocalSpark.session().sql(query);
    }

    private static Dataset<Row> questions(String... questions) {
        List<Row> rows = new ArrayList<>();
        for (String question : questions) {
            rows.add(RowFactory.create(rows.size(), question));
        }
        return LocalSpark.session()
                .createDataFrame(
                        rows, new StructType().add("id", DataTypes.IntegerType).add("question", DataTypes.StringType));
    }
}
