package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Corpus;
import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model that learns a few names by heart: its test loss falls, and then rises. */
class EarlyStopTest {
    @TempDir
    private static Path shared;

    private static Dataset dataset;
    private static TrainingRun early;
    private static Trainer.Result result;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() throws IOException {
        dataset = TinyDataset.write(shared.resolve("names"), 30, 2, 1);
        early = run(shared.resolve("early"));
        result = early.train();
    }

    private static TrainingRun run(Path directory) {
        TrainingRun run = new TrainingRun(dataset, directory);
        run.steps = 400;
        run.rate = 0.02;
        run.batchSize = 4;
        run.patience = 3;
        return run;
    }

    @Test
    void itEndsWithTheBestCheckpointKept() {
        assertThat(result.ending()).isEqualTo(Trainer.Ending.EARLY);
        long best = result.bestStep().orElseThrow();
        assertThat(result.step()).isLessThan(400).isEqualTo(best + 3 * early.evalEvery);
        assertThat(early.store.steps()).contains(best, result.step());
        assertThat(result.bestTestLoss())
                .isEqualTo(early.store.load(best).state().testLoss());
        assertThat(result.test().mean()).isGreaterThan(result.bestTestLoss().orElseThrow());
        assertThat(Verdict.of(result.train(), result.test())).isEqualTo(Verdict.OVERFITTED);
    }

    /** An evaluation that fails is made up for, or the training would end at another step. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void anEvaluationThatFailsDoesNotMatter(int fails) {
        TrainingRun failing = run(directory.resolve("a"));
        int[] evaluations = {0};
        failing.sources = source -> new ForwardingSource(source) {
            @Override
            public LossSum loss(Corpus corpus, Part part, double share, float[] weights) {
                if (++evaluations[0] == fails) {
                    throw new IllegalStateException("executors are lost");
                }
                return super.loss(corpus, part, share, weights);
            }
        };
        assertThatThrownBy(failing::train).hasMessage("executors are lost");
        TrainingRun resumed = run(directory.resolve("a"));
        assertThat(resumed.train()).isEqualTo(result);
        assertThat(resumed.store.steps()).isEqualTo(early.store.steps());
    }

    @Test
    void withoutPatienceItGoesOn() {
        TrainingRun run = run(directory.resolve("a"));
        run.patience = 0;
        Trainer.Result whole = run.train();
        assertThat(whole.step()).isEqualTo(400);
        assertThat(whole.ending()).isEqualTo(Trainer.Ending.LAST_STEP);
        assertThat(whole.bestStep()).isEqualTo(result.bestStep());
        assertThat(whole.test().mean()).isGreaterThan(result.test().mean());
    }

    /** Before the best, on it, while it waits, and when it has ended. */
    @ParameterizedTest
    @ValueSource(longs = {-15, 0, 5, 20, 30})
    void resumedItEndsAtTheSameStep(long afterTheBest) {
        TrainingRun first = run(directory.resolve("a"));
        first.stopAt = Math.max(1, result.bestStep().orElseThrow() + afterTheBest);
        first.train();
        assertThat(run(directory.resolve("a")).train()).isEqualTo(result);
    }

    @Test
    void whatHardlyFallsIsNoImprovement() {
        EarlyStop stop = new EarlyStop(2, 0.1, Map.of());
        stop.evaluated(2.0);
        stop.evaluated(1.95);
        assertThat(stop.isTime()).isFalse();
        stop.evaluated(1.89); // from 2.0, not from the last one
        stop.evaluated(1.80);
        assertThat(stop.isTime()).isFalse();
        stop.evaluated(1.80);
        assertThat(stop.isTime()).isTrue();
    }
}
