/**
 * Spark's side as an application of your own meets it: models for its datasets and in its SQL. What is done for them, and for the
 * commands, has rooms of its own below: tasks, training, input, preparing, completing, scoring.
 */
package io.microgpt.spark;
