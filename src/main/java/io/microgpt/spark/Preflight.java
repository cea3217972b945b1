package io.microgpt.spark;

import io.microgpt.data.Manifest;
import io.microgpt.train.TrainingTask;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Looks, before the first step, at what a training will move and hold, and whether this Spark can do it.
 *
 * @param footprint what is needed
 * @param cluster what is there
 */
public record Preflight(Footprint footprint, Cluster cluster) {
    private static final long MIB = 1L << 20;

    /** @param manifests of the dataset, and of the one that is replayed */
    public static Preflight of(Cluster cluster, List<Manifest> manifests, TrainingTask task, SparkOptions options) {
        int tasks = options.tasksOf(task.plan().shards(), cluster.parallelism());
        return new Preflight(
                Footprint.of(task, manifests, options, tasks, cluster.tasksAtOnce(), cluster.executors()), cluster);
    }

    /**
     * @throws IllegalArgumentException if it cannot work, with what to give to spark-submit
     */
    public void require() {
        List<String> problems = new ArrayList<>();
        long results = footprint.resultBytes();
        cluster.mostResultBytes().filter(most -> results > most).ifPresent(most -> {
            problems.add("the tasks of a step send " + bytes(results)
                    + " to the driver as results, over spark.driver.maxResultSize = " + bytes(most)
                    + "; give --conf spark.driver.maxResultSize=0"
                    + (footprint.gather() == Gather.SLICED ? ", or --set engine.gather=direct" : ""));
        });
        long driver = footprint.driverBytes() + (cluster.executors() == 0 ? footprint.executorBytes() : 0);
        if (driver > cluster.driverBytes()) {
            problems.add("the driver needs a heap of at least " + bytes(driver) + " and has "
                    + bytes(cluster.driverBytes()) + "; give --driver-memory " + mebibytes(driver));
        }
        if (cluster.executors() > 0 && footprint.executorBytes() > cluster.executorBytes()) {
            problems.add("an executor needs a heap of at least " + bytes(footprint.executorBytes()) + " and has "
                    + bytes(cluster.executorBytes()) + "; give --executor-memory "
                    + mebibytes(footprint.executorBytes())
                    + (footprint.tasksAtOnce() > 1 ? ", or --executor-cores 1" : ""));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("a model of "
                    + String.format(Locale.ROOT, "%,d", footprint.model().parameters())
                    + " parameters cannot be trained here: " + String.join("; ", problems));
        }
    }

    /** {@return what a step moves and what is held, in one line} */
    public String line() {
        Scaling.Step step = scaling(Scaling.DEFAULT_NETWORK_GBIT).now();
        String moves = cluster.executors() == 0
                ? "nothing leaves this JVM"
                : "a step moves " + bytes(footprint.broadcastBytes()) + " to "
                        + (cluster.executors() == 1 ? "1 executor" : cluster.executors() + " executors") + " and "
                        + bytes(footprint.gatheredBytes()) + " back"
                        + (footprint.gather() == Gather.SLICED
                                ? " (" + bytes(footprint.shuffledBytes()) + " by a shuffle)"
                                : "");
        long driver = footprint.driverBytes() + (cluster.executors() == 0 ? footprint.executorBytes() : 0);
        return moves + "; driver heap " + bytes(driver) + " of " + bytes(cluster.driverBytes())
                + (cluster.executors() == 0
                        ? ""
                        : ", executor heap " + bytes(footprint.executorBytes()) + " of "
                                + bytes(cluster.executorBytes()))
                + String.format(Locale.ROOT, "; overhead some %.0f %% of a step", 100 * step.overhead());
    }

    /** {@return the same training on other numbers of executors} */
    public Scaling scaling(double networkGbit) {
        return new Scaling(footprint, cluster, networkGbit);
    }

    /** {@return a size as a person reads it} */
    public static String bytes(long size) {
        if (size < 1_000_000) {
            return String.format(Locale.ROOT, "%.1f kB", size * 1e-3);
        }
        return size < 1_000_000_000
                ? String.format(Locale.ROOT, "%.1f MB", size * 1e-6)
                : String.format(Locale.ROOT, "%.2f GB", size * 1e-9);
    }

    private static String mebibytes(long size) {
        return (size + MIB - 1) / MIB + "m";
    }
}
