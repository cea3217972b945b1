package io.microgpt.generate;

import io.microgpt.kernel.Kernels;
import java.util.Arrays;

/**
 * Temperature, then top-k, then top-p (Holtzman et al., 2020), then min-p, then a draw from what is left in proportion. Among equal
 * probabilities the lower id comes first.
 */
final class Nucleus implements Sampler {
    private final Sampling sampling;
    private final Kernels kernels;
    private float[] probabilities = new float[0];
    private long[] order = new long[0];

    Nucleus(Sampling sampling, Kernels kernels) {
        this.sampling = sampling;
        this.kernels = kernels;
    }

    @Override
    public int choose(float[] logits, int offset, int vocabularySize, double uniform) {
        int v = vocabularySize;
        if (probabilities.length < v) {
            probabilities = new float[v];
            order = new long[v];
        }
        float max = kernels.max(logits, offset, v);
        NonFiniteLogitsException.check(max);
        // Divided after the maximum is taken off: a temperature near zero gives minus infinity, never NaN.
        for (int i = 0; i < v; i++) {
            probabilities[i] = (float) ((logits[offset + i] - (double) max) / sampling.temperature());
        }
        kernels.expSum(probabilities, 0, v, 0.0f);

        boolean cut = sampling.topK() > 0 && sampling.topK() < v || sampling.topP() < 1.0;
        double least = sampling.minP() * kernels.max(probabilities, 0, v);
        int kept = 0;
        for (int i = 0; i < v; i++) {
            if (cut) {
                // Probabilities are not negative, so their bits sort as they do; inverted, the largest comes first.
                order[kept++] = (long) ~Float.floatToRawIntBits(probabilities[i]) << Integer.SIZE | i;
            } else if (probabilities[i] >= least) {
                order[kept++] = i;
            }
        }
        if (cut) {
            Arrays.sort(order, 0, v);
            kept = nucleus(sampling.topK() > 0 ? Math.min(sampling.topK(), v) : v);
            while (probability(kept - 1) < least) { // that of the first is not
                kept--;
            }
        }
        return draw(kept, uniform);
    }

    private float probability(int rank) {
        return probabilities[(int) order[rank]];
    }

    private double sum(int kept) {
        double sum = 0.0;
        for (int i = 0; i < kept; i++) {
            sum += probability(i);
        }
        return sum;
    }

    /** {@return how many of the first {@code kept} together reach top-p of their sum} */
    private int nucleus(int kept) {
        double bound = sampling.topP() * sum(kept);
        double reached = 0.0;
        for (int i = 0; i < kept; i++) {
            reached += probability(i);
            if (reached >= bound) {
                return i + 1;
            }
        }
        return kept;
    }

    private int draw(int kept, double uniform) {
        double bound = uniform * sum(kept);
        double reached = 0.0;
        int last = 0;
        for (int i = 0; i < kept; i++) {
            if (probability(i) > 0.0f) {
                last = i;
                reached += probability(i);
                if (reached > bound) {
                    break;
                }
            }
        }
        return (int) order[last];
    }
}
