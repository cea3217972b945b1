package io.microgpt.generate;

import io.microgpt.kernel.Kernels;
import java.util.BitSet;

/** Chooses the next token of a sequence from the model's logits, and says how likely the model itself thinks it. One thread at a time. */
final class NextToken {
    private final Kernels kernels;
    private final Sampler sampler;
    private final double penalty;
    private final float[] scratch; // (V)

    NextToken(Sampling sampling, Kernels kernels, int vocabularySize) {
        this.kernels = kernels;
        this.sampler = Sampler.of(sampling, kernels);
        this.penalty = sampling.repetitionPenalty();
        this.scratch = new float[vocabularySize];
    }

    /**
     * {@return the id of the chosen token}
     *
     * @param logits V of them at {@code offset}; left as they are
     * @param seen the ids on which the penalty is put, or null for none
     * @throws NonFiniteLogitsException if no distribution can be made of the logits
     */
    int choose(float[] logits, int offset, BitSet seen, double uniform) {
        if (seen == null) {
            return sampler.choose(logits, offset, scratch.length, uniform);
        }
        System.arraycopy(logits, offset, scratch, 0, scratch.length);
        for (int id = seen.nextSetBit(0); id >= 0; id = seen.nextSetBit(id + 1)) {
            scratch[id] = penalised(scratch[id]);
        }
        return sampler.choose(scratch, 0, scratch.length, uniform);
    }

    private float penalised(float logit) {
        if (!Float.isFinite(logit)) {
            return logit;
        }
        double penalised = logit < 0.0f ? logit * penalty : logit / penalty;
        return (float) Math.max(-Float.MAX_VALUE, Math.min(Float.MAX_VALUE, penalised)); // it makes nothing infinite
    }

    /** {@return the natural logarithm of the token's probability by the model} */
    double logProbability(float[] logits, int offset, int token) {
        int v = scratch.length;
        System.arraycopy(logits, offset, scratch, 0, v);
        float max = kernels.max(scratch, 0, v);
        double z = scratch[token];
        return z - (double) max - StrictMath.log(kernels.expSum(scratch, 0, v, max));
    }
}
