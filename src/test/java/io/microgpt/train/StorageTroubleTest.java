package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.checkpoint.CheckpointException;
import io.microgpt.data.Dataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Storage that does not answer while a training runs. */
class StorageTroubleTest {
    @TempDir
    private Path directory;

    private Dataset dataset;
    private TrainingRun run;

    @BeforeEach
    void prepare() throws IOException {
        dataset = TinyDataset.write(directory.resolve("names"), 150, 5, 1);
        run = new TrainingRun(dataset, directory.resolve("run"), HangingFileSystem.configuration());
    }

    @AfterEach
    void recover() {
        HangingFileSystem.recover();
    }

    @Test
    void aCheckpointThatHangsEndsTheRunInsteadOfHangingIt() {
        run.patienceSeconds = 1;
        run.afterStep = step -> {
            if (step == 15) {
                run.awaitCheckpoint();
                HangingFileSystem.hang();
            }
        };
        assertThatThrownBy(() -> run.train())
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(directory.resolve("run").toString())
                .hasMessageContaining("a checkpoint was not written within 1 s (engine.patience)");
        HangingFileSystem.recover();
        assertThat(run.store.newest(run.warnings::add).orElseThrow().state().step())
                .isEqualTo(10);
    }

    @Test
    @Timeout(60)
    void metricsThatHangEndTheRunAndAreNamed() {
        run.patienceSeconds = 1;
        run.afterStep = step -> {
            if (step == 15) {
                run.awaitCheckpoint();
                HangingFileSystem.hangWrites();
            }
        };
        assertThatThrownBy(() -> run.train())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage(run.metrics()
                        + ": cannot be written: the file system did not answer within 1 s (engine.patience)");
        HangingFileSystem.recover();
        assertThat(run.store.newest(run.warnings::add).orElseThrow().state().step())
                .isEqualTo(10);
    }

    @Test
    @Timeout(60)
    void metricsThatCannotBeBegunAreNamed() {
        run.patienceSeconds = 1;
        HangingFileSystem.hang();
        assertThatThrownBy(() -> run.train())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage(run.metrics()
                        + ": cannot be written: the file system did not answer within 1 s (engine.patience)");
    }

    /** An older checkpoint than the one that is due would give other weights than those of a run that was not disturbed. */
    @Test
    void aRollbackGoesToTheSameCheckpointWhereAReadFailsOnce() throws IOException {
        Trainer.Result undisturbed = rolledBack(undisturbedRun());
        failing(run, 1);
        assertThat(rolledBack(run)).isEqualTo(undisturbed);
    }

    @Test
    void aRollbackThatCannotReadEndsTheRunAndResumedItIsTheSame() throws IOException {
        Trainer.Result undisturbed = rolledBack(undisturbedRun());
        failing(run, 2);
        assertThatThrownBy(() -> run.train())
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("/step-00000020: cannot be read: ")
                .hasMessageContaining("Connection reset; it may well be whole, so no older one is taken in its place.");
        assertThat(run.rollbacks).isEmpty();
        run.sources = source -> source;
        assertThat(rolledBack(run)).isEqualTo(undisturbed);
    }

    private TrainingRun undisturbedRun() throws IOException {
        TrainingRun other = new TrainingRun(dataset, directory.resolve("undisturbed"));
        failing(other, 0);
        return other;
    }

    private static Trainer.Result rolledBack(TrainingRun run) {
        Trainer.Result result = run.train();
        assertThat(run.rollbacks).containsExactly(20L);
        return result;
    }

    /** Diverges in step 25, once; then so many reads fail. */
    private static void failing(TrainingRun run, int reads) {
        run.evalEvery = 0;
        run.steps = 40;
        run.sources = source -> new ForwardingSource(source) {
            private boolean diverged;

            @Override
            public StepGradient at(long step, float[] weights) {
                if (step == 25 && !diverged) {
                    diverged = true;
                    run.awaitCheckpoint();
                    run.awaitCheckpoint();
                    HangingFileSystem.failReads(reads);
                    Arrays.fill(weights, Float.NaN);
                }
                return super.at(step, weights);
            }
        };
    }

    /** What a training goes back to is read while it waits. */
    @Test
    @Timeout(60)
    void aRollbackThatHangsEndsTheRun() {
        run.patienceSeconds = 1;
        run.evalEvery = 0;
        run.sources = source -> new ForwardingSource(source) {
            @Override
            public StepGradient at(long step, float[] weights) {
                if (step == 15) {
                    run.awaitCheckpoint();
                    HangingFileSystem.hangReads();
                    Arrays.fill(weights, Float.NaN);
                }
                return super.at(step, weights);
            }
        };
        assertThatThrownBy(() -> run.train())
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(
                        "the training could not go back to an earlier checkpoint within 1 s (engine.patience)");
    }
}
