package io.microgpt.spark;

import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.util.ArrayList;
import java.util.List;

/** What a task sends back: the subtrees of its run of shards. */
public final class PartialSums implements Externalizable {
    private static final long serialVersionUID = 1L;

    private List<SumTree.Node> nodes;
    private long computeNanos;

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

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
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
                Blocks.write(out, node.sum().gradient());
            }
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
