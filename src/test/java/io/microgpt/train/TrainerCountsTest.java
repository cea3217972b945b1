package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.checkpoint.TrainerState;
import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TokenShard;
import io.microgpt.optim.GradientSum;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every document and position of the plan is counted once. */
class TrainerCountsTest {
    @TempDir
    private static Path shared;

    private static Dataset dataset;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() throws IOException {
        dataset = TinyDataset.write(shared.resolve("names"), 150, 5, 1);
    }

    private TrainingRun run(String name) {
        return new TrainingRun(dataset, directory.resolve(name));
    }

    @Test
    void theStateCountsWhatThePlanTook() {
        TrainingRun run = run("a");
        run.steps = 23;
        run.train();
        StepPlan plan = run.plan();
        List<TokenShard> shards = IntStream.range(0, plan.shards())
                .mapToObj(shard -> dataset.shard(Part.TRAIN, shard))
                .toList();
        long positions = 0;
        long documents = 0;
        for (int step = 0; step < 23; step++) {
            long inStep = 0;
            int[][] chosen = plan.documents(step, 0, plan.shards());
            for (int s = 0; s < chosen.length; s++) {
                for (int document : chosen[s]) {
                    inStep += shards.get(s).document(document).length - 1;
                    documents++;
                }
            }
            assertThat(run.reports.get(step).positions()).isEqualTo(inStep);
            positions += inStep;
        }
        TrainerState state = run.store.load(23).state();
        assertThat(state.positions()).isEqualTo(positions);
        assertThat(state.documents()).isEqualTo(documents).isEqualTo(23 * 16);
        assertThat(state.seed()).isEqualTo(7);
        assertThat(state.trainLoss()).isEqualTo(run.last().loss());
        assertThat(state.datasetFingerprint()).isEqualTo(dataset.manifest().fingerprint());
        assertThat(state.tokenizerSha256()).isEqualTo(dataset.manifest().tokenizerSha256());
        assertThat(run.store.load(23).tokenizerJson()).isEqualTo(dataset.tokenizerJson());
    }

    @Test
    void wholeEpochsCountEveryPositionOfTheDatasetOnce() {
        long documents = dataset.manifest().documents(Part.TRAIN);
        TrainingRun run = run("a");
        run.batchSize = IntStream.rangeClosed(2, 40)
                .filter(size -> documents % size == 0)
                .max()
                .orElseThrow();
        run.steps = 3 * documents / run.batchSize;
        run.train();
        TrainerState state = run.store.load(run.steps).state();
        assertThat(state.documents()).isEqualTo(3 * documents);
        assertThat(state.positions()).isEqualTo(3 * dataset.manifest().positions(Part.TRAIN));
    }

    /** Added twice or not at all: no such step may move the weights. */
    @ParameterizedTest
    @ValueSource(longs = {-3, 5})
    void aStepThatCountsAnotherNumberOfDocumentsIsRefused(long miscounted) {
        Trainer.Result undisturbed = run("b").train();
        TrainingRun run = run("a");
        run.sources = source -> new Miscounting(source, 12, miscounted);
        assertThatThrownBy(run::train)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("step 12 counted " + (16 + miscounted)
                        + " documents, its plan has 16. Nothing of the step was kept");
        assertThat(run.last().step()).isEqualTo(12);
        assertThat(run.store.steps()).containsExactly(10L, 12L);
        assertThat(run("a").train()).isEqualTo(undisturbed);
    }

    /** Counts so many documents more, in one step. */
    private static final class Miscounting extends ForwardingSource {
        private final long at;
        private final long more;

        Miscounting(GradientSource source, long at, long more) {
            super(source);
            this.at = at;
            this.more = more;
        }

        @Override
        public StepGradient at(long step, float[] weights) {
            StepGradient right = super.at(step, weights);
            GradientSum sum = right.sum();
            GradientSum wrong = new GradientSum(
                    sum.gradient(), sum.lossSum(), sum.positions(), sum.documents() + (step == at ? more : 0));
            return new StepGradient(wrong, right.broadcastMillis(), right.computeMillis(), right.gatherMillis());
        }
    }
}
