package io.microgpt.generate;

import java.io.Serializable;

/**
 * How a next token is chosen: the penalty on repetition first, then temperature, then the {@code topK} most likely, of those the most
 * likely that together reach {@code topP}, and of those the ones with {@code minP} times the probability of the most likely. The order is
 * that of Hugging Face's {@code transformers}.
 *
 * @param temperature the logits are divided by it; 0 takes the most likely token
 * @param topK 0 is off
 * @param topP in (0, 1]; 1 is off
 * @param minP in [0, 1]; 0 is off
 * @param repetitionPenalty divides positive logits, and multiplies negative ones, of all tokens of the prompt and of the completion so far
 *     (Keskar et al., 2019); 1 is off
 */
public record Sampling(double temperature, int topK, double topP, double minP, double repetitionPenalty)
        implements Serializable {
    public static final Sampling GREEDY = new Sampling(0.0, 0, 1.0);

    public Sampling {
        if (!(temperature >= 0.0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("temperature = " + temperature + " must be a number from 0 up");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("top-k = " + topK + " must be at least 1, or 0 for off");
        }
        if (!(topP > 0.0 && topP <= 1.0)) {
            throw new IllegalArgumentException("top-p = " + topP + " must be above 0 and at most 1");
        }
        if (!(minP >= 0.0 && minP <= 1.0)) {
            throw new IllegalArgumentException("min-p = " + minP + " must be from 0 to 1");
        }
        if (!(repetitionPenalty > 0.0) || Double.isInfinite(repetitionPenalty)) {
            throw new IllegalArgumentException(
                    "repetition-penalty = " + repetitionPenalty + " must be a number above 0");
        }
    }

    /** Without a least probability and a penalty. */
    public Sampling(double temperature, int topK, double topP) {
        this(temperature, topK, topP, 0.0, 1.0);
    }

    boolean penalises() {
        return repetitionPenalty != 1.0;
    }
}
