package io.microgpt.train;

import io.microgpt.data.Corpus;
import io.microgpt.data.Part;
import io.microgpt.optim.GradientSum;
import java.util.List;

/**
 * Where gradients and losses come from: this process, or executors of a cluster. Whatever the source, the sums have the same
 * bits: a leaf a shard, added in the tree of {@link io.microgpt.optim.SumTree}.
 */
public interface GradientSource extends AutoCloseable {
    /**
     * {@return the gradient of one step's documents, summed over positions, valid until the next call; and where the time went}
     *
     * @param weights the parameters at the step; not changed while the call runs
     */
    StepGradient at(long step, float[] weights);

    /**
     * {@return the loss of a part of a dataset, summed over positions, without label smoothing}
     *
     * @param share of each shard's documents, counted from its first; 1 is all
     */
    LossSum loss(Corpus corpus, Part part, double share, float[] weights);

    /** {@return the same of the dataset that the training is for} */
    default LossSum loss(Part part, double share, float[] weights) {
        return loss(Corpus.OWN, part, share, weights);
    }

    /**
     * {@return the documents of one step, each with its own loss and gradient, in the order of the shards} What {@link #at} adds up, taken
     * apart, to find out which of them is at fault; as slow as documents one by one are.
     *
     * @param weights the parameters at the step
     */
    List<StepDocument> documents(long step, float[] weights);

    /** {@return in one line, where the arithmetic is done} */
    String description();

    @Override
    void close();

    /**
     * A step's gradient.
     *
     * @param broadcastMillis time until the weights could be read by who computes
     * @param computeMillis the longest arithmetic of any task
     * @param gatherMillis the rest: scheduling, transport and addition
     */
    record StepGradient(GradientSum sum, double broadcastMillis, double computeMillis, double gatherMillis) {}
}
