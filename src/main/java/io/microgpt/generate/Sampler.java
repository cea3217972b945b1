package io.microgpt.generate;

import io.microgpt.kernel.Kernels;

/** Chooses the next token. */
@FunctionalInterface
public interface Sampler {
    /**
     * {@return the id of the chosen token}
     *
     * @param logits V of them at {@code offset}; left as they are
     * @param uniform the randomness: a number in [0, 1)
     * @throws NonFiniteLogitsException if no distribution can be made of the logits
     */
    int choose(float[] logits, int offset, int vocabularySize, double uniform);

    /** {@return the sampler of these options; one thread at a time} */
    static Sampler of(Sampling sampling, Kernels kernels) {
        if (sampling.temperature() == 0.0 || sampling.topK() == 1) {
            return new Greedy(kernels);
        }
        return new Nucleus(sampling, kernels);
    }

    /** The most likely token, the lowest id of equals. */
    record Greedy(Kernels kernels) implements Sampler {
        @Override
        public int choose(float[] logits, int offset, int vocabularySize, double uniform) {
            float max = kernels.max(logits, offset, vocabularySize);
            NonFiniteLogitsException.check(max);
            int id = 0;
            while (logits[offset + id] != max) {
                id++;
            }
            return id;
        }
    }
}
