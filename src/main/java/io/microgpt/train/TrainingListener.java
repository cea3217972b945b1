package io.microgpt.train;

/** Watches a training. Called on the training thread, except for checkpoints and warnings, which may come from the writer's. */
public interface TrainingListener {
    /** After every step, its evaluation included. */
    default void stepEnded(StepReport report) {}

    /**
     * The model as it is when it is due to be looked at: after {@link #stepEnded} of the steps that evaluate, and of the last.
     *
     * @param weights not a copy: to be read, and only until this returns
     */
    default void evaluated(long step, float[] weights) {}

    /** A checkpoint is about to be written: what should never be behind it has to be on storage when this returns. */
    default void checkpointBegins(long step) {}

    /** A checkpoint is whole on storage. */
    default void checkpointWritten(long step, String path) {}

    /** The training goes on from this step again: those after it do not count any more. */
    default void rolledBack(long step) {}

    /** Something that the user should know and that stops nothing. */
    default void warning(String message) {}
}
