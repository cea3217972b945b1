package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.data.Dataset;
import io.microgpt.model.Gpt;
import io.microgpt.model.ParameterLayout;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import io.microgpt.train.GuardSettings.Action;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the guard does about real divergence: of a rate that is far too high, and of one document whose token overflows. */
class DivergenceTest {
    /** Has letters that no other name has. */
    private static final String POISON = "zoquq";

    @TempDir
    private static Path shared;

    private static Dataset dataset;
    /** Diverges, is rolled back, and goes on to its end. */
    private static TrainingRun mended;

    private static Trainer.Result mendedResult;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() throws IOException {
        List<String> names = new ArrayList<>(TinyDataset.names(150, 1));
        names.add(POISON);
        dataset = TinyDataset.write(shared.resolve("names"), names, 5);
        mended = hot(shared.resolve("mended"));
        mendedResult = mended.train();
    }

    private TrainingRun run(String name) {
        return new TrainingRun(dataset, directory.resolve(name));
    }

    /** A rate that no model stands, and a cut that makes it one that is usual. */
    private static TrainingRun hot(Path directory) {
        TrainingRun run = new TrainingRun(dataset, directory);
        run.rate = 10;
        run.warmup = 20;
        run.steps = 60;
        run.checkpointEvery = 5;
        run.guard = new GuardSettings(Action.ROLLBACK, 30, 20.0, 0.1, 3);
        return run;
    }

    @Test
    void aRateThatIsTooHighIsCut() throws IOException {
        assertThat(mended.rollbacks).containsExactly(0L, 5L);
        assertThat(mended.warnings).hasSameSizeAs(mended.rollbacks);
        assertThat(mended.warnings.get(0))
                .matches(
                        "step 2 gave a loss of \\S+ and a gradient norm of \\S+: the training has diverged, for the loss lies"
                                + " far above the \\S+ of a model that has learned nothing \\(\\d+ deviations, guard.threshold = 20.0\\)\\."
                                + " It took 16 documents of the training shards 0, 1, 2, 3, 4, each of them alone is finite; the largest losses:"
                                + " (row \\d+ of train/shard-0000\\d.parquet, loss \\S+, gradient norm \\S+, \"\\w+\"(; )?){3}\\."
                                + " Going back to the start, with the learning rate times 0\\.100 from now on"
                                + " \\(rollback 1 of at most 3\\)");
        double cut = Math.pow(0.1, mended.rollbacks.size());
        assertThat(mended.reports.get(20).learningRate()).isEqualTo(10 * cut);
        assertThat(mendedResult.test().mean()).isLessThan(3.0);
        assertThat(mended.reports).extracting(StepReport::step).containsExactlyElementsOf(upTo(60));
        List<String> lines = Files.readAllLines(shared.resolve("mended/metrics.jsonl"));
        assertThat(lines).hasSize(60);
        assertThat(mended.store.steps()).endsWith(55L, 60L);
    }

    /** Before it diverges, between that and the next checkpoint, and after. */
    @ParameterizedTest
    @ValueSource(longs = {2, 4, 7, 9, 12, 33})
    void whereverItIsStoppedItDecidesTheSame(long k) {
        TrainingRun first = hot(directory.resolve("parts"));
        first.stopAt = k;
        first.train();
        assertThat(hot(directory.resolve("parts")).train()).isEqualTo(mendedResult);
    }

    @Test
    void killedAfterItWasRolledBackItDecidesTheSame() {
        TrainingRun first = hot(directory.resolve("parts"));
        first.afterStep = step -> {
            if (!first.rollbacks.isEmpty()) {
                throw new TrainingRun.Killed();
            }
        };
        assertThatThrownBy(first::train).isInstanceOf(TrainingRun.Killed.class);
        TrainingRun second = hot(directory.resolve("parts"));
        assertThat(second.train()).isEqualTo(mendedResult);
        assertThat(second.store.load(60).state())
                .isEqualTo(mended.store.load(60).state());
    }

    /** The loss grows step by step, and its spread with it. */
    @Test
    void slowDivergenceIsFoundToo() {
        TrainingRun run = hot(directory.resolve("a"));
        run.rate = 2;
        run.warmup = 60;
        run.train();
        assertThat(run.rollbacks).isNotEmpty();
        assertThat(run.reports).allMatch(report -> report.loss() < 7.0);
    }

    /** A step far beyond the recent ones, where it is not yet worse than at the start. */
    @Test
    void aJump() {
        RecentSpread recent = new RecentSpread(50, 0.01);
        for (int i = 0; i < 70; i++) {
            recent.add(1.0 + 0.1 * Math.sin(i));
        }
        recent.add(9.0);
        assertThat(recent.values()).hasSize(50).endsWith(9.0);
        assertThat(recent.median()).isCloseTo(1.0, within(0.05));
        assertThat(recent.excess(8.9)).isZero();
        assertThat(recent.excess(11.0)).isBetween(90.0, 110.0);
        RecentSpread calm = new RecentSpread(50, 0.1);
        calm.replace(Collections.nCopies(30, 2.0));
        assertThat(calm.excess(3.0)).isCloseTo(10.0, within(1e-9));
        calm.replace(List.of(2.0, 3.0));
        assertThat(calm.excess(4.0)).isZero(); // too few to know
    }

