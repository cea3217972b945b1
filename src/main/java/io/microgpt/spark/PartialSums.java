package io.microgpt.spark;

import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.util.ArrayList;
import java.util.List;

/** What a task sends back: the subtrees of its run of shards, with whole gradients or with a slice of each. */
public final class PartialSums implements Externalizable {
    private static final long serialVersionUID = 1L;
    private static final int WHOLE = -1;

    private List<SumTree.Node> nodes;
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
    public void readExternal(ObjectInput in) throws IOException {
        computeNanos = in.readLong();
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
