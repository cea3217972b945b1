package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TokenShard;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.TinyModels;
import io.microgpt.model.Weights;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The numbers of an evaluation: the loss that training reports, and beside it counts that can be made by hand. */
class ShardScorerTest {
    private static final int SHARDS = 5;
    private static final Kernels KERNELS = KernelProvider.choose(Choice.AUTO).kernels();

    @TempDir
    private static Path directory;

    private static Dataset dataset;
    private static GptConfig model;
    private static float[] weights;

    @BeforeAll
    static void prepare() throws Exception {
        List<String> names = TinyDataset.names(150, 4).stream()
                .map(name -> name.replace("do", "ð\uD83D\uDE00")) // a character of two chars
                .toList();
        dataset = TinyDataset.write(directory, names, SHARDS);
        model = new GptConfig(dataset.manifest().vocabularySize(), 8, 2, 1, TinyDataset.BLOCK_SIZE, 16);
        weights = TinyModels.weights(model, 6);
    }

    @Test
    void theLossHasTheBitsOfTraining() {
        TrainingTask task = new TrainingTask(model, StepPlan.ofShards(SHARDS), 0.0, Choice.AUTO);
        try (LocalSource source = new LocalSource(dataset, task, 1, warning -> {})) {
            for (Part part : Part.values()) {
                assertThat(score(part).loss()).isEqualTo(source.loss(part, 1.0, weights));
            }
        }
    }

    @Test
    void charactersAreCodePointsWithoutTheEndsOfDocuments() {
        Tokenizer tokenizer = TokenizerJson.parse(dataset.tokenizerJson(), "tokenizer");
        for (Part part : Part.values()) {
            long characters = 0;
            for (int s = 0; s < SHARDS; s++) {
                TokenShard shard = dataset.shard(part, s);
                for (int d = 0; d < shard.documents(); d++) {
                    characters +=
                            tokenizer.decode(shard.document(d)).codePoints().count();
                }
            }
            PartScore score = score(part);
            assertThat(score.characters()).isEqualTo(characters);
            // A name of n characters has n + 1 positions: its end is one.
            assertThat(score.positions()).isEqualTo(characters + score.documents());
            assertThat(score.bitsPerCharacter())
                    .isCloseTo(
                            score.loss().mean() / Math.log(2) * score.positions() / characters,
                            within(1e-12 * score.bitsPerCharacter()));
        }
    }

    @Test
    void accuracyIsTheShareOfHits() {
        PartScore score = score(Part.TRAIN);

        assertThat(score.hits()).isBetween(1L, score.positions() - 1);
        assertThat(score.accuracy()).isEqualTo((double) score.hits() / score.positions());
    }

    @Test
    void shardsWithoutDocumentsAddNothing() {
        PartScore none = new PartScore(0.0, 0, 0, 0, 0);
        PartScore one = new PartScore(1.5, 3, 1, 2, 4);

        assertThat(PartScore.total(List.of(none, none, none), KERNELS)).isEqualTo(none);
        assertThat(PartScore.total(List.of(none, one, none), KERNELS)).isEqualTo(one);
        assertThat(none.bitsPerCharacter()).isNaN();
    }

    private static PartScore score(Part part) {
        return ShardScorer.part(dataset, part, new Weights(model, weights, KERNELS));
    }
}
