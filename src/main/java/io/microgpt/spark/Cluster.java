package io.microgpt.spark;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * What a Spark application has, as far as its configuration and its executors say.
 *
 * @param master as Spark calls it
 * @param parallelism Spark's default: tasks at once
 * @param executors JVMs that compute, those that have come up so far; 0 where it is the driver's own
 * @param driverBytes the driver's heap
 * @param executorBytes an executor's heap
 * @param mostResultBytes {@code spark.driver.maxResultSize}; empty without a limit
 */
public record Cluster(
        String master,
        int parallelism,
        int executors,
        long driverBytes,
        long executorBytes,
        Optional<Long> mostResultBytes) {
    /** {@return what there is without Spark} */
    public static Cluster ofThisProcess() {
        return new Cluster("this process", 1, 0, Runtime.getRuntime().maxMemory(), 0, Optional.empty());
    }

    public static Cluster of(JavaSparkContext spark) {
        SparkConf conf = spark.getConf();
        long results = conf.getSizeAsBytes("spark.driver.maxResultSize", "1g");
        return new Cluster(
                spark.master(),
                spark.defaultParallelism(),
                executors(spark),
                Runtime.getRuntime().maxMemory(),
                conf.getSizeAsBytes("spark.executor.memory", "1g"),
                results > 0 ? Optional.of(results) : Optional.empty());
    }

    /** {@return how many executors there are now, at least 1; 0 where tasks run in the driver's own JVM} */
    static int executors(JavaSparkContext spark) {
        if (spark.sc().isLocal()) {
            return 0;
        }
        return Math.max(1, spark.sc().statusTracker().getExecutorInfos().length - 1); // the driver is among them
    }

    /** {@return how many tasks run at once in one JVM} */
    int tasksAtOnce() {
        return Math.max(1, (parallelism + Math.max(1, executors) - 1) / Math.max(1, executors));
    }
}
