package io.microgpt.spark.training;

import io.microgpt.optim.GradientSum;

/**
 * What a job over all shards gave.
 *
 * @param sum null where no shard had a document
 * @param computeNanos the longest arithmetic of any task
 */
record Gathered(GradientSum sum, long computeNanos) {}
