package io.microgpt.jobs;

/**
 * What a fault did to a training.
 *
 * @param way how weights and sums crossed when it came
 * @param step the last one that the driver had shown
 * @param seconds from the fault until a step had ended that began after it
 * @param lost steps that were done and had to be done again
 * @param ended whether the driver ended with an error though the fault was not its own
 */
record Incident(Fault fault, Way way, long step, double seconds, long lost, boolean ended) {}
