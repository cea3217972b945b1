package io.microgpt.spark;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.BlockManager;
import org.apache.spark.storage.BlockStatus;
import scala.Option;

/**
 * The memory of the pieces that this JVM has put into its block manager. Those put first are free first: what the block manager holds in
 * memory no longer, which nobody reads then, serves again, as long as the collector does not need it.
 */
final class PieceMemory {
    private final Deque<Piece> pieces = new ArrayDeque<>();

    private record Piece(long owner, BlockId id, SoftReference<byte[]> bytes) {}

    /** {@return an array of this length, of any content} */
    synchronized byte[] take(BlockManager manager, int length) {
        while (!pieces.isEmpty() && isFree(manager.getStatus(pieces.peek().id()))) {
            byte[] bytes = pieces.poll().bytes().get();
            if (bytes != null && bytes.length == length) {
                return bytes;
            }
        }
        return new byte[length];
    }

    private static boolean isFree(Option<BlockStatus> status) {
        return status.isEmpty() || status.get().memSize() == 0; // removed, or evicted to disk
    }

    /** Takes note of a piece that was put. */
    synchronized void hold(long owner, BlockId id, byte[] bytes) {
        pieces.add(new Piece(owner, id, new SoftReference<>(bytes)));
    }

    /**
     * Removes what is left of earlier owners of the same training: put by a task that nobody waited for, after the driver had them removed, or
     * on an executor that did not hear of it.
     */
    void sweep(BlockManager manager, long owner) {
        List<BlockId> old;
        synchronized (this) {
            old = pieces.stream()
                    .filter(piece -> FloatBlocks.isBefore(piece.owner(), owner)
                            && manager.getStatus(piece.id()).isDefined())
                    .map(Piece::id)
                    .toList();
        }
        old.forEach(id -> manager.removeBlock(id, false));
    }
}
