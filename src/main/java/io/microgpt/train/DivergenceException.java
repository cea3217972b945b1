package io.microgpt.train;

/** The loss or the gradient is no longer a finite number; nothing of that step was kept. */
public final class DivergenceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DivergenceException(String message) {
        super(message);
    }
}
