package io.microgpt.jobs;

import java.util.Locale;

/** How the weights and the sums of a training cross, by its model and its setting. */
enum Way {
    /** Few weights, with the tasks; their sums come with the results, or through a shuffle. */
    SMALL,
    /** Weights are blocks of the driver, sums blocks of the executors. */
    BLOCKS,
    /** Weights are broadcast, because there are so many executors; sums are blocks of the executors. */
    BROADCAST,
    /** Sums go through a shuffle, slice by slice; weights are blocks or broadcast. */
    SLICED;

    /** {@return what it is, in words} */
    String title() {
        return name().toLowerCase(Locale.ROOT);
    }
}
