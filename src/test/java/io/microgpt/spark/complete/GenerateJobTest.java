package io.microgpt.spark.complete;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.TrainerState;
import io.microgpt.data.DatasetException;
import io.microgpt.generate.Sampling;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.GptConfig;
import io.microgpt.model.TinyModels;
import io.microgpt.spark.GptModel;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.complete.PromptCompleter.Options;
import io.microgpt.text.TokenizerKind;
import io.microgpt.text.VocabularyOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

/** Completions do not depend on the partition that a row is in, nor on the rows beside it. */
class GenerateJobTest {
    private static final Options OPTIONS =
            new Options(new Sampling(1.0, 5, 0.95, 0.01, 1.1), 12, List.of("cab"), 2, 7, 1, Choice.AUTO);

    @Test
    void partitionsDoNotShow() {
        Dataset<Row> prompts = prompts(150, DataTypes.LongType);
        List<Row> one = completed(prompts.coalesce(1), Optional.of("seed"));
        assertThat(completed(prompts.repartition(7), Optional.of("seed"))).isEqualTo(one);
        assertThat(completed(prompts.repartition(7, prompts.col("prompt")), Optional.of("seed")))
                .isEqualTo(one);
        assertThat(one).extracting(row -> row.getAs("finish_reason")).contains("stop", "length", "error");
        // Every prompt with its samples, and each bad one once.
        assertThat(one)
                .hasSize(300
                        - (int) one.stream()
                                .filter(row -> row.getAs("error") != null)
                                .count());
    }

    @Test
    void equalPromptsDifferBySeedAlone() {
        List<Row> rows = completed(prompts(150, DataTypes.LongType), Optional.of("seed"));
        Map<String, Object> seen = new TreeMap<>();
        for (Row row : rows) {
            if (row.getAs("error") == null) {
                // Where there is no seed, that of the options.
                Object seed = row.getAs("seed") == null ? OPTIONS.seed() : row.getAs("seed");
                String key = row.getAs("prompt") + "/" + seed + "/" + row.getAs("sample");
                assertThat(seen.computeIfAbsent(key, unseen -> row.getAs("completion")))
                        .isEqualTo(row.getAs("completion"));
            }
        }
        assertThat(seen).hasSizeLessThan(rows.size() / 2);
        assertThat(seen.values().stream().distinct().count()).isGreaterThan(seen.size() / 2);
    }

    @Test
    void seedsMayBeTextsOfIntegersAsCsvHasThem() {
        List<Row> rows = completed(prompts(150, DataTypes.StringType), Optional.of("seed"));
        List<Row> expected = completed(prompts(150, DataTypes.LongType), Optional.of("seed"));
        assertThat(rows)
                .extracting(row -> row.getAs("completion"))
                .isEqualTo(expected.stream().map(row -> row.getAs("completion")).toList());

        StructType schema = new StructType()
                .add("id", DataTypes.LongType)
                .add("prompt", DataTypes.StringType)
                .add("seed", DataTypes.StringType);
        Dataset<Row> odd = LocalSpark.session().createDataFrame(List.of(RowFactory.create(1L, "ab", "seven")), schema);
        assertThat(completed(odd, Optional.of("seed")))
                .singleElement()
                .satisfies(row -> assertThat(row.<String>getAs("error"))
                        .isEqualTo("the seed is seven, which is not an integer of 64 bits"));
    }

    @Test
    void columnThatHoldsNoSeedsIsRefused() {
        Dataset<Row> prompts = prompts(3, DataTypes.DoubleType);
        assertThatThrownBy(() -> completed(prompts, Optional.of("seed")))
                .isInstanceOf(DatasetException.class)
                .hasMessage("column seed is of type double, but seeds must be integers; make it one, or name another"
                        + " with --seed-column");
        assertThatThrownBy(() -> completed(prompts, Optional.of("seeds")))
                .isInstanceOf(DatasetException.class)
                .hasMessage("the prompts have no column seeds among [id, prompt, seed]; name the one of the seeds with"
                        + " --seed-column");
    }

    private static List<Row> completed(Dataset<Row> prompts, Optional<String> seed) {
        try (GptModel model = GptModel.of(LocalSpark.session(), model(), "tiny")) {
            return model.generate(prompts, new GenerateOptions("prompt", seed, OPTIONS))
                    .orderBy("id", "sample")
                    .collectAsList();
        }
    }

    /** Prompts of which some come again, with seeds of which some are null; every tenth cannot be encoded. */
    private static Dataset<Row> prompts(int count, DataType seeds) {
        StructType schema = new StructType()
                .add("id", DataTypes.LongType)
                .add("prompt", DataTypes.StringType)
                .add("seed", seeds);
        List<Row> rows = new ArrayList<>();
        for (long id = 0; id < count; id++) {
            String prompt =
                    id % 10 == 9 ? "xyz" : List.of("", "a", "bca", "abcabc").get((int) (id % 4));
            Object seed = id % 7 == 0
                    ? null
                    : seeds.equals(DataTypes.LongType)
                            ? (Object) (id % 3)
                            : seeds.equals(DataTypes.StringType) ? String.valueOf(id % 3) : (Object) (id % 3 + 0.5);
            rows.add(RowFactory.create(id, prompt, seed));
        }
        return LocalSpark.session().createDataFrame(rows, schema);
    }

    private static Checkpoint model() {
        String tokenizer = TokenizerKind.CHAR
                .train(
                        Map.of("a", 3L, "b", 2L, "c", 1L, "d", 1L, "e", 1L),
                        new VocabularyOptions(true, false, VocabularyOptions.NO_LIMIT))
                .toJson();
        GptConfig config = new GptConfig(6, 8, 2, 1, 24, 8);
        float[] none = new float[config.parameters()];
        TrainerState state = new TrainerState(
                0,
                0,
                0,
                1,
                "",
                Optional.empty(),
                "",
                0,
                OptionalDouble.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                new TreeMap<>());
        return new Checkpoint(config, TinyModels.weights(config, 4), none, none, state, tokenizer, "{}");
    }
}
