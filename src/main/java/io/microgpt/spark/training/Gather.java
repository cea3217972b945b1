package io.microgpt.spark.training;

/** How the gradients of a step's tasks come together on the driver; the bits are the same. */
public enum Gather {
    /** Each task sends all of its sums to the driver, which adds them as they come. */
    DIRECT,
    /** The tasks exchange slices through a shuffle; each slice is added up by one of them, and the driver collects every parameter once. */
    SLICED;

    /** Below so many bytes to the driver in a step, a second stage costs more than it saves; so does a shuffle among few ({@link Scaling}). */
    private static final long LEAST_SLICED_BYTES = 256L << 20;

    private static final int FEWEST_SLICED_TASKS = 6;

    /**
     * {@return the faster one for so many tasks, each with the sums of so many parameters}
     *
     * @param executors 0 where tasks run in the driver's own JVM: there sums are handed over, and a shuffle would write them to the disk
     */
    static Gather of(int parameters, int tasks, int executors) {
        boolean large = (long) Float.BYTES * parameters * tasks >= LEAST_SLICED_BYTES;
        return large && executors > 0 && tasks >= FEWEST_SLICED_TASKS ? SLICED : DIRECT;
    }
}
