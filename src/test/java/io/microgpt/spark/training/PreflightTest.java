package io.microgpt.spark.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Manifest;
import io.microgpt.data.StepPlan;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.GptConfig;
import io.microgpt.train.TrainingTask;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What is said of a training before its first step. */
class PreflightTest {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final GptConfig TEN_MILLION = new GptConfig(27, 256, 8, 12, 2144, 1024);
    private static final long TEN_MILLION_BYTES = 4L * 9_999_872;

    private static final Manifest SHARDS = new Manifest(
            16,
            27,
            "a",
            Map.of(),
            Map.of(),
            Collections.nCopies(8, new Manifest.Shard(100, 700, "b", 900, "d")),
            Collections.nCopies(8, new Manifest.Shard(10, 70, "c", 90, "e")));

    private static Preflight preflight(GptConfig model, Cluster cluster, SparkOptions options) {
        int[] sizes = {100, 100, 100, 100, 100, 100, 100, 100};
        TrainingTask task = new TrainingTask(model, new StepPlan(1, sizes, 32), 0.0, Choice.AUTO);
        return Preflight.of(cluster, List.of(SHARDS), task, options);
    }

    private static Cluster cluster(int executors, int parallelism) {
        return new Cluster(
                "spark://host:7077", parallelism, executors, OptionalInt.of(1), 2 * GIB, GIB, Optional.empty());
    }

    @Test
    void everyExecutorGetsTheWeightsAndEverySubtreeComesBack() {
        Footprint two =
                preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(0)).footprint();
        assertThat(two.tasks()).isEqualTo(2);
        assertThat(two.broadcastBytes()).isEqualTo(2 * TEN_MILLION_BYTES);
        assertThat(two.gatheredBytes()).isEqualTo(2 * TEN_MILLION_BYTES);
        assertThat(two.positions()).isEqualTo(32 * 7.0);

        // Three tasks have the shards 0-1, 2-4 and 5-7: the last two meet in no whole subtree.
        Footprint three =
                preflight(TEN_MILLION, cluster(3, 3), SparkOptions.ofTasks(0)).footprint();
        assertThat(three.subtrees()).isEqualTo(1 + 2 + 2);
        assertThat(three.gatheredBytes()).isEqualTo(5 * TEN_MILLION_BYTES);

