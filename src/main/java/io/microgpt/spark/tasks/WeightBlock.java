package io.microgpt.spark.tasks;

import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** The parameters of a step in a JVM that computes; packed for the kernels once and shared by its tasks. */
public final class WeightBlock implements Externalizable {
    private static final long serialVersionUID = 1L;

    private static SoftReference<WeightBlock> latest = new SoftReference<>(null);

    private float[] flat;
    private Weights weights;
    private transient FloatBlocks.Place place; // null where the parameters came with this object
    private final transient Deque<float[]> spare = new ArrayDeque<>(); // of an earlier step
    private transient boolean stale; // the packed matrices are those of an earlier step
    private transient int users;

    /** For {@link Externalizable}. */
    public WeightBlock() {}

    public WeightBlock(float[] flat) {
        this.flat = flat;
    }

    /**
     * {@return the parameters from there, fetched once a JVM; {@link #done} must be called when they are no longer used} Whoever may still use
     * them after a failure does not call it, and their arrays are left to the collector.
     */
    public static WeightBlock at(FloatBlocks.Place place) {
        WeightBlock block;
        synchronized (WeightBlock.class) {
            block = latest.get();
            if (block == null || !block.place.equals(place)) {
                block = after(block, place);
                latest = new SoftReference<>(block);
            }
            block.users++;
        }
        try {
            block.fetch();
        } catch (RuntimeException e) {
            block.done();
            throw e;
        }
        return block;
    }

    private static WeightBlock after(WeightBlock before, FloatBlocks.Place place) {
        WeightBlock next = new WeightBlock(null);
        next.place = place;
        if (before != null && before.users == 0) { // else a task that nobody waits for still reads them
            next.weights = before.weights;
            next.spare.addAll(before.flat == null ? List.of() : List.of(before.flat));
        }
        return next;
    }

    private synchronized void fetch() {
        if (flat == null) {
            try {
                flat = FloatBlocks.fetch(place, spare).get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // Spark kills the task
                throw new IllegalStateException("the task was interrupted", e);
            } catch (ExecutionException e) {
                throw new IllegalStateException("the weights could not be fetched from the driver", e.getCause());
            }
            stale = true;
        }
    }

    /** One user less. */
    public void done() {
        synchronized (WeightBlock.class) {
            users--;
        }
    }

    public synchronized Weights weights(GptConfig config, Kernels kernels) {
        if (weights == null || !weights.config().equals(config) || weights.kernels() != kernels) {
            weights = new Weights(config, flat, kernels);
        } else if (stale) {
            weights.set(flat);
        }
        stale = false;
        return weights;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        Blocks.write(out, flat);
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        flat = Blocks.read(in);
    }
}
