package io.microgpt.spark.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.microgpt.spark.LocalSpark;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.buffer.ManagedBuffer;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.BlockManager;
import org.apache.spark.storage.BroadcastBlockId;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.io.ChunkedByteBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import scala.reflect.ClassTag$;

/** Beside a real block manager. */
class PieceMemoryTest {
    private final PieceMemory pieces = new PieceMemory();
    private final long training = FloatBlocks.owner();
    private BlockManager manager;

    @BeforeEach
    void start() {
        LocalSpark.context();
        manager = SparkEnv.get().blockManager();
    }

    private BlockId put(long owner, byte[] bytes) {
        BlockId id = new BroadcastBlockId(owner, "_piece");
        assertThat(manager.putBytes(
                        id,
                        new ChunkedByteBuffer(ByteBuffer.wrap(bytes)),
                        StorageLevel.MEMORY_AND_DISK_SER(),
                        false,
                        ClassTag$.MODULE$.apply(byte[].class)))
                .isTrue();
        pieces.hold(owner, id, bytes);
        return id;
    }

    @Test
    void whatTheBlockManagerHoldsIsNotWritten() {
        byte[] bytes = new byte[100];
        BlockId id = put(training, bytes);
        assertThat(pieces.take(manager, 100)).isNotSameAs(bytes);
        manager.removeBlock(id, false);
        assertThat(pieces.take(manager, 100)).isSameAs(bytes);
        assertThat(pieces.take(manager, 100)).isNotSameAs(bytes);
    }

    @Test
    void memoryOfAnotherLengthIsLeftToTheCollector() {
        byte[] first = new byte[100];
        byte[] second = new byte[50];
        manager.removeBlock(put(training, first), false);
        manager.removeBlock(put(training + 1, second), false);
        assertThat(pieces.take(manager, 50)).isSameAs(second);
    }

    @Test
    void piecesOfStepsThatAreOverAreSweptAndThoseOfOtherTrainingsAreNot() throws Exception {
        BlockId old = put(training, new byte[10]);
        BlockId before = put(training + 1, new byte[10]);
        BlockId current = put(training + 2, new byte[10]);
        BlockId other = put(FloatBlocks.owner(), new byte[10]);
        pieces.sweep(manager, owner -> FloatBlocks.isOver(owner, training + 2));
        awaitGone(old);
        assertThat(manager.getStatus(before).isDefined()).isTrue();
        assertThat(manager.getStatus(current).isDefined()).isTrue();
        assertThat(manager.getStatus(other).isDefined()).isTrue();
        manager.removeBlock(before, false);
        manager.removeBlock(current, false);
        manager.removeBlock(other, false);
    }

    /** As an executor reads that stands still, on a connection that stays. */
    @Test
    void whoStillReadsAPieceOfAStepThatIsOverIsNotWaitedFor() throws Exception {
        BlockId read = put(training, new byte[10]);
        BlockId free = put(training + 1, new byte[20]);
        ManagedBuffer reading = manager.getLocalBlockData(read);
        assertTimeoutPreemptively(
                Duration.ofSeconds(30), () -> pieces.sweep(manager, owner -> FloatBlocks.isOver(owner, training + 3)));
        awaitGone(free);
        assertThat(manager.memoryStore().contains(read)).isTrue();
        reading.release();
        awaitGone(read);
    }

    private void awaitGone(BlockId id) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (manager.memoryStore().contains(id) && System.nanoTime() < end) {
            Thread.sleep(1);
        }
        assertThat(manager.memoryStore().contains(id)).as(id.toString()).isFalse();
    }
}
