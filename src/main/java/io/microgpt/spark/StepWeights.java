package io.microgpt.spark;

import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * The weights of a step on their way to the tasks. Spark broadcasts the closure of every job in any case: few weights go with it, which saves
 * the time of a broadcast of their own (3 ms of a step of 4,192 parameters); many are broadcast, so that the tasks of an executor share them.
 */
final class StepWeights implements Serializable, AutoCloseable {
    private static final long serialVersionUID = 1L;
    /** More than these many floats are broadcast: Spark serializes a closure twice, and every task reads it anew. */
    static final int MOST_IN_CLOSURE = 1 << 16;

    private final WeightBlock inClosure; // null where broadcast
    private final Broadcast<WeightBlock> broadcast; // null where in the closure

    private StepWeights(WeightBlock inClosure, Broadcast<WeightBlock> broadcast) {
        this.inClosure = inClosure;
        this.broadcast = broadcast;
    }

    static StepWeights send(JavaSparkContext spark, float[] weights) {
        WeightBlock block = new WeightBlock(weights);
        return weights.length <= MOST_IN_CLOSURE
                ? new StepWeights(block, null)
                : new StepWeights(null, spark.broadcast(block));
    }

    WeightBlock block() {
        return broadcast == null ? inClosure : broadcast.value();
    }

    @Override
    public void close() {
        if (broadcast != null) {
            broadcast.destroy();
        }
    }
}
