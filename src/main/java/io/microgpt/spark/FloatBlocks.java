package io.microgpt.spark;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.buffer.ManagedBuffer;
import org.apache.spark.network.shuffle.BlockFetchingListener;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.BlockManager;
import org.apache.spark.storage.BlockManagerId;
import org.apache.spark.storage.BroadcastBlockId;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.io.ChunkedByteBuffer;
import scala.reflect.ClassTag$;

/**
 * Float arrays from one JVM of the application to another: put into the one's block manager as raw bytes, a piece a block, and fetched by the
 * other through Spark's own transport, with its authentication, encryption and retries. A float is copied once into a piece and once out of
 * the socket's buffers, and pieces are under way together; a broadcast or a task's result serializes, stores, merges and parses as a whole and
 * copies four times as often (measured: README, "A step on Spark"). Within one JVM the array itself is handed over.
 */
final class FloatBlocks {
    /** Small enough that a piece is read while the next is sent; JDK sockets copy all of a piece however little of it they can send. */
    private static final int PIECE_FLOATS = 1 << 18;

    /** The pieces put first are those that are free first: so many are looked at. */
    private static final int OLDEST = 4;

    private static final int BUFFER_BYTES = 1 << 16;
    /** Spark counts its broadcasts from 0 and removes the blocks of one by its number: ours are numbered far from them. */
    private static final AtomicLong OWNERS = new AtomicLong(1L << 40);

    private static final Map<String, float[]> HERE = new ConcurrentHashMap<>();
    private static final Deque<Piece> PIECES = new ArrayDeque<>();

    private FloatBlocks() {}

    /**
     * Where an array can be fetched.
     *
     * @param owner with which it is removed
     */
    record Place(long owner, String name, String executor, String host, int port, int length) implements Serializable {
        private String piece(int number) {
            return new BroadcastBlockId(owner, "_" + name + "_" + number).name();
        }

        private int pieces() {
            return Math.max(1, (length + PIECE_FLOATS - 1) / PIECE_FLOATS);
        }
    }

    private record Piece(BlockId id, byte[] bytes) {}

    /** {@return the number under which blocks of a step are put and removed, new in this application; on the driver} */
    static long owner() {
        return OWNERS.getAndIncrement();
    }

    /** {@return whether driver and tasks share this JVM} */
    static boolean oneJvm() {
        String master = SparkEnv.get().conf().get("spark.master", "");
        return master.equals("local") || master.startsWith("local[");
    }

    /**
     * Offers an array to the other JVMs; within one JVM it must stay as it is until it is removed.
     *
     * @param name of letters, digits and underscores, once an owner
     * @return null where this JVM's block manager has no room for it
     */
    static Place put(long owner, String name, float[] values) {
        BlockManager manager = SparkEnv.get().blockManager();
        BlockManagerId here = manager.blockManagerId();
        Place place = new Place(owner, name, here.executorId(), here.host(), here.port(), values.length);
        if (oneJvm()) {
            HERE.put(place.piece(0), values);
            return place;
        }
        for (int p = 0; p < place.pieces(); p++) {
            int from = p * PIECE_FLOATS;
            int length = Math.min(PIECE_FLOATS, values.length - from);
            BlockId id = BlockId.apply(place.piece(p));
            byte[] bytes = bytes(manager, Float.BYTES * length);
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            Blocks.floats(buffer).put(values, from, length);
            boolean stored = manager.putBytes(
                    id,
                    new ChunkedByteBuffer(buffer),
                    StorageLevel.MEMORY_ONLY_SER(),
                    false,
                    ClassTag$.MODULE$.apply(byte[].class));
            if (!stored) {
                return null; // the pieces before are removed with the rest of the owner's
            }
            synchronized (PIECES) {
                PIECES.add(new Piece(id, bytes));
            }
        }
        return place;
    }

    /** {@return memory for a piece: that of one that the block manager holds no longer, which nobody reads then, or new} */
    private static byte[] bytes(BlockManager manager, int length) {
        synchronized (PIECES) {
            for (int looked = Math.min(PIECES.size(), OLDEST); looked > 0; looked--) {
                Piece piece = PIECES.poll();
                if (piece.bytes().length == length
                        && !manager.getStatus(piece.id()).isDefined()) {
                    return piece.bytes();
                }
                PIECES.add(piece);
            }
        }
        return new byte[length];
    }

    /**
     * Fetches an array.
     *
     * @param spare arrays that may be written: one is taken if it has the right length
     * @return the very array that was put in this JVM, or another with its floats; completed by the transport, or failed by it, its waits
     *     bounded by {@code spark.network.timeout}
     */
    static CompletableFuture<float[]> fetch(Place place, Deque<float[]> spare) {
        if (oneJvm()) {
            float[] here = HERE.get(place.piece(0));
            return here != null
                    ? CompletableFuture.completedFuture(here)
                    : CompletableFuture.failedFuture(
                            new IllegalStateException(place.name() + " of a step that is over"));
        }
        float[] used = spare.poll();
        float[] into = used != null && used.length == place.length() ? used : new float[place.length()];
        CompletableFuture<float[]> whole = new CompletableFuture<>();
        String[] ids = new String[place.pieces()];
        for (int p = 0; p < ids.length; p++) {
            ids[p] = place.piece(p);
        }
        AtomicInteger missing = new AtomicInteger(ids.length);
        BlockFetchingListener listener = new BlockFetchingListener() {
            @Override
            public void onBlockFetchSuccess(String id, ManagedBuffer data) {
                try {
                    read(data, into, PIECE_FLOATS * Integer.parseInt(id.substring(id.lastIndexOf('_') + 1)));
                    if (missing.decrementAndGet() == 0) {
                        whole.complete(into);
                    }
                } catch (IOException | RuntimeException e) {
                    whole.completeExceptionally(e);
                }
            }

            @Override
            public void onBlockFetchFailure(String id, Throwable cause) {
                whole.completeExceptionally(cause);
            }
        };
        SparkEnv.get()
                .blockManager()
                .blockTransferService()
                .fetchBlocks(place.host(), place.port(), place.executor(), ids, listener, null);
        return whole;
    }

    private static void read(ManagedBuffer data, float[] into, int at) throws IOException {
        int length = Math.min(PIECE_FLOATS, into.length - at);
        if (data.size() != (long) Float.BYTES * length) {
            throw new IOException("a block of " + data.size() + " bytes came for " + length + " floats");
        }
        byte[] bytes = new byte[Math.min(BUFFER_BYTES, Float.BYTES * length)];
        try (DataInputStream in = new DataInputStream(data.createInputStream())) {
            for (int done = 0; done < length; done += bytes.length / Float.BYTES) {
                int floats = Math.min(bytes.length / Float.BYTES, length - done);
                in.readFully(bytes, 0, Float.BYTES * floats);
                Blocks.floats(ByteBuffer.wrap(bytes)).get(into, at + done, floats);
            }
        }
    }

    /** {@return how many arrays are offered within this JVM} */
    static int handedOver() {
        return HERE.size();
    }

    /** Has all JVMs forget what was put for an owner; returns at once. On the driver. */
    static void remove(long owner) {
        if (oneJvm()) {
            String prefix = new BroadcastBlockId(owner, "_").name();
            HERE.keySet().removeIf(name -> name.startsWith(prefix));
        } else {
            SparkEnv.get().blockManager().master().removeBroadcast(owner, true, false);
        }
    }
}
