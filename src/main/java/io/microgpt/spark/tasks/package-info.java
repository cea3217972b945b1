/** What the tasks of every job share: weights and sums that come as blocks from another JVM, and elements that are taken apart as they are asked for. */
package io.microgpt.spark.tasks;
