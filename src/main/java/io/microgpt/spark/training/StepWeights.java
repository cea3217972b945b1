package io.microgpt.spark.training;

import io.microgpt.spark.tasks.FloatBlocks;
import io.microgpt.spark.tasks.WeightBlock;
import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * The weights of a step on their way to the tasks. Spark broadcasts the closure of every job in any case: few weights go with it, and the
 * sums of their gradients with the task's result. More are fetched from the driver as blocks, once an executor; where there are so many executors that the
 * driver's network would be what they wait for, they are broadcast, and the executors pass them on to each other.
 */
final class StepWeights implements Serializable, AutoCloseable {
    private static final long serialVersionUID = 1L;
    /** More than these many floats do not go with the closure: Spark serializes it twice, and every task reads it anew. */
    static final int MOST_IN_CLOSURE = 1 << 16;
    /** A broadcast costs what several fetches do, but no more however many executors there are ({@link Scaling}). */
    static final int MOST_FETCHING = 4;

    private static final String NAME = "weights";

    private final long owner; // of this step's blocks; 0 where none are needed
    private final WeightBlock inClosure; // null unless they go with the closure
    private final FloatBlocks.Place place; // null unless they are fetched
    private final Broadcast<WeightBlock> broadcast; // null unless they are broadcast

    private StepWeights(long owner, WeightBlock inClosure, FloatBlocks.Place place, Broadcast<WeightBlock> broadcast) {
        this.owner = owner;
        this.inClosure = inClosure;
        this.place = place;
        this.broadcast = broadcast;
    }

    /**
     * Sends them.
     *
     * @param owner of this step's blocks ({@link FloatBlocks#owner})
     * @param executors that there are now
     */
    static StepWeights send(JavaSparkContext spark, float[] weights, int executors, long owner) {
        if (weights.length <= MOST_IN_CLOSURE && !FloatBlocks.oneJvm()) {
            return new StepWeights(0, new WeightBlock(weights), null, null);
        }
        FloatBlocks.Place place = executors <= MOST_FETCHING ? FloatBlocks.put(owner, NAME, weights) : null;
        return new StepWeights(owner, null, place, place == null ? spark.broadcast(new WeightBlock(weights)) : null);
    }

    /** What is computed with the weights. */
    interface Work<R> {
        R with(WeightBlock weights);
    }

    /** {@return what the blocks of this step are removed with, at its end; 0 where nothing is large} */
    long owner() {
        return owner;
    }

    /** In a task: computes with the weights. */
    <R> R run(Work<R> work) {
        if (place == null) {
            return work.with(inClosure != null ? inClosure : broadcast.value());
        }
        WeightBlock block = WeightBlock.at(place);
        R result = work.with(block);
        block.done(); // not after a failure: threads of the task may still read it
        return result;
    }

    @Override
    public void close() {
        if (owner != 0) {
            FloatBlocks.remove(owner);
        }
        if (broadcast != null) {
            broadcast.destroy();
        }
    }
}
