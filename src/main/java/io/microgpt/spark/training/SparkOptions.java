package io.microgpt.spark.training;

import java.util.Optional;

/**
 * How a training uses Spark. None of it changes a bit of the results.
 *
 * @param tasks a step, at most one a shard; 0 for as many as Spark's default parallelism
 * @param gather how gradients come together; empty for the faster way by size
 */
public record SparkOptions(int tasks, Optional<Gather> gather) {
    int tasksOf(int shards, int parallelism) {
        return Math.min(shards, tasks > 0 ? tasks : parallelism);
    }

    /** {@return the same with the number of tasks that it comes to, whatever the parallelism is later} */
    public SparkOptions fixed(int shards, int parallelism) {
        return new SparkOptions(tasksOf(shards, parallelism), gather);
    }

    /** {@return so many tasks, all else by default} */
    public static SparkOptions ofTasks(int tasks) {
        return new SparkOptions(tasks, Optional.empty());
    }
}
