package io.microgpt.spark.training;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerBlockUpdated;
import org.apache.spark.storage.BlockUpdatedInfo;

/** Which large broadcasts there are, as Spark's block manager tells its listeners. */
final class BroadcastWatch extends SparkListener implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final SparkContext spark;
    private final long leastBytes;
    private final Set<String> seen = new HashSet<>();
    private final Set<String> present = new HashSet<>();

    BroadcastWatch(SparkContext spark, long leastBytes) {
        this.spark = spark;
        this.leastBytes = leastBytes;
        spark.addSparkListener(this);
    }

    @Override
    public synchronized void onBlockUpdated(SparkListenerBlockUpdated update) {
        BlockUpdatedInfo block = update.blockUpdatedInfo();
        String name = block.blockId().name();
        if (!block.blockId().isBroadcast()) {
            return;
        }
        if (!block.storageLevel().isValid()) {
            present.remove(name);
        } else if (block.memSize() + block.diskSize() >= leastBytes) {
            seen.add(name);
            present.add(name);
        }
        notifyAll();
    }

    /** Spark tells in the background. {@return how many there were in all, when there were as many as expected, or after a long wait} */
    synchronized int awaitSeen(int expected) {
        await(() -> seen.size() >= expected);
        return seen.size();
    }

    /** Removal goes on in the background. {@return whether there are none in the end} */
    synchronized boolean awaitNone() {
        await(present::isEmpty);
        return present.isEmpty();
    }

    private void await(BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        try {
            while (!condition.getAsBoolean() && System.nanoTime() < end) {
                wait(TimeUnit.NANOSECONDS.toMillis(Math.max(1_000_000, end - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        spark.removeSparkListener(this);
    }
}
