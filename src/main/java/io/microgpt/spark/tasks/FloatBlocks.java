package io.microgpt.spark.tasks;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.BlockTransferService;
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
public final class FloatBlocks {
    /** Small enough that a piece is read while the next is sent; JDK sockets copy all of a piece however little of it they can send. */
    static final int PIECE_FLOATS = 1 << 20;

    private static final int BUFFER_BYTES = 1 << 16;
    /** Spark counts its broadcasts from 0 and removes the blocks of one by its number: ours are numbered far from them. */
    private static final int STEP_BITS = 40;

    private static final AtomicLong TRAININGS = new AtomicLong();
    private static final Set<Long> LIVING = ConcurrentHashMap.newKeySet(); // trainings of this driver that are not over

    private static final Map<Place, float[]> HERE = new ConcurrentHashMap<>();
    private static final PieceMemory PIECES = new PieceMemory();

    private static final Set<Coming> COMING = ConcurrentHashMap.newKeySet(); // to this JVM
    private static final Map<String, Long> HEARD = new ConcurrentHashMap<>(); // when a piece of an executor last came

    private FloatBlocks() {}

    /**
     * Where an array can be fetched.
     *
     * @param owner with which it is removed
     */
    public record Place(long owner, String name, String executor, String host, int port, int length)
            implements Serializable {
        private String piece(int number) {
            return new BroadcastBlockId(owner, "_" + name + "_" + number).name();
        }

        private int pieces() {
            return Math.max(1, (length + PIECE_FLOATS - 1) / PIECE_FLOATS);
        }
    }

    /**
     * {@return the first number under which a training puts and removes blocks, new in this application; on the driver} Its steps count on from
     * there: what is put for one sweeps out what is left of those that are over.
     */
    public static long owner() {
        long training = TRAININGS.incrementAndGet();
        LIVING.add(training);
        return training << STEP_BITS;
    }

    /** {@return the trainings of this driver that are not over, for {@link #sweep}} */
    public static SortedSet<Long> living() {
        return new TreeSet<>(LIVING);
    }

    /**
     * Ends a training: what it put is forgotten here, and by the executors what they still have of its last steps. What a task that
     * nobody waits for puts even later goes when another training begins.
     *
     * @param last of its owners
     */
    public static void end(long last) {
        long training = last >>> STEP_BITS;
        LIVING.remove(training);
        forget(owner -> owner >>> STEP_BITS == training);
        for (long owner = Math.max(training << STEP_BITS, last - 1); owner <= last; owner++) {
            remove(owner);
        }
    }

    /**
     * In any JVM: forgets what trainings left here that are over.
     *
     * @param living those that were not when the newest of them began; of later ones nothing is known
     */
    public static void sweep(SortedSet<Long> living) {
        forget(owner -> {
            long training = owner >>> STEP_BITS;
            return training < living.last() && !living.contains(training);
        });
    }

    private static void forget(LongPredicate over) {
        HERE.keySet().removeIf(place -> over.test(place.owner()));
        SparkEnv env = SparkEnv.get(); // null when the application is over
        if (env != null && !env.isStopped()) {
            PIECES.sweep(env.blockManager(), over);
        }
    }

    /** {@return whether an owner is of the same training as a later one, and not of the step before, which the driver may be about to remove} */
    static boolean isOver(long owner, long later) {
        return owner + 1 < later && owner >>> STEP_BITS == later >>> STEP_BITS;
    }

    /** {@return whether driver and tasks share this JVM} */
    public static boolean oneJvm() {
        String master = SparkEnv.get().conf().get("spark.master", "");
        return master.equals("local") || master.startsWith("local[");
    }

    /**
     * Offers an array to the other JVMs; within one JVM it must stay as it is until it is removed.
     *
     * @param name of letters, digits and underscores, once an owner
     * @return null where this JVM's block manager has no room for it, in memory or on disk
     */
    public static Place put(long owner, String name, float[] values) {
        BlockManager manager = SparkEnv.get().blockManager();
        BlockManagerId here = manager.blockManagerId();
        Place place = new Place(owner, name, here.executorId(), here.host(), here.port(), values.length);
        if (oneJvm()) {
            HERE.keySet().removeIf(other -> isOver(other.owner(), owner));
            HERE.put(place, values);
            return place;
        }
        return store(place, values, manager);
    }

