package io.microgpt.spark;

import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;

/** The parameters of a step as they are broadcast; packed for the kernels once a JVM and shared by its tasks. */
public final class WeightBlock implements Externalizable {
    private static final long serialVersionUID = 1L;

    private float[] flat;
    private Weights weights;

    /** For {@link Externalizable}. */
    public WeightBlock() {}

    WeightBlock(float[] flat) {
        this.flat = flat;
    }

    synchronized Weights weights(GptConfig config, Kernels kernels) {
        if (weights == null) {
            weights = new Weights(config, flat, kernels);
        }
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
