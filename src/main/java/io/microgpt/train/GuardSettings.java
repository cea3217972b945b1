package io.microgpt.train;

/**
 * How a training is guarded against divergence, in the words of the configuration.
 *
 * @param window recent steps that a step is held against; 0 looks only for what is not finite
 * @param threshold standard deviations above the median of those, past which a step has diverged
 * @param rateCut what each rollback multiplies the learning rate by
 * @param retries most rollbacks of a training
 */
public record GuardSettings(Action action, int window, double threshold, double rateCut, int retries) {
    /** What is done about a step that has diverged. */
    public enum Action {
        /** Back to the last good checkpoint, with a lower rate; past the last retry, the same as {@link #FAIL}. */
        ROLLBACK,
        /** The training ends. */
        FAIL
    }
}
