package io.microgpt.generate;

/** The model's logits are not numbers to choose by: its weights are damaged or its training diverged. */
public final class NonFiniteLogitsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NonFiniteLogitsException(float max) {
        super("the largest logit is " + max + "; the weights of this model are not usable (did its training diverge?)");
    }

    static void check(float max) {
        if (!Float.isFinite(max)) {
            throw new NonFiniteLogitsException(max);
        }
    }
}