    /** {@return the place, where all pieces of an array are stored; null where there is no room} */
    static Place store(Place place, float[] values, BlockManager manager) {
        long owner = place.owner();
        PIECES.sweep(manager, other -> isOver(other, owner));
        for (int p = 0; p < place.pieces(); p++) {
            int from = p * PIECE_FLOATS;
            int length = Math.min(PIECE_FLOATS, values.length - from);
            BlockId id = BlockId.apply(place.piece(p));
            byte[] bytes = PIECES.take(manager, Float.BYTES * length);
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            Blocks.floats(buffer).put(values, from, length);
            boolean stored = manager.putBytes(
                    id,
                    new ChunkedByteBuffer(buffer),
                    StorageLevel.MEMORY_AND_DISK_SER(), // in memory alone, the next put may evict it for good
                    false,
                    ClassTag$.MODULE$.apply(byte[].class));
            if (!stored) {
                return null; // the pieces before are removed with the rest of the owner's
            }
            PIECES.hold(owner, id, bytes);
        }
        return place;
    }

    /**
     * Fetches an array.
     *
     * @param spare arrays that may be written: one is taken if it has the right length
     * @return the very array that was put in this JVM, or another with its floats; completed by the transport, or failed: by it, or when all its
     *     tries must be over
     */
    public static CompletableFuture<float[]> fetch(Place place, Deque<float[]> spare) {
        if (oneJvm()) {
            float[] here = HERE.get(place);
            return here != null
                    ? CompletableFuture.completedFuture(here)
                    : CompletableFuture.failedFuture(
                            new IllegalStateException(place.name() + " of a step that is over"));
        }
        return transfer(place, spare);
    }

    /**
     * An array on its way here. Once it has failed, its array is nobody's: a piece that comes later is not kept, and one that is being read
     * goes into what is never used again.
     */
    public static final class Coming implements BlockFetchingListener {
        private final Place place;
        private final CompletableFuture<float[]> whole = new CompletableFuture<>();
        private final AtomicInteger missing;
        private final long begun = System.nanoTime();
        private volatile float[] into; // null when it has ended

        private Coming(Place place, float[] into) {
            this.place = place;
            this.into = into;
            this.missing = new AtomicInteger(place.pieces());
            COMING.add(this);
            whole.whenComplete((array, failure) -> {
                COMING.remove(this);
                this.into = null; // the transport may hold this object until all its tries are over
            });
        }

        public String executor() {
            return place.executor();
        }

        /** {@return how long nothing has come from its executor, of this array or of another} */
        public long silentNanos() {
            long now = System.nanoTime();
            return Math.min(now - begun, now - HEARD.getOrDefault(executor(), begun));
        }

        /** Has whoever waits for it wait no longer. */
        public void fail(String why) {
            whole.completeExceptionally(new IOException(why));
        }

        @Override
        public void onBlockFetchSuccess(String id, ManagedBuffer data) {
            float[] array = into;
            if (array == null) {
                return;
            }
            try {
                HEARD.put(executor(), System.nanoTime());
                read(data, array, PIECE_FLOATS * Integer.parseInt(id.substring(id.lastIndexOf('_') + 1)));
                if (missing.decrementAndGet() == 0) {
                    whole.complete(array);
                }
            } catch (Throwable e) { // an error too: Spark counts the block as fetched and tells nobody
                whole.completeExceptionally(e);
            }
        }

        @Override
        public void onBlockFetchFailure(String id, Throwable cause) {
            whole.completeExceptionally(cause);
        }
    }

    /** {@return the arrays on their way to this JVM} */
    public static Set<Coming> coming() {
        return COMING;
    }

    /** {@return the array from its pieces, by Spark's transport} */
    static CompletableFuture<float[]> transfer(Place place, Deque<float[]> spare) {
        float[] used = spare.poll();
        Coming coming =
                new Coming(place, used != null && used.length == place.length() ? used : new float[place.length()]);
        BlockTransferService transport = SparkEnv.get().blockManager().blockTransferService();
        try {
            for (int p = 0; p < place.pieces(); p++) {
                // One at a time: of several, those before one that is gone would stay locked on the other side.
                String[] one = {place.piece(p)};
                transport.fetchBlocks(place.host(), place.port(), place.executor(), one, coming, null);
            }
        } catch (RuntimeException | Error e) {
            coming.whole.completeExceptionally(e);
        }
        return coming.whole.orTimeout(seconds(SparkEnv.get().conf()), TimeUnit.SECONDS);
    }

    /** {@return how long the transport may try} */
    private static long seconds(SparkConf conf) {
        long once = conf.getTimeAsSeconds("spark.network.timeout", "120s")
                + conf.getTimeAsSeconds("spark.shuffle.io.retryWait", "5s");
        return once * (1 + conf.getInt("spark.shuffle.io.maxRetries", 3));
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
    public static int handedOver() {
        return HERE.size();
    }

    /** Has all JVMs forget what was put for an owner; returns at once. On the driver. */
    public static void remove(long owner) {
        HERE.keySet().removeIf(place -> place.owner() == owner);
        SparkEnv env = SparkEnv.get(); // null when the application is over
        if (env != null && !env.isStopped() && !oneJvm()) {
            env.blockManager().master().removeBroadcast(owner, true, false);
        }
    }
}