        SparkOptions sliced = new SparkOptions(3, Optional.of(Gather.SLICED));
        Footprint slices = preflight(TEN_MILLION, cluster(3, 3), sliced).footprint();
        assertThat(slices.gatheredBytes()).isEqualTo(TEN_MILLION_BYTES);
        assertThat(slices.shuffledBytes()).isEqualTo(5 * TEN_MILLION_BYTES);
    }

    @Test
    void inOneJvmNothingIsMoved() {
        Preflight local = preflight(TEN_MILLION, cluster(0, 2), SparkOptions.ofTasks(0));
        assertThat(local.footprint().broadcastBytes()).isZero();
        assertThat(local.line())
                .startsWith("nothing leaves this JVM; driver heap ")
                .contains(" of 2.15 GB");
    }

    /** Of a large vocabulary, every shard of a step has a gradient of its own until its sibling comes. */
    @Test
    void whatATaskAddsUp() {
        GptConfig vocabulary = new GptConfig(50_257, 768, 12, 12, 1024, 4 * 768);
        SparkOptions one = SparkOptions.ofTasks(1);
        assertThat(preflight(vocabulary, cluster(0, 1), one).footprint().mostSums())
                .isEqualTo(1 + 3); // eight shards: a sum a level
        assertThat(preflight(TEN_MILLION, cluster(0, 1), one).footprint().mostSums())
                .isEqualTo(1); // 224 positions: one pass
    }

    @Test
    void inOneJvmNothingGathersInSlicesUnlessItIsAskedFor() {
        SparkOptions eight = SparkOptions.ofTasks(8);
        assertThat(preflight(TEN_MILLION, cluster(1, 8), eight).footprint().gather())
                .isEqualTo(Gather.SLICED);
        assertThat(preflight(TEN_MILLION, cluster(0, 8), eight).footprint().gather())
                .isEqualTo(Gather.DIRECT);
    }

    @Test
    void whatFitsIsNotRefused() {
        assertThatCode(() -> preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(0))
                        .require())
                .doesNotThrowAnyException();
        assertThatCode(() -> preflight(TEN_MILLION, cluster(0, 2), SparkOptions.ofTasks(0))
                        .require())
                .doesNotThrowAnyException();
    }

    @Test
    void resultsOverSparksLimitAreRefusedWithTheSettingThatHelps() {
        Cluster limited =
                new Cluster("spark://host:7077", 2, 2, OptionalInt.of(1), 2 * GIB, 2 * GIB, Optional.of(30_000_000L));
        SparkOptions sliced = new SparkOptions(0, Optional.of(Gather.SLICED));
        assertThatThrownBy(() -> preflight(TEN_MILLION, limited, sliced).require())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "a model of 9,999,872 parameters cannot be trained here: the tasks of a step send 40.0 MB to the"
                                + " driver as results, over spark.driver.maxResultSize = 30.0 MB; give --conf"
                                + " spark.driver.maxResultSize=0, or --set engine.gather=direct");
        // Fetched as blocks: no results.
        assertThatCode(() ->
                        preflight(TEN_MILLION, limited, SparkOptions.ofTasks(0)).require())
                .doesNotThrowAnyException();
    }

    @Test
    void resultsOfSlicesOverSparksLimitAreRefusedInOneJvmToo() {
        Cluster limited = new Cluster("local[6]", 6, 0, OptionalInt.of(6), 4 * GIB, 0, Optional.of(MIB));
        SparkOptions sliced = new SparkOptions(6, Optional.of(Gather.SLICED));
        Preflight slices = preflight(TEN_MILLION, limited, sliced);
        assertThat(slices.footprint().resultBytes()).isEqualTo(TEN_MILLION_BYTES);
        assertThatThrownBy(slices::require)
                .hasMessageContaining("the tasks of a step send 40.0 MB to the driver as results, over"
                        + " spark.driver.maxResultSize = 1.0 MB; give ")
                .hasMessageEndingWith(", or --set engine.gather=direct");
        Preflight direct = preflight(TEN_MILLION, limited, SparkOptions.ofTasks(6));
        assertThatCode(direct::require).doesNotThrowAnyException();
        assertThat(slices.footprint().driverBytes() - direct.footprint().driverBytes())
                .isEqualTo(3 * TEN_MILLION_BYTES);
    }

    @Test
    void tooSmallHeapsAreRefusedWithWhatToGive() {
        Cluster small = new Cluster("spark://host:7077", 2, 2, OptionalInt.of(1), GIB / 4, GIB / 4, Optional.empty());
        assertThatThrownBy(() ->
                        preflight(TEN_MILLION, small, SparkOptions.ofTasks(0)).require())
                .hasMessageContaining("the driver needs a heap of at least ")
                .hasMessageContaining("has 268.4 MB; give --driver-memory ")
                .hasMessageContaining("an executor needs a heap of at least ")
                .hasMessageContaining("; give --executor-memory ");
    }

    /** Eight tasks' worth of cores, of which one executor with four has registered so far. */
    @Test
    void whatMoreExecutorsMayMendIsWarnedOfAndNotRefused() {
        Cluster sofar = new Cluster("spark://host:7077", 4, 1, OptionalInt.of(4), 2 * GIB, 600 * MIB, Optional.empty());
        Preflight preflight = preflight(TEN_MILLION, sofar, SparkOptions.ofTasks(8));
        assertThatCode(preflight::require).doesNotThrowAnyException();
        assertThat(preflight.warnings())
                .singleElement()
                .asString()
                .startsWith("an executor may need a heap of ")
                .contains(" and has 629.1 MB, if no more of them come than the 1 so far, of 4 tasks at once; give"
                        + " --executor-memory ")
                .endsWith(", or --executor-cores 1");

        Cluster later = new Cluster("spark://host:7077", 8, 8, OptionalInt.of(1), 2 * GIB, 600 * MIB, Optional.empty());
        assertThat(preflight(TEN_MILLION, later, SparkOptions.ofTasks(8)).warnings())
                .isEmpty();
    }

    @Test
    void whatNoExecutorCanHoldIsRefusedHoweverManyMayCome() {
        Cluster small =
                new Cluster("spark://host:7077", 2, 1, OptionalInt.empty(), 2 * GIB, 300 * MIB, Optional.empty());
        assertThatThrownBy(() ->
                        preflight(TEN_MILLION, small, SparkOptions.ofTasks(8)).require())
                .hasMessageContaining("an executor needs a heap of at least ")
                .hasMessageContaining(" and has 314.6 MB; give --executor-memory ");
    }

    /** README, "Memory of a long training": live heaps of at most 458 MB on the driver and of 522 MB on an executor. */
    @Test
    void theMeasuredTrainingTakesLittleLessThanIsSaid() {
        Manifest names = new Manifest(
                16,
                27,
                "a",
                Map.of(),
                Map.of(),
                Collections.nCopies(8, new Manifest.Shard(2_088, 15_022, "b", 900, "d")),
                Collections.nCopies(8, new Manifest.Shard(233, 1_694, "c", 90, "e")));
        GptConfig model = new GptConfig(27, 256, 8, 13, 16, 1024);
        int[] sizes = {2_088, 2_088, 2_088, 2_088, 2_088, 2_088, 2_088, 2_088};
        TrainingTask task = new TrainingTask(model, new StepPlan(1, sizes, 8), 0.0, Choice.AUTO);
        Footprint footprint = Preflight.of(cluster(2, 2), List.of(names), task, SparkOptions.ofTasks(2))
                .footprint();
        assertThat(footprint.driverBytes()).isBetween(458 * MIB, 650 * MIB);
        assertThat(footprint.executorBytes()).isBetween(522 * MIB, 650 * MIB);
    }

    /** Three tasks have the shards 0-1, 2-4 and 5-7: those of the last two meet in no whole subtree, and all come at once. */
    @Test
    void everySumOfATaskIsCounted() {
        long two = preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(2))
                .footprint()
                .driverBytes();
        long three = preflight(TEN_MILLION, cluster(3, 3), SparkOptions.ofTasks(3))
                .footprint()
                .driverBytes();
        assertThat(three - two).isEqualTo(3 * TEN_MILLION_BYTES);
        Scaling scaling =
                preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(2)).scaling(10);
        assertThat(scaling.table(6).get(2).tasks()).isEqualTo(4); // 0, 1-2, 3 and 4-5: five sums
        assertThat(scaling.table(6).get(2).gather())
                .isGreaterThan(scaling.table(8).get(2).gather());
    }

    /** The end looks at 2,000 training documents too, in groups of far more rows than a small batch or a small test part has. */
    @Test
    void theLastLookAtTheTrainingDocumentsIsCounted() {
        Manifest few = manifest(
                16, 27, new Manifest.Shard(1_000, 7_000, "b", 900, "d"), new Manifest.Shard(3, 21, "c", 90, "e"));
        Footprint footprint = footprint(few, 4);
        assertThat(footprint.mostPositions()).isBetween(2_000L * 7 / 8, 2_010L * 7 / 8);

        Manifest none =
                manifest(16, 27, new Manifest.Shard(10, 70, "b", 900, "d"), new Manifest.Shard(0, 0, "c", 90, "e"));
        assertThat(footprint(none, 4).mostPositions()).isEqualTo(80 * 7 / 8);
    }

    @Test
    void withoutSparkNothingIsTakenForIt() {
        GptConfig tiny = new GptConfig(27, 16, 4, 1, 16, 64);
        long plain = preflight(tiny, Cluster.ofThisProcess(), SparkOptions.ofTasks(1))
                .footprint()
                .driverBytes();
        long local = preflight(tiny, cluster(0, 1), SparkOptions.ofTasks(1))
                .footprint()
                .driverBytes();
        assertThat(plain).isLessThan(72 * MIB);
        assertThat(local - plain).isEqualTo(136 * MIB);
    }

    /** Each has a gradient and activations of its own. */
    @Test
    void withoutSparkEveryThreadIsCounted() {
        Preflight one = preflight(TEN_MILLION, Cluster.ofThisProcess(), SparkOptions.ofTasks(1));
        Preflight two = preflight(TEN_MILLION, Cluster.ofThisProcess(), SparkOptions.ofTasks(2));
        long more = two.footprint().driverBytes() - one.footprint().driverBytes();
        assertThat(more).isGreaterThan(TEN_MILLION_BYTES);
        OutOfMemoryError e = new OutOfMemoryError("Java heap space");
        assertThat(one.outOfHeap(e)).doesNotContain("--threads");
        assertThat(two.outOfHeap(e)).endsWith(", or fewer --threads");

        Cluster enoughForOne = new Cluster(
                "this process", 1, 0, OptionalInt.of(1), two.footprint().driverBytes() - 1, 0, Optional.empty());
        assertThat(preflight(TEN_MILLION, enoughForOne, SparkOptions.ofTasks(1)).fits())
                .isTrue();
        Preflight refused = preflight(TEN_MILLION, enoughForOne, SparkOptions.ofTasks(2));
        assertThat(refused.fits()).isFalse();
        assertThatThrownBy(refused::require).hasMessageEndingWith("; give " + refused.driverHeap());
    }

    @Test
    void tokensAreCountedAsTheyAreHeld() {
        Manifest.Shard train = new Manifest.Shard(1_000, 7_000, "b", 900, "d");
        Manifest.Shard test = new Manifest.Shard(3, 21, "c", 90, "e");
        // Of documents a token more than positions, and where each begins; two bytes a token, four in a large
        // vocabulary.
        assertThat(footprint(manifest(16, 27, train, test), 4).tokenBytes())
                .isEqualTo(8 * (2 * 8_000 + 4 * 1_001 + 2 * 24 + 4 * 4));
        assertThat(footprint(manifest(16, 70_000, train, test), 4).tokenBytes())
                .isEqualTo(8 * (4 * 8_000 + 4 * 1_001 + 4 * 24 + 4 * 4));
    }

    /** Of two tasks the first has all shards of the dataset, and the second those of the one that is replayed. */
    @Test
    void whatIsReplayedTakesNoPartOfAnEvaluation() {
        Manifest.Shard test = new Manifest.Shard(10, 70, "c", 90, "e");
        Manifest both = manifest(16, 27, new Manifest.Shard(10, 70, "b", 900, "d"), test);
        int[] sizes = {10, 10, 10, 10, 10, 10, 10, 10};
        StepPlan plan = new StepPlan(1, sizes, 4).replaying(new StepPlan(1, sizes, 4), 0.3);
        TrainingTask task = new TrainingTask(TEN_MILLION, plan, 0.0, Choice.AUTO);
        Footprint footprint = Preflight.of(cluster(0, 2), List.of(both, both), task, SparkOptions.ofTasks(0))
                .footprint();
        assertThat(footprint.mostPositions()).isEqualTo(8 * 70);
    }

    /** {@return of a training in one JVM, of eight tasks} */
    private static Footprint footprint(Manifest manifest, int batch) {
        int[] sizes =
                manifest.train().stream().mapToInt(Manifest.Shard::documents).toArray();
        TrainingTask task = new TrainingTask(TEN_MILLION, new StepPlan(1, sizes, batch), 0.0, Choice.AUTO);
        return Preflight.of(cluster(0, 8), List.of(manifest), task, SparkOptions.ofTasks(0))
                .footprint();
    }

    private static Manifest manifest(int blockSize, int vocabularySize, Manifest.Shard train, Manifest.Shard test) {
        return new Manifest(
                blockSize,
                vocabularySize,
                "a",
                Map.of(),
                Map.of(),
                Collections.nCopies(8, train),
                Collections.nCopies(8, test));
    }

    @Test
    void sumsThatMayHaveToWaitAreWarnedOf() {
        SparkOptions direct = new SparkOptions(8, Optional.of(Gather.DIRECT));
        long least = preflight(TEN_MILLION, cluster(8, 8), direct).footprint().driverBytes();
        Cluster enough = new Cluster("spark://host:7077", 8, 8, OptionalInt.of(1), least, GIB, Optional.empty());
        Preflight preflight = preflight(TEN_MILLION, enough, direct);
        assertThatCode(preflight::require).doesNotThrowAnyException();
        assertThat(preflight.warnings())
                .singleElement()
                .asString()
                .startsWith("the driver may need a heap of ")
                .endsWith(", or --set engine.gather=sliced");
    }

    @Test
    void aDriverThatRanOutOfHeapIsToldWhatToGive() {
        String said = preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(2))
                .outOfHeap(new OutOfMemoryError("Java heap space"));
        assertThat(said)
                .startsWith("the heap of the driver is short (Java heap space): for a model of 9,999,872 parameters the"
                        + " driver needs a heap of at least ")
                .endsWith(" and has 2.15 GB; give --driver-memory 3072m");
        assertThat(preflight(TEN_MILLION, Cluster.ofThisProcess(), SparkOptions.ofTasks(1))
                        .outOfHeap(new OutOfMemoryError("Java heap space")))
                .contains("; give MICROGPT_JAVA_OPTIONS=-Xmx");
    }

    @Test
    void theTableEndsWithATaskAShard() {
        List<Scaling.Step> table = preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(0))
                .scaling(10)
                .table(8);
        assertThat(table).extracting(Scaling.Step::executors).containsExactly(1, 2, 4, 8);
        for (int i = 1; i < table.size(); i++) {
            assertThat(table.get(i).compute()).isLessThan(table.get(i - 1).compute());
            assertThat(table.get(i).overhead()).isBetween(table.get(i - 1).overhead(), 1.0);
        }
        double slow = preflight(TEN_MILLION, cluster(2, 2), SparkOptions.ofTasks(0))
                .scaling(1)
                .table(8)
                .get(1)
                .millis();
        assertThat(slow).isGreaterThan(table.get(1).millis());
    }
}
