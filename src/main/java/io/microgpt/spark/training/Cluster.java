package io.microgpt.spark.training;

import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.status.api.v1.ExecutorSummary;
import scala.jdk.javaapi.CollectionConverters;

/**
 * What a Spark application has, as far as its configuration and its executors say.
 *
 * @param master as Spark calls it
 * @param parallelism Spark's default: tasks at once
 * @param executors JVMs that compute, those that have come up so far; 0 where it is the driver's own
 * @param slots tasks that one executor runs at once; empty where neither an executor nor the configuration has said
 * @param driverBytes the driver's heap
 * @param executorBytes an executor's heap
 * @param mostResultBytes {@code spark.driver.maxResultSize}; empty without a limit
 */
public record Cluster(
        String master,
        int parallelism,
        int executors,
        OptionalInt slots,
        long driverBytes,
        long executorBytes,
        Optional<Long> mostResultBytes) {
    private static final String THIS_PROCESS = "this process";
    private static final long MIB = 1L << 20;
    /** What Spark itself wants of a JVM. */
    private static final long SPARK_BYTES = 200 * MIB;
    /** What is wanted without Spark, by trial: the least heap for 4,192 parameters was 37 MiB, for 800,000 it was 48 more than theirs. */
    private static final long PLAIN_BYTES = 64 * MIB;

    /** {@return what there is without Spark} */
    public static Cluster ofThisProcess() {
        return new Cluster(
                THIS_PROCESS, 1, 0, OptionalInt.of(1), Runtime.getRuntime().maxMemory(), 0, Optional.empty());
    }

    public static Cluster of(JavaSparkContext spark) {
        SparkConf conf = spark.getConf();
        long results = conf.getSizeAsBytes("spark.driver.maxResultSize", "1g");
        return new Cluster(
                spark.master(),
                spark.defaultParallelism(),
                executors(spark),
                slots(spark, conf),
                Runtime.getRuntime().maxMemory(),
                conf.getSizeAsMb("spark.executor.memory", "1g") * MIB, // a number alone means MiB, to Spark too
                results > 0 ? Optional.of(results) : Optional.empty());
    }

    /** {@return how many executors there are now, at least 1; 0 where tasks run in the driver's own JVM} */
    static int executors(JavaSparkContext spark) {
        if (spark.sc().isLocal()) {
            return 0;
        }
        return Math.max(1, spark.sc().statusTracker().getExecutorInfos().length - 1); // the driver is among them
    }

    private static OptionalInt slots(JavaSparkContext spark, SparkConf conf) {
        if (spark.sc().isLocal()) {
            return OptionalInt.of(spark.defaultParallelism());
        }
        int cores = CollectionConverters.asJava(spark.sc().statusStore().executorList(true)).stream()
                .filter(executor -> !executor.id().equals("driver"))
                .mapToInt(ExecutorSummary::totalCores)
                .max()
                .orElse(conf.getInt("spark.executor.cores", 0)); // of a standalone worker without it, all: not known
        return cores == 0
                ? OptionalInt.empty()
                : OptionalInt.of(Math.max(1, cores / conf.getInt("spark.task.cpus", 1)));
    }

    /** {@return how many tasks run at once in one JVM, at least, as far as is known} */
    int tasksAtOnce() {
        return slots.orElse(1);
    }

    /** {@return what each of its JVMs takes beside the model and the data} */
    long baseBytes() {
        return isThisProcess() ? PLAIN_BYTES : SPARK_BYTES;
    }

    /** {@return whether there is no Spark} */
    boolean isThisProcess() {
        return master.equals(THIS_PROCESS);
    }

    /** {@return what else may help where the driver's heap is short for so many threads or tasks} */
    String fewerThreads(int threads) {
        return isThisProcess() && threads > 1 ? ", or fewer --threads" : "";
    }

    /** {@return what gives the driver a heap of so many bytes} */
    String driverHeap(long bytes) {
        return isThisProcess()
                ? "MICROGPT_JAVA_OPTIONS=-Xmx" + mebibytes(bytes)
                : "--driver-memory " + mebibytes(bytes);
    }

    /** {@return a size as options take it} */
    static String mebibytes(long size) {
        return (size + MIB - 1) / MIB + "m";
    }
}
