/**
 * Gradients and losses of shards, on a cluster: how weights go out and sums come back in the fixed tree. Beside it, who watches over the
 * jobs meanwhile, and what a training will take of the cluster that there is.
 */
package io.microgpt.spark.training;
