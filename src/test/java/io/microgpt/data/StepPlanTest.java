package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.random.ChiSquare;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class StepPlanTest {
    static Stream<Arguments> shapes() {
        return Stream.of(
                Arguments.of(new int[] {1}, 1),
                Arguments.of(new int[] {2}, 2),
                Arguments.of(new int[] {0, 0, 3, 0}, 1),
                Arguments.of(new int[] {0, 5, 0, 0, 1, 17, 0, 90, 0}, 1),
                Arguments.of(new int[] {13, 1, 0, 200, 64}, 2),
                Arguments.of(new int[] {100, 100, 100, 100}, 16),
                Arguments.of(new int[] {7, 7, 7, 7, 7, 7}, 21));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void anEpochIsEveryDocumentOnce(int[] shardSizes, int batch) {
        StepPlan plan = new StepPlan(5, shardSizes, batch);
        List<String> everything = everything(shardSizes);
        long stepsAnEpoch = plan.documents() / batch;
        assertThat(stepsAnEpoch * batch).isEqualTo(everything.size());
        for (int epoch = 0; epoch < 4; epoch++) {
            List<String> taken = new ArrayList<>();
            for (long step = 0; step < stepsAnEpoch; step++) {
                taken.addAll(documents(plan, epoch * stepsAnEpoch + step));
            }
            assertThat(sorted(taken)).isEqualTo(everything);
        }
    }

    /** Each stream goes through its own epochs, and the share is exact over any number of steps. */
    @ParameterizedTest
    @CsvSource({"16, 25", "10, 30", "7, 10", "1, 50", "3, 0", "32, 90", "100, 29"})
    void replayTakesItsShareOfEveryBatch(int batch, int percent) {
        int[] own = {0, 30, 50, 20};
        int[] older = {40, 0, 21};
        StepPlan plan = new StepPlan(5, own, batch).replaying(new StepPlan(5, older, 1), percent / 100.0);
        assertThat(plan.shards()).isEqualTo(7);
        List<String> ofOwn = new ArrayList<>();
        List<String> ofOlder = new ArrayList<>();
        for (int step = 0; step < 400; step++) {
            int[][] chosen = plan.documents(step, 0, 7);
            int[][] alone = plan.documents(step, 3, 6);
            for (int s = 0; s < 3; s++) {
                assertThat(alone[s]).isEqualTo(chosen[3 + s]);
            }
            int before = ofOwn.size() + ofOlder.size();
            for (int shard = 0; shard < 7; shard++) {
                List<String> taken = plan.corpus(shard) == Corpus.OWN ? ofOwn : ofOlder;
                for (int document : chosen[shard]) {
                    taken.add(shard + ":" + document);
                }
            }
            assertThat(ofOwn.size() + ofOlder.size() - before).isEqualTo(batch);
            assertThat(ofOlder).hasSize((int) plan.replayed(step + 1));
            assertThat(ofOlder).hasSize(percent * batch * (step + 1) / 100);
        }
        assertWholeEpochs(ofOwn, 100);
        assertWholeEpochs(ofOlder, 61);
    }

    /** Each document was taken as often as there were epochs; some once more, in the epoch that has begun. */
    private static void assertWholeEpochs(List<String> taken, int documents) {
        Map<String, Long> times = taken.stream().collect(Collectors.groupingBy(name -> name, Collectors.counting()));
        long epochs = taken.size() / documents;
        assertThat(times.values()).allMatch(count -> count == epochs || count == epochs + 1);
        assertThat(times).hasSize(epochs > 0 ? documents : taken.size());
    }

    @Test
    void aThousandDocumentsInBatchesOfAHundredAreTenSteps() {
        int[] shardSizes = {300, 250, 450};
        StepPlan plan = new StepPlan(1, shardSizes, 100);
        assertThat(plan.documents()).isEqualTo(1000);
        assertThat(plan.epochs(10)).isEqualTo(1.0);
        assertThat(plan.epochs(25)).isEqualTo(2.5);
        List<String> taken = new ArrayList<>();
        for (int step = 0; step < 10; step++) {
            List<String> batch = documents(plan, step);
            assertThat(batch).hasSize(100);
            taken.addAll(batch);
        }
        assertThat(sorted(taken)).isEqualTo(everything(shardSizes));
    }

    /** 17 documents in batches of 5: steps 3, 6, 10, ... straddle two epochs. */
    @Test
    void batchesAreFullAcrossTheEndOfAnEpoch() {
        int[] shardSizes = {10, 0, 7};
        StepPlan plan = new StepPlan(3, shardSizes, 5);
        List<String> stream = new ArrayList<>();
        for (int step = 0; step < 17; step++) {
            List<String> batch = documents(plan, step);
            assertThat(batch).hasSize(5);
            stream.addAll(batch);
        }
        assertThat(sorted(stream))
                .isEqualTo(sorted(everything(shardSizes).stream()
                        .flatMap(document -> Collections.nCopies(5, document).stream())
                        .toList()));
        StepPlan ofOne = new StepPlan(3, shardSizes, 1);
        for (int place = 0; place < stream.size(); place += 5) {
            List<String> oneByOne = new ArrayList<>();
            for (int i = place; i < place + 5; i++) {
                oneByOne.addAll(documents(ofOne, i));
            }
            assertThat(sorted(oneByOne)).isEqualTo(sorted(stream.subList(place, place + 5)));
        }
    }

    @Test
    void aBatchLargerThanTheDataset() {
        int[] shardSizes = {2, 1};
        List<String> batch = documents(new StepPlan(1, shardSizes, 10), 7);
        assertThat(batch).hasSize(10);
        for (String document : everything(shardSizes)) {
            assertThat(Collections.frequency(batch, document))
                    .isBetween(2, 4); // two whole epochs, and a part of one on either side
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7, 11})
    void anyPartitionOfTheShardsSeesTheSame(int run) {
        int[] shardSizes = {3, 0, 40, 9, 1, 0, 0, 25, 60, 2, 11};
        StepPlan plan = new StepPlan(8, shardSizes, 13);
        for (long step = 0; step < 40; step++) {
            int[][] whole = plan.documents(step, 0, shardSizes.length);
            for (int from = 0; from < shardSizes.length; from += run) {
                int to = Math.min(shardSizes.length, from + run);
                assertThat(plan.documents(step, from, to)).isDeepEqualTo(Arrays.copyOfRange(whole, from, to));
            }
        }
    }

    @Test
    void epochsAndSeedsHaveTheirOwnOrder() {
        int[] shardSizes = {20, 30};
        List<List<String>> orders = new ArrayList<>();
        for (long seed : new long[] {1, 2}) {
            StepPlan plan = new StepPlan(seed, shardSizes, 1);
            for (int epoch = 0; epoch < 5; epoch++) {
                List<String> order = new ArrayList<>();
                for (int place = 0; place < 50; place++) {
                    order.addAll(documents(plan, epoch * 50L + place));
                }
                orders.add(order);
            }
        }
        assertThat(new HashSet<>(orders)).hasSize(10);
        assertThat(documents(new StepPlan(1, shardSizes, 7), 123))
                .isEqualTo(documents(new StepPlan(1, shardSizes, 7), 123));
    }

    /** Documents taken at random would be up to nine too many in one of these shards. */
    @ParameterizedTest
    @CsvSource({"16, 1000, 64", "8, 2048, 100", "32, 3125, 16", "7, 143, 32", "64, 100, 64"})
    void tasksHaveEqualWork(int shards, int size, int batch) {
        int[] shardSizes = new int[shards];
        Arrays.fill(shardSizes, size);
        StepPlan plan = new StepPlan(2, shardSizes, batch);
        double even = (double) batch / shards;
        for (long step = 0; step < 500; step++) {
            for (int[] chosen : plan.documents(step, 0, shards)) {
                assertThat((double) chosen.length).isCloseTo(even, within(3.0));
            }
        }
    }

    @Test
    void aLongWayInto() {
        int[] shardSizes = {1_000_000_000, 2_000_000_000};
        StepPlan plan = new StepPlan(1, shardSizes, 1000);
        for (long step : new long[] {0, 2_999_999, 3_000_000, 9_000_000_000_000L}) {
            List<String> batch = documents(plan, step);
            assertThat(batch).hasSize(1000).doesNotHaveDuplicates();
            assertThat(batch.stream().filter(document -> document.startsWith("0/")))
                    .hasSizeBetween(330, 337);
        }
    }

    /** Blocks of continuous text are cut elsewhere each time; which blocks a step takes stays the same. */
    @Test
    void blocksAreShifted() {
        int[] shardSizes = {20, 30};
        StepPlan plain = new StepPlan(1, shardSizes, 7);
        StepPlan shifted = plain.withShiftedBlocks();
        long[] counts = new long[16];
        for (long step = 0; step < 400; step++) {
            assertThat(documents(shifted, step)).isEqualTo(documents(plain, step));
            for (int document = 0; document < 20; document++) {
                counts[shifted.shift(step, 0, document, 16)]++;
                assertThat(plain.shift(step, 0, document, 16)).isZero();
                assertThat(shifted.shift(step, 0, document, 1)).isZero();
            }
        }
        assertThat(ChiSquare.deviations(counts)).isBetween(-4.0, 4.0);
        assertThat(shifted.shift(5, 1, 2, 1000))
                .isEqualTo(plain.withShiftedBlocks().shift(5, 1, 2, 1000));
    }

    @Test
    void looksAtShardsWithoutSteps() {
        assertThat(StepPlan.ofShards(12).shards()).isEqualTo(12);
        assertThat(new StepPlan(1, new int[] {4, 5}, 3).batchSize()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5})
    void noDocuments(int shards) {
        assertThatThrownBy(() -> new StepPlan(1, new int[shards], 8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a training set of 0 documents; it must have 1 to 3000000000 (is data.test-fraction too"
                        + " large for so few rows?)");
    }

    @Test
    void tooManyDocuments() {
        assertThatThrownBy(() -> new StepPlan(1, new int[] {2_000_000_000, 1_000_000_001}, 8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a training set of 3000000001 documents; it must have 1 to 3000000000");
    }

    /** {@return the documents of a step as {@code shard/document}, by shard} */
    private static List<String> documents(StepPlan plan, long step) {
        List<String> documents = new ArrayList<>();
        int[][] chosen = plan.documents(step, 0, plan.shards());
        for (int shard = 0; shard < chosen.length; shard++) {
            for (int document : chosen[shard]) {
                documents.add(shard + "/" + document);
            }
        }
        return documents;
    }

    private static List<String> everything(int[] shardSizes) {
        List<String> all = new ArrayList<>();
        for (int shard = 0; shard < shardSizes.length; shard++) {
            for (int document = 0; document < shardSizes[shard]; document++) {
                all.add(shard + "/" + document);
            }
        }
        return sorted(all);
    }

    private static List<String> sorted(List<String> documents) {
        return documents.stream().sorted().toList();
    }
}
