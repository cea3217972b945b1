package io.microgpt.spark.training;

import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import io.microgpt.spark.tasks.Blocks;
import io.microgpt.spark.tasks.FloatBlocks;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.TaskContext;

/**
 * What a task sends back: the subtrees of its run of shards, with whole gradients, with a slice of each, or with the places where
 * they can be fetched.
 */
public final class PartialSums implements Externalizable {
    private static final long serialVersionUID = 1L;
    private static final int WHOLE = -1;

    private static final float[] ELSEWHERE = {};

    private List<SumTree.Node> nodes;
    private List<FloatBlocks.Place> places = List.of(); // of the gradients of the nodes; empty where they are with them
    private long computeNanos;
    private transient int begin;
    private transient int end = WHOLE;
    private transient Runnable release;
    private transient boolean released;

    /** For {@link Externalizable}. */
    public PartialSums() {}

    PartialSums(List<SumTree.Node> nodes, long computeNanos) {
        this.nodes = nodes;
        this.computeNanos = computeNanos;
    }

    List<SumTree.Node> nodes() {
        return nodes;
    }

    /** {@return the time of the task's arithmetic} */
    long computeNanos() {
        return computeNanos;
    }

    /** {@return the same sums by slices, which are to be written in this order} Slice s has the parameters {@code [bounds[s], bounds[s + 1])}. */
    List<PartialSums> slices(int[] bounds) {
        List<PartialSums> slices = new ArrayList<>();
        for (int s = 0; s + 1 < bounds.length; s++) {
            PartialSums slice = new PartialSums(nodes, computeNanos);
            slice.begin = bounds[s];
            slice.end = bounds[s + 1];
            slices.add(slice);
        }
        slices.get(slices.size() - 1).release = release;
        return slices;
    }

    /** {@return the same sums, their gradients offered to the driver as blocks if there is room for them} */
    PartialSums offered(long owner) {
        if (TaskContext.get().isInterrupted()) { // who would have fetched them has had them removed by now
            throw new IllegalStateException("the task was killed");
        }
        List<FloatBlocks.Place> offered = new ArrayList<>();
        List<SumTree.Node> without = new ArrayList<>();
        for (SumTree.Node node : nodes) {
            GradientSum sum = node.sum();
            boolean large = sum != null && sum.gradient().length > 0;
            // Every attempt has a name of its own: a speculative copy must not meet the blocks of the other.
            FloatBlocks.Place place = large
                    ? FloatBlocks.put(owner, TaskContext.get().taskAttemptId() + "_" + offered.size(), sum.gradient())
                    : null;
            if (large && place == null) {
                return this; // no room: then with the result
            }
            offered.add(place);
            without.add(large ? node.with(ELSEWHERE) : node);
        }
        PartialSums sums = new PartialSums(without, computeNanos).thenRelease(release);
        sums.places = offered;
        return sums;
    }

    /** {@return how many arrays come from other JVMs} */
    int fetches() {
        return FloatBlocks.oneJvm()
                ? 0
                : (int) places.stream().filter(Objects::nonNull).count();
    }

    /**
     * {@return the nodes with their gradients, fetched from where they are; on the driver}
     *
     * @param spare arrays that may be written
     */
    CompletableFuture<List<SumTree.Node>> fetched(Deque<float[]> spare) {
        List<CompletableFuture<SumTree.Node>> coming = new ArrayList<>();
        for (int n = 0; n < nodes.size(); n++) {
            SumTree.Node node = nodes.get(n);
            FloatBlocks.Place place = n < places.size() ? places.get(n) : null;
            coming.add(
                    place == null
                            ? CompletableFuture.completedFuture(node)
                            : FloatBlocks.fetch(place, spare).thenApply(node::with));
        }
        return CompletableFuture.allOf(coming.toArray(CompletableFuture[]::new))
                .thenApply(all -> coming.stream().map(CompletableFuture::join).toList());
    }

    /** Has {@code release} called when these sums are written, which Spark does once; their arrays may be used again then. */
    PartialSums thenRelease(Runnable arrays) {
        release = arrays;
        return this;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        if (released) {
            throw new IllegalStateException("sums written twice: their arrays may hold those of another step by now");
        }
        out.writeLong(computeNanos);
        out.writeObject(places.isEmpty() ? null : places.toArray(FloatBlocks.Place[]::new));
        out.writeInt(nodes.size());
        for (SumTree.Node node : nodes) {
            out.writeInt(node.level());
            out.writeInt(node.index());
            out.writeBoolean(node.sum() != null);
            if (node.sum() != null) {
                out.writeDouble(node.sum().lossSum());
                out.writeLong(node.sum().positions());
                out.writeLong(node.sum().documents());
                float[] gradient = node.sum().gradient();
                Blocks.write(out, gradient, begin, (end == WHOLE ? gradient.length : end) - begin);
            }
        }
        if (release != null) {
            released = true;
            release.run();
        }
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException, ClassNotFoundException {
        computeNanos = in.readLong();
        FloatBlocks.Place[] elsewhere = (FloatBlocks.Place[]) in.readObject();
        places = elsewhere == null ? List.of() : Arrays.asList(elsewhere);
        int count = in.readInt();
        nodes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int level = in.readInt();
            int index = in.readInt();
            GradientSum sum = null;
            if (in.readBoolean()) {
                double loss = in.readDouble();
                long positions = in.readLong();
                long documents = in.readLong();
                sum = new GradientSum(Blocks.read(in), loss, positions, documents);
            }
            nodes.add(new SumTree.Node(level, index, sum));
        }
    }
}
