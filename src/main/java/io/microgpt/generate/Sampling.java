package io.microgpt.generate;

import java.io.Serializable;

/**
 * How a next token is chosen: temperature first, then the {@code topK} most likely, then of those the most likely that
 * together reach {@code topP}.
 *
 * @param temperature the logits are divided by it; 0 takes the most likely token
 * @param topK 0 is off
 * @param topP in (0, 1]; 1 is off
 */
public record Sampling(double temperature, int topK, double topP) implements Serializable {
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
    }
}
