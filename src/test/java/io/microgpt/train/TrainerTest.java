package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.TrainerState;
import io.microgpt.checkpoint.WeightsHash;
import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path shared;

    private static Dataset dataset;
    /** A run of 30 steps to its end, to compare with. */
    private static TrainingRun whole;

    private static Trainer.Result wholeResult;

    @TempDir
    private Path directory;

    @BeforeAll
    static void prepare() throws IOException {
        dataset = TinyDataset.write(shared.resolve("names"), 150, 5, 1);
        whole = new TrainingRun(dataset, shared.resolve("whole"));
        wholeResult = whole.train();
    }

    private TrainingRun run(String name) {
        return new TrainingRun(dataset, directory.resolve(name));
    }

    @Test
    void theLossFalls() {
        TrainingRun run = run("a");
        run.steps = 150;
        Trainer.Result result = run.train();
        assertThat(run.reports.get(0).loss()).isCloseTo(Math.log(run.model.vocabularySize()), within(0.2));
        assertThat(result.trainLoss()).isLessThan(1.4).isEqualTo(run.last().loss());
        assertThat(result.train().mean()).isLessThan(1.4);
        assertThat(result.test().mean())
                .isLessThan(1.6)
                .isEqualTo(run.last().testLoss().orElseThrow());
        assertThat(result.test().documents()).isEqualTo(dataset.manifest().documents(Part.TEST));
        assertThat(result.test().positions()).isEqualTo(dataset.manifest().positions(Part.TEST));
        assertThat(result.test().perplexity()).isCloseTo(Math.exp(result.test().mean()), within(1e-12));
        assertThat(result.train().positions()).isEqualTo(dataset.manifest().positions(Part.TRAIN));
        assertThat(result.step()).isEqualTo(150);
        assertThat(result.stopped()).isFalse();
    }

    @Test
    void reportsFollowTheSchedule() {
        assertThat(whole.reports).extracting(StepReport::step).containsExactlyElementsOf(upTo(30));
        assertThat(whole.reports.get(0).learningRate()).isZero();
        assertThat(whole.reports.get(2).learningRate()).isCloseTo(0.004, within(1e-12));
        assertThat(whole.reports.get(5).learningRate()).isEqualTo(0.01);
        assertThat(whole.reports)
                .filteredOn(report -> report.testLoss().isPresent())
                .extracting(StepReport::step)
                .containsExactly(10L, 20L, 30L);
        assertThat(whole.reports).allMatch(report -> report.gradientNorm() > 0.0);
    }

    /** Neither on a checkpoint nor at the end of an epoch, which is about 7.5 steps. */
    @ParameterizedTest
    @ValueSource(longs = {1, 7, 13, 20, 29})
    void stoppedAndResumedGivesTheSameBits(long k) {
        TrainingRun first = run("parts");
        first.stopAt = k;
        Trainer.Result stopped = first.train();
        assertThat(stopped.stopped()).isTrue();
        assertThat(stopped.step()).isEqualTo(k);
        assertThat(stopped.sha256()).isNotEqualTo(wholeResult.sha256());
        TrainingRun second = run("parts");
        Trainer.Result resumed = second.train();
        assertThat(second.reports.get(0).step()).isEqualTo(k + 1);
        assertThat(resumed.sha256()).isEqualTo(wholeResult.sha256());
        assertThat(resumed.trainLoss()).isEqualTo(wholeResult.trainLoss());
        assertThat(resumed.test()).isEqualTo(wholeResult.test());
        assertThat(second.store.load(30).state()).isEqualTo(whole.store.load(30).state());
    }

    @Test
    void aFinishedRunHasNothingLeftToDo() {
        Trainer.Result done = run("a").train();
        TrainingRun again = run("a");
        assertThat(again.train()).isEqualTo(done);
        assertThat(again.reports).isEmpty();
        assertThat(again.checkpointsWritten).isEmpty();
    }

    @Test
    void kernelsDoNotMatter() {
        TrainingRun scalar = run("scalar");
        scalar.kernels = Choice.SCALAR;
        TrainingRun vector = run("vector");
        vector.kernels = Choice.VECTOR;
        scalar.labelSmoothing = 0.1;
        vector.labelSmoothing = 0.1;
        Trainer.Result result = vector.train();
        assertThat(scalar.train()).isEqualTo(result);
        assertThat(result.sha256()).isNotEqualTo(wholeResult.sha256());
    }

    @Test
    void theLastCheckpointsAreKept() {
        TrainingRun run = run("a");
        run.checkpointEvery = 4;
        run.evalEvery = 0;
        run.keep = 3;
        run.train();
        assertThat(run.checkpointsWritten).containsExactly(4L, 8L, 12L, 16L, 20L, 24L, 28L, 30L);
        assertThat(run.store.steps()).containsExactly(24L, 28L, 30L);
    }

    /** A rate that spoils the model after a good start: its best step is early. */
    @Test
    void theBestCheckpointIsKept() {
        TrainingRun run = spoiled("a");
        run.train();
        StepReport best = run.reports.stream()
                .filter(report -> report.testLoss().isPresent())
                .min((a, b) ->
                        Double.compare(a.testLoss().orElseThrow(), b.testLoss().orElseThrow()))
                .orElseThrow();
        assertThat(best.step()).isLessThan(27);
        assertThat(run.store.steps()).containsExactly(best.step(), 30L);
        TrainerState state = run.store.load(30).state();
        assertThat(state.bestStep()).hasValue(best.step());
        assertThat(state.bestTestLoss()).isEqualTo(best.testLoss());
        assertThat(state.testLoss()).isEqualTo(run.last().testLoss());
        assertThat(run.store.load(best.step()).state().testLoss()).isEqualTo(best.testLoss());

        TrainingRun first = spoiled("resumed");
        first.stopAt = best.step() + 2;
        first.train();
        spoiled("resumed").train();
        assertThat(first.store.steps()).isEqualTo(run.store.steps());
        assertThat(first.store.load(30).state()).isEqualTo(state);
    }

    private TrainingRun spoiled(String name) {
        TrainingRun run = run(name);
        run.rate = 0.5;
        run.guard = new GuardSettings(GuardSettings.Action.FAIL, 0, 20.0, 0.5, 0);
        run.evalEvery = 3;
        run.checkpointEvery = 5;
        run.keep = 1;
        return run;
    }

    @Test
    void divergenceNamesTheStep() {
        TrainingRun run = run("a");
        run.rate = 1e38;
        assertThatThrownBy(run::train)
                .isInstanceOf(DivergenceException.class)
                .hasMessageMatching(
                        "step \\d+ gave a loss of \\S+ and a gradient norm of \\S+: the training has diverged\\."
                                + " .*lower schedule\\.base-lr \\(now 1\\.0E38\\), a longer schedule\\.warmup-steps \\(now 5\\) or"
                                + " a smaller optimizer\\.clip-norm \\(now 1\\.0\\)")
                .hasMessageStartingWith("step " + run.last().step() + " gave");
        assertThat(run.reports).allMatch(report -> Double.isFinite(report.loss()));
    }

    @ParameterizedTest
    @CsvSource({
        "12, 3, 2, 9, 20, model.n-layer is 1 in the checkpoint and 2 here",
        "15, 3, 1, 9, 20, model.n-embd is 12 in the checkpoint and 15 here",
        "12, 4, 1, 9, 20, model.n-head is 3 in the checkpoint and 4 here",
        "12, 3, 1, 10, 20, model.block-size is 9 in the checkpoint and 10 here",
        "12, 3, 1, 9, 21, model.mlp-dim is 20 in the checkpoint and 21 here"
    })
    void anotherArchitectureIsRefused(int e, int h, int l, int b, int m, String difference) {
        Checkpoint checkpoint = checkpoint();
        TrainingRun other = run("other");
        other.model = new GptConfig(other.model.vocabularySize(), e, h, l, b, m);
        assertThatThrownBy(() -> other.train(Optional.of(checkpoint)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the checkpoint of step 5 is not one of this training with " + dataset.directory() + ": "
                        + difference + ". Give the configuration and data that it was made with, or start a new run"
                        + " with another --out");
    }

    @Test
    void anotherDatasetIsRefused() throws IOException {
        Dataset other = TinyDataset.write(directory.resolve("data"), 150, 5, 2);
        assertThat(other.manifest().tokenizerSha256())
                .isEqualTo(dataset.manifest().tokenizerSha256());
        TrainingRun run = new TrainingRun(other, directory.resolve("other"));
        assertThatThrownBy(() -> run.train(Optional.of(checkpoint())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        ": dataset fingerprint is " + dataset.manifest().fingerprint() + " in the checkpoint and "
                                + other.manifest().fingerprint() + " here. Give");
    }

    @Test
    void anotherTokenizerIsRefused() throws IOException {
        List<String> names = new ArrayList<>(TinyDataset.names(150, 1));
        names.add("xyz");
        Dataset other = TinyDataset.write(directory.resolve("data"), names, 5);
        TrainingRun run = new TrainingRun(other, directory.resolve("other"));
        int v = dataset.manifest().vocabularySize();
        assertThatThrownBy(() -> run.train(Optional.of(checkpoint())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(": vocabulary size is " + v + " in the checkpoint and " + (v + 3) + " here; ")
                .hasMessageContaining(
                        "tokenizer SHA-256 is " + dataset.manifest().tokenizerSha256() + " in the checkpoint and "
                                + other.manifest().tokenizerSha256() + " here");
    }

    /** It dies after step 17, whose checkpoint is that of step 10, and goes on. */
    @Test
    void metricsHaveEveryStepOnce() throws IOException {
        TrainingRun dying = run("a");
        dying.dieAt = 17;
        assertThatThrownBy(dying::train).isInstanceOf(TrainingRun.Killed.class);
        assertThat(dying.metricSteps()).containsExactlyElementsOf(upTo(17));
        Files.writeString(
                directory.resolve("a/metrics.jsonl"),
                Files.readString(directory.resolve("a/metrics.jsonl")) + "{\"step\":18,\"lo"); // cut off by a crash

        TrainingRun resumed = run("a");
        Trainer.Result result = resumed.train();
        assertThat(resumed.reports.get(0).step()).isEqualTo(11);
        assertThat(resumed.metricSteps()).containsExactlyElementsOf(upTo(30));
        assertThat(result).isEqualTo(wholeResult);
        assertThat(metrics(directory.resolve("a")))
                .extracting(line -> line.path("loss") + " " + line.path("test_loss") + " " + line.path("positions"))
                .containsExactlyElementsOf(metrics(shared.resolve("whole")).stream()
                        .map(line -> line.path("loss") + " " + line.path("test_loss") + " " + line.path("positions"))
                        .toList());
    }

    @Test
    void aLineOfMetrics() throws IOException {
        List<JsonNode> lines = metrics(shared.resolve("whole"));
        List<String> always = List.of(
                "step",
                "loss",
                "lr",
                "grad_norm",
                "positions",
                "tokens_per_second",
                "ms_broadcast",
                "ms_compute",
                "ms_gather",
                "ms_update");
        for (JsonNode line : lines) {
            List<String> names = new ArrayList<>();
            line.fieldNames().forEachRemaining(names::add);
            boolean evaluated = line.path("step").asLong() % 10 == 0;
            assertThat(names).containsAll(always).hasSize(always.size() + (evaluated ? 1 : 0));
            assertThat(line.has("test_loss")).isEqualTo(evaluated);
        }
        assertThat(lines.get(29).path("test_loss").asDouble())
                .isEqualTo(whole.last().testLoss().orElseThrow());
        assertThat(lines.get(29).path("lr").asDouble()).isEqualTo(whole.last().learningRate());
    }

    @Test
    void shardsWithoutDocumentsDoNotMatterButTheirNumberDoes() throws IOException {
        Dataset few = TinyDataset.write(directory.resolve("data"), TinyDataset.names(6, 1), 13);
        TrainingRun run = new TrainingRun(few, directory.resolve("run"));
        run.batchSize = 3;
        assertThat(few.manifest().train()).anyMatch(shard -> shard.documents() == 0);
        assertThat(run.train().step()).isEqualTo(30);
        assertThat(run.store.load(30).state().documents()).isEqualTo(90);
    }

    @Test
    void nothingHeldOut() throws IOException {
        Dataset names = TinyDataset.write(directory.resolve("data"), List.of("anna", "anna", "anna"), 2);
        assertThat(names.manifest().documents(Part.TEST)).isZero();
        TrainingRun run = new TrainingRun(names, directory.resolve("run"));
        Trainer.Result result = run.train();
        assertThat(run.reports).allMatch(report -> report.testLoss().isEmpty());
        assertThat(result.test()).isEqualTo(new LossSum(0.0, 0, 0));
        assertThat(Verdict.of(result.train(), result.test())).isEqualTo(Verdict.UNKNOWN);
        assertThat(run.store.load(30).state().bestStep()).isEmpty();
    }

    @Test
    void noStepsAtAll() {
        TrainingRun run = run("a");
        run.steps = 0;
        Trainer.Result result = run.train();
        assertThat(result.step()).isZero();
        assertThat(result.sha256()).isEqualTo(WeightsHash.sha256Hex(Gpt.initialWeights(run.model, 7)));
    }

    /** {@return a checkpoint of step 5 of the shared dataset} */
    private Checkpoint checkpoint() {
        TrainingRun run = run("made");
        run.steps = 5;
        run.train();
        return run.store.load(5);
    }

    private static List<JsonNode> metrics(Path run) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }
}
