package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.TrainerState;
import io.microgpt.data.Corpus;
import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.data.TrainingData;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trained on names and then on others that are written backwards, with a q for each s, a model forgets the first; replayed, it does not. */
class ReplayTest {
    @TempDir
    private static Path shared;

    private static Dataset first;
    private static Dataset second;
    /** A model of the first. */
    private static Checkpoint learned;

    private static TrainingRun replaying;
    private static Trainer.Result result;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() throws IOException {
        List<String> names = TinyDataset.names(150, 1);
        List<String> backwards = TinyDataset.names(150, 2).stream()
                .map(name -> new StringBuilder(name).reverse().toString().replace('s', 'q'))
                .toList();
        first = TinyDataset.write(shared.resolve("first"), names, 5);
        second = TinyDataset.write(shared.resolve("second"), backwards, 3, Optional.of(first));
        TrainingRun run = new TrainingRun(first, shared.resolve("learned"));
        run.steps = 150;
        run.train();
        learned = run.store.load(150);
        replaying = onTheSecond(shared.resolve("replaying"));
        result = replaying.train();
    }

    private static TrainingRun onTheSecond(Path directory) {
        return onTheSecond(new TrainingData(second, Optional.of(first)), directory);
    }

    private static TrainingRun onTheSecond(TrainingData data, Path directory) {
        TrainingRun run = new TrainingRun(data, directory, TinyDataset.HADOOP);
        run.steps = 100;
        run.replayFraction = 0.3;
        run.initialWeights = () -> InitialWeights.of(learned, run.model, 7, second.tokenizerJson());
        return run;
    }

    private static TrainingTask task(TrainingData data) {
        return new TrainingTask(replaying.model, data.plan(7, 16, 0.3), 0.0, 0.0, replaying.kernels);
    }

    @Test
    void whatIsReplayedIsNotForgotten() {
        TrainingRun forgetting = onTheSecond(TrainingData.of(second), directory.resolve("forgetting"));
        Trainer.Result forgot = forgetting.train();
        TrainingTask task = task(TrainingData.of(first));
        double before;
        double after;
        try (LocalSource source = new LocalSource(first, task, 1, warning -> {})) {
            before =
                    source.loss(Part.TEST, 1.0, forgetting.initialWeights.get()).mean();
            after = source.loss(Part.TEST, 1.0, forgetting.store.load(100).weights())
                    .mean();
            float[] weights = replaying.store.load(100).weights();
            assertThat(result.replayTestLoss().orElseThrow()) // its leaves lie elsewhere in the tree
                    .isCloseTo(source.loss(Part.TEST, 1.0, weights).mean(), within(1e-12));
        }
        double replayed = result.replayTestLoss().orElseThrow();
        assertThat(before).isLessThan(1.7);
        assertThat(after).isGreaterThan(before + 0.8);
        assertThat(replayed - before).isLessThan(0.6 * (after - before)); // a hundred steps of a tiny model
        assertThat(result.test().mean()).isLessThan(forgot.test().mean() + 0.3);
        assertThat(forgot.replayTestLoss()).isEmpty();
    }

    @Test
    void everyEvaluationLooksAtBoth() {
        assertThat(replaying.reports)
                .allMatch(report ->
                        report.replayTestLoss().isPresent() == report.testLoss().isPresent());
        assertThat(replaying.last().replayTestLoss()).isEqualTo(result.replayTestLoss());
    }

    @Test
    void theStateCountsWhatWasReplayed() {
        TrainerState state = replaying.store.load(100).state();
        assertThat(state.documents()).isEqualTo(1600);
        assertThat(state.memory().get("replay.documents")).containsExactly(480.0);
        assertThat(state.replayFingerprint()).hasValue(first.manifest().fingerprint());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 13, 50})
    void stoppedAndResumedGivesTheSameBits(long k) {
        TrainingRun part = onTheSecond(directory.resolve("parts"));
        part.stopAt = k;
        part.train();
        TrainingRun rest = onTheSecond(directory.resolve("parts"));
        assertThat(rest.train()).isEqualTo(result);
        assertThat(rest.store.load(100).state())
                .isEqualTo(replaying.store.load(100).state());
    }

    @Test
    void resumedWithoutItIsRefused() {
        TrainingRun other = onTheSecond(TrainingData.of(second), directory.resolve("other"));
        assertThatThrownBy(() -> other.train(Optional.of(replaying.store.load(100))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fingerprint of data.replay is "
                        + first.manifest().fingerprint() + " in the checkpoint and none here");
    }

    @Test
    void resumedWithAnotherShareIsRefused() {
        TrainingRun other = onTheSecond(directory.resolve("other"));
        other.replayFraction = 0.5;
        assertThatThrownBy(() -> other.train(Optional.of(replaying.store.load(100))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("data.replay-fraction is 0.3 in the checkpoint and 0.5 here");
    }

    /** A loss of the own dataset does not see the other. */
    @Test
    void lossesAreApart() {
        TrainingData data = new TrainingData(second, Optional.of(first));
        float[] weights = replaying.initialWeights.get();
        try (LocalSource both = new LocalSource(data, task(data), 1, warning -> {});
                LocalSource alone = new LocalSource(second, task(TrainingData.of(second)), 1, warning -> {})) {
            assertThat(both.loss(Part.TRAIN, 0.5, weights)).isEqualTo(alone.loss(Part.TRAIN, 0.5, weights));
            assertThat(both.loss(Corpus.REPLAYED, Part.TRAIN, 1.0, weights).documents())
                    .isEqualTo(first.manifest().documents(Part.TRAIN));
        }
    }

    /** The letter that the first model does not know has the weights that it would have at random. */
    @Test
    void newTokensBeginAtRandom() {
        GptConfig model = replaying.model;
        int known = learned.model().vocabularySize();
        int e = model.nEmbd();
        assertThat(model.vocabularySize()).isEqualTo(known + 1);
        float[] weights = replaying.initialWeights.get();
        float[] random = Gpt.initialWeights(model, 7);
        for (int i = 0; i < (known + 1) * e; i++) {
            assertThat(weights[i]).isEqualTo(i < known * e ? learned.weights()[i] : random[i]);
        }
        int head = (model.vocabularySize() + model.blockSize()) * e;
        int learnedHead = (known + model.blockSize()) * e;
        assertThat(weights[head]).isEqualTo(learned.weights()[learnedHead]);
        assertThat(weights[weights.length - 1]).isEqualTo(learned.weights()[learned.weights().length - 1]);
    }

    @Test
    void weightsOfAnotherShapeOrVocabularyAreRefused() throws IOException {
        GptConfig wider = new GptConfig(replaying.model.vocabularySize(), 15, 3, 2, TinyDataset.BLOCK_SIZE, 20);
        assertThatThrownBy(() -> InitialWeights.of(learned, wider, 7, second.tokenizerJson()))
                .hasMessage(
                        "train.init-from is another architecture: model.n-embd is 12 there and 15 here; model.n-layer is 1"
                                + " there and 2 here. Set the keys as they were there");
        Dataset apart = TinyDataset.write(directory.resolve("apart"), List.of("xylo", "zulu"), 1);
        assertThatThrownBy(() -> InitialWeights.of(learned, replaying.model, 7, apart.tokenizerJson()))
                .hasMessageContaining("another vocabulary than the dataset: of ")
                .hasMessageContaining(
                        "only in the older and 'u' (U+0075), 'x' (U+0078), 'y' (U+0079), 'z' (U+007A) only in the newer");
    }
}
