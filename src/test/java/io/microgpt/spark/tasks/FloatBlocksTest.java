package io.microgpt.spark.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.spark.LocalSpark;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.BlockManager;
import org.apache.spark.storage.BlockManagerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arrays in any number of pieces, through Spark's own transport; from this JVM to itself. */
class FloatBlocksTest {
    @ParameterizedTest
    @ValueSource(
            ints = {1, FloatBlocks.PIECE_FLOATS, FloatBlocks.PIECE_FLOATS + 1, 2 * FloatBlocks.PIECE_FLOATS + 12_345})
    void comeAsTheyWere(int length) throws Exception {
        float[] values = random(length);
        Deque<float[]> spare = new ArrayDeque<>();
        spare.add(new float[length]);
        float[] reused = spare.peek();
        FloatBlocks.Place place = store(values);
        assertThat(FloatBlocks.transfer(place, spare).get(60, TimeUnit.SECONDS))
                .isSameAs(reused)
                .isEqualTo(values);
        assertThat(FloatBlocks.transfer(place, spare).get(60, TimeUnit.SECONDS)).isEqualTo(values);
        manager().removeBroadcast(place.owner(), false);
    }

    @Test
    void whatIsGoneIsAnError() {
        FloatBlocks.Place place = store(random(FloatBlocks.PIECE_FLOATS + 1));
        manager().removeBroadcast(place.owner(), false);
        assertThat(FloatBlocks.transfer(place, new ArrayDeque<>())).failsWithin(60, TimeUnit.SECONDS);
    }

    @Test
    void whatATrainingLeftIsGoneAtItsEndAndWhatComesLaterWhenAnotherBegins() throws Exception {
        float[] values = random(10);
        long training = FloatBlocks.owner();
        long other = FloatBlocks.owner();
        int handedOver = FloatBlocks.handedOver();
        FloatBlocks.Place last = store(training + 7, values);
        FloatBlocks.Place others = store(other, values);
        FloatBlocks.put(training + 7, "last", values);
        FloatBlocks.end(training + 8);
        awaitGone(last);
        assertThat(FloatBlocks.handedOver()).isEqualTo(handedOver);

        FloatBlocks.Place late = store(training + 7, values);
        FloatBlocks.put(training + 7, "late", values);
        FloatBlocks.owner();
        FloatBlocks.sweep(FloatBlocks.living());
        awaitGone(late);
        assertThat(FloatBlocks.handedOver()).isEqualTo(handedOver);
        assertThat(isStored(others)).isTrue();
        FloatBlocks.end(other);
        awaitGone(others);
    }

    /** Pieces are swept in a thread of their own. */
    private static void awaitGone(FloatBlocks.Place place) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (isStored(place) && System.nanoTime() < end) {
            Thread.sleep(1);
        }
        assertThat(isStored(place)).isFalse();
    }

    private static boolean isStored(FloatBlocks.Place place) {
        return manager().memoryStore().contains(BlockId.apply("broadcast_" + place.owner() + "_" + "_values_0"));
    }

    private static FloatBlocks.Place store(float[] values) {
        return store(FloatBlocks.owner(), values);
    }

    private static FloatBlocks.Place store(long owner, float[] values) {
        BlockManagerId here = manager().blockManagerId();
        FloatBlocks.Place place =
                new FloatBlocks.Place(owner, "values", here.executorId(), here.host(), here.port(), values.length);
        assertThat(FloatBlocks.store(place, values, manager())).isEqualTo(place);
        return place;
    }

    private static BlockManager manager() {
        LocalSpark.context();
        return SparkEnv.get().blockManager();
    }

    private static float[] random(int length) {
        Random random = new Random(length);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = random.nextFloat();
        }
        return values;
    }
}
