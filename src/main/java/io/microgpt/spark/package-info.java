/** Spark's side: preparing datasets, gradients, losses and completions on a cluster. */
package io.microgpt.spark;
