package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.checkpoint.CheckpointException;
import io.microgpt.data.Dataset;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Storage that does not answer while a training runs. */
class StorageTroubleTest {
    @TempDir
    private Path directory;

    private TrainingRun run;

    @BeforeEach
    void prepare() throws IOException {
        Dataset dataset = TinyDataset.write(directory.resolve("names"), 150, 5, 1);
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
}
