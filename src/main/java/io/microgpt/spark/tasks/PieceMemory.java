package io.microgpt.spark.tasks;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongPredicate;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.BlockManager;

/**
 * The memory of the pieces that this JVM has put into its block manager. Those put first are free first: what the block manager holds in
 * memory no longer, which nobody reads then, serves again, as long as the collector does not need it.
 */
final class PieceMemory {
    private static final ExecutorService SWEEPERS = Executors.newCachedThreadPool(PieceMemory::thread);

    // Asked of the stores: BlockManager.getStatus throws a NullPointerException for a block that is being removed.
    private final Deque<Piece> pieces = new ArrayDeque<>();

    private record Piece(long owner, BlockId id, SoftReference<byte[]> bytes) {}

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "microgpt-pieces");
        thread.setDaemon(true);
        return thread;
    }

    /** {@return an array of this length, of any content} */
    synchronized byte[] take(BlockManager manager, int length) {
        while (!pieces.isEmpty()
                && !manager.memoryStore().contains(pieces.peek().id())) {
            byte[] bytes = pieces.poll().bytes().get();
            if (bytes != null && bytes.length == length) {
                return bytes;
            }
        }
        return new byte[length];
    }

    /** Takes note of a piece that was put. */
    synchronized void hold(long owner, BlockId id, byte[] bytes) {
        pieces.add(new Piece(owner, id, new SoftReference<>(bytes)));
    }

    /**
     * Removes what should be gone for long: put by a task that nobody waited for, after the driver had its owner's blocks removed, or on an
     * executor that did not hear of it. Not in this thread: a JVM that stands still while it reads a block has it locked, and only its
     * connection's end unlocks it.
     *
     * @param over whether an owner's blocks should be gone
     */
    void sweep(BlockManager manager, LongPredicate over) {
        List<BlockId> old = new ArrayList<>();
        synchronized (this) {
            for (Iterator<Piece> left = pieces.iterator(); left.hasNext(); ) {
                Piece piece = left.next();
                boolean stored = over.test(piece.owner())
                        && (manager.memoryStore().contains(piece.id())
                                || manager.diskStore().contains(piece.id()));
                if (stored) {
                    left.remove(); // its memory is the collector's, and the next sweep need not wait for it too
                    old.add(piece.id());
                }
            }
        }
        old.forEach(id -> SWEEPERS.execute(() -> manager.removeBlock(id, false)));
    }
}