    @Test
    void failingIsAChoice() {
        TrainingRun run = hot(directory.resolve("a"));
        run.guard = new GuardSettings(Action.FAIL, 30, 20.0, 0.02, 3);
        assertThatThrownBy(run::train)
                .isInstanceOf(DivergenceException.class)
                .hasMessageMatching(
                        "step \\d+ gave a loss of .*the training has diverged, for the loss lies .*"
                                + "\\. Nothing of the step was kept; resume from the last checkpoint with a lower schedule.base-lr .*");
        assertThat(run.warnings).isEmpty();
    }

    /** The embedding of its letter has overflowed: a document without the letter never sees it. */
    @Test
    void thePoisonedDocumentIsNamed() {
        Checkpoint poisoned = poisoned();
        TrainingRun run = run("poisoned");
        run.steps = 40;
        run.guard = new GuardSettings(Action.FAIL, 100, 20.0, 0.5, 3);
        assertThatThrownBy(() -> run.train(Optional.of(poisoned)))
                .isInstanceOf(DivergenceException.class)
                .hasMessageMatching(
                        "step \\d+ gave a loss of \\S+ and a gradient norm of \\S+: the training has diverged\\."
                                + " It took 16 documents of the training shards [0-4, ]+, 1 of them alone not"
                                + " finite: row \\d+ of train/shard-0000\\d.parquet, loss \\S+, gradient norm \\S+, \"zoquq\"\\. Nothing of .*");
    }

    /** The last checkpoint of a training is not proved good by a next step: the one before stays, for a training with more steps. */
    @Test
    void aTrainingThatGoesOnBeyondItsEndCanGoBack() {
        TrainingRun run = run("longer");
        run.keep = 1;
        run.evalEvery = 0;
        run.steps = 25;
        run.train();
        Checkpoint end = run.store.load(25);
        float[] broken = new float[end.weights().length];
        Arrays.fill(broken, Float.NaN);
        run.steps = 30;
        run.train(Optional.of(withWeights(end, broken)));
        assertThat(run.rollbacks).containsExactly(20L);
        assertThat(run.last().step()).isEqualTo(30);
    }

    @Test
    void whereTheGoodCheckpointIsDamagedItGoesBackFurther() throws IOException {
        TrainingRun run = run("damaged");
        run.keep = 3;
        run.evalEvery = 0;
        run.steps = 25;
        run.train();
        Checkpoint end = run.store.load(25);
        float[] broken = new float[end.weights().length];
        Arrays.fill(broken, Float.NaN);
        Path weights = directory.resolve("damaged/step-00000020/model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] ^= 1;
        Files.write(weights, bytes);
        run.steps = 30;
        run.train(Optional.of(withWeights(end, broken)));
        assertThat(run.rollbacks).containsExactly(10L);
        assertThat(run.warnings.get(0)).contains("step-00000020 is broken and passed over");
        assertThat(run.last().step()).isEqualTo(30);
    }

    /** It is there again each time: no rate helps. */
    @Test
    void retriesAreBounded() {
        Checkpoint poisoned = poisoned();
        TrainingRun run = run("poisoned");
        run.steps = 40;
        run.store.write(poisoned);
        assertThatThrownBy(() -> run.train())
                .isInstanceOf(DivergenceException.class)
                .hasMessageContaining(
                        "\"zoquq\". 3 rollbacks (guard.retries) were of no avail. Nothing of the step was kept");
        assertThat(run.rollbacks).hasSize(3).allMatch(step -> step == 5 || step == 10);
    }

    /** There is no checkpoint yet, and no use in going back; it ends all the same. */
    @Test
    void brokenFromTheFirstStep() {
        TrainingRun run = run("broken");
        run.initialWeights = () -> {
            float[] weights = Gpt.initialWeights(run.model, 7);
            Arrays.fill(weights, Float.NaN);
            return weights;
        };
        assertThatThrownBy(run::train)
                .isInstanceOf(DivergenceException.class)
                .hasMessageContaining("step 0 gave a loss of NaN")
                .hasMessageContaining("16 of them alone not finite: row ")
                .hasMessageContaining("3 rollbacks (guard.retries) were of no avail");
        assertThat(run.rollbacks).containsExactly(0L, 0L, 0L);
        assertThat(run.reports).isEmpty();
        assertThat(run.store.steps()).isEmpty();
    }

    private Checkpoint poisoned() {
        TrainingRun run = run("sound");
        run.steps = 5;
        run.train();
        Checkpoint sound = run.store.load(5);
        Tokenizer tokenizer = TokenizerJson.parse(dataset.tokenizerJson(), "tokenizer");
        int row = tokenizer.encode("q")[0] * sound.model().nEmbd();
        float[] weights = sound.weights().clone();
        int wte = new ParameterLayout(sound.model()).matrices().get(0).offset();
        Arrays.fill(weights, wte + row, wte + row + sound.model().nEmbd(), Float.POSITIVE_INFINITY);
        return withWeights(sound, weights);
    }

    private static Checkpoint withWeights(Checkpoint of, float[] weights) {
        return new Checkpoint(
                of.model(),
                weights,
                of.firstMoment(),
                of.secondMoment(),
                of.state(),
                of.tokenizerJson(),
                of.configJson());
    }

    /** The loss of single short documents is as noisy as it gets. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 16})
    void noiseIsNoDivergence(int batch) {
        TrainingRun run = run("guarded");
        run.batchSize = batch;
        run.steps = 400;
        run.evalEvery = 0;
        run.checkpointEvery = 0;
        run.warmup = 0;
        run.rate = 0.02;
        run.train();
        assertThat(run.rollbacks).isEmpty();
    }

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }
}
