package io.microgpt.train;

/** A loss or a gradient is not finite, or far out of line; nothing of that step was kept. */
public final class DivergenceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DivergenceException(String message) {
        super(message);
    }

    /** {@return the same with more to say} */
    DivergenceException with(String more) {
        return new DivergenceException(getMessage() + ". " + more);
    }
}
