package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.StepPlan;
import io.microgpt.kernel.KernelProvider.Choice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole trainings with dropout. */
class DropoutTrainingTest {
    private static final double RATE = 0.2;

    @TempDir
    private static Path shared;

    private static Dataset dataset;
    private static Trainer.Result whole;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() throws IOException {
        dataset = TinyDataset.write(shared.resolve("names"), 150, 5, 1);
        whole = run(shared.resolve("whole"), Choice.AUTO).train();
    }

    private static TrainingRun run(Path directory, Choice kernels) {
        TrainingRun run = new TrainingRun(dataset, directory);
        run.dropout = RATE;
        run.kernels = kernels;
        return run;
    }

    @Test
    void resumedByOtherKernelsItEndsInTheSameBits() {
        TrainingRun first = run(directory, Choice.SCALAR);
        first.stopAt = 13;
        assertThat(first.train().stopped()).isTrue();
        assertThat(run(directory, Choice.VECTOR).train()).isEqualTo(whole);
    }

    @Test
    void itIsAnotherTrainingThanWithoutDropout() {
        TrainingRun run = run(directory, Choice.AUTO);
        run.dropout = 0.0;
        assertThat(run.train().sha256()).isNotEqualTo(whole.sha256());
    }

    /** What is evaluated is the model itself, whatever it was trained with. */
    @Test
    void evaluationDropsNothing() {
        TrainingRun run = run(directory, Choice.AUTO);
        run.train();
        float[] weights = run.store.load(30).weights();
        TrainingTask task = new TrainingTask(run.model, run.plan(), 0.0, Choice.AUTO);
        try (GradientSource plain = new LocalSource(dataset, task, 1, warning -> {})) {
            assertThat(whole.test()).isEqualTo(plain.loss(Part.TEST, 1.0, weights));
            assertThat(whole.train()).isEqualTo(plain.loss(Part.TRAIN, 1.0, weights));
        }
    }

    /** The same documents and weights: it is the step that makes the difference. Each step of this plan takes all documents. */
    @Test
    void everyStepHasMasksOfItsOwn() {
        TrainingRun run = run(directory, Choice.AUTO);
        int[] sizes = dataset.manifest().train().stream()
                .mapToInt(Manifest.Shard::documents)
                .toArray();
        StepPlan all = new StepPlan(7, sizes, (int) dataset.manifest().documents(Part.TRAIN));
        float[] weights = io.microgpt.model.TinyModels.weights(run.model, 1);
        for (double rate : new double[] {0.0, RATE}) {
            TrainingTask task = new TrainingTask(run.model, all, 0.0, rate, Choice.AUTO);
            Set<String> losses = new HashSet<>();
            try (GradientSource source = new LocalSource(dataset, task, 1, warning -> {})) {
                for (long step = 0; step < 5; step++) {
                    losses.add("%.9f".formatted(source.at(step, weights).sum().meanLoss()));
                }
            }
            assertThat(losses).hasSize(rate == 0.0 ? 1 : 5);
        }
    }
}
