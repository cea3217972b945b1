package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Dataset;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a training leaves behind that ends with an error, and that it goes on from there as if nothing had been. */
class FailedTrainingTest {
    @TempDir
    private static Path shared;

    private static Dataset dataset;
    /** Of a run of 30 steps to its end. */
    private static Trainer.Result wholeResult;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() throws IOException {
        dataset = TinyDataset.write(shared.resolve("names"), 150, 5, 1);
        wholeResult = new TrainingRun(dataset, shared.resolve("whole")).train();
    }

    private TrainingRun run(String name) {
        return new TrainingRun(dataset, directory.resolve(name));
    }

    private static UnaryOperator<GradientSource> failingAt(long failing, Runnable failure) {
        return source -> new ForwardingSource(source) {
            @Override
            public StepGradient at(long step, float[] weights) {
                if (step == failing) {
                    failure.run();
                }
                return super.at(step, weights);
            }
        };
    }

    @Test
    void aRunThatFailsLeavesACheckpoint() {
        TrainingRun failing = run("a");
        failing.sources = failingAt(13, () -> {
            throw new IllegalStateException("sums are lost");
        });
        assertThatThrownBy(failing::train).hasMessage("sums are lost");
        assertThat(failing.store.steps()).containsExactly(10L, 13L);
        assertThat(failing.warnings)
                .containsExactly("the training stands at step 13 in a checkpoint, --resume goes on");
        assertThat(run("a").train()).isEqualTo(wholeResult);
    }

    /** What was to be told of a step is not lost by going on behind it. */
    @Test
    void aListenerThatFailsLeavesNoCheckpointOfItsStep() throws IOException {
        TrainingRun failing = run("a");
        failing.failAt = 13;
        assertThatThrownBy(failing::train).hasMessage("failed at step 13");
        assertThat(failing.store.steps()).containsExactly(10L);
        assertThat(failing.warnings)
                .containsExactly("the training stands at step 10 in a checkpoint, --resume goes on");
        assertThat(run("a").train()).isEqualTo(wholeResult);
        assertThat(failing.metricSteps())
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 30).boxed().toList());
    }

    @Test
    void aFirstStepThatFailsLeavesNothing() {
        TrainingRun failing = run("a");
        failing.sources = failingAt(0, () -> {
            throw new IllegalStateException("no executors");
        });
        assertThatThrownBy(failing::train).hasMessage("no executors");
        assertThat(failing.store.steps()).isEmpty();
        assertThat(failing.warnings).isEmpty();
    }

    @Test
    void aRunWhoseHeapIsShortLeavesACheckpointWhereItCan() {
        TrainingRun failing = run("a");
        failing.sources = failingAt(13, () -> {
            throw new OutOfMemoryError("sums do not fit");
        });
        assertThatThrownBy(failing::train).isInstanceOf(OutOfMemoryError.class).hasMessage("sums do not fit");
        assertThat(failing.store.steps()).containsExactly(10L, 13L);
        assertThat(run("a").train()).isEqualTo(wholeResult);
    }

    @Test
    void aRunThatDivergesLeavesItsLastCheckpoint() {
        TrainingRun run = run("a");
        run.rate = 1e38;
        run.checkpointEvery = 1;
        assertThatThrownBy(run::train).isInstanceOf(DivergenceException.class);
        assertThat(run.store.steps()).contains(run.last().step());
    }
}
