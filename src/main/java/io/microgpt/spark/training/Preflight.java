package io.microgpt.spark.training;

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
    /** @param manifests of the dataset, and of the one that is replayed */
    public static Preflight of(Cluster cluster, List<Manifest> manifests, TrainingTask task, SparkOptions options) {
        int tasks = options.tasksOf(task.plan().shards(), cluster.parallelism());
        return new Preflight(Footprint.of(task, manifests, options, tasks, cluster), cluster);
    }

    /**
     * Refuses what cannot work, whatever executors there are when it begins and whichever may come later.
     *
     * @throws IllegalArgumentException with what to give to spark-submit
     */
    public void require() {
        List<String> problems = problems();
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(model() + " cannot be trained here: " + String.join("; ", problems));
        }
    }

    /** {@return whether {@link #require} refuses nothing} */
    public boolean fits() {
        return problems().isEmpty();
    }

    /** {@return what gives the driver the least heap that is enough} */
    public String driverHeap() {
        return cluster.driverHeap(footprint.driverBytes());
    }

    private List<String> problems() {
        List<String> problems = new ArrayList<>();
        long results = footprint.resultBytes();
        cluster.mostResultBytes().filter(most -> results > most).ifPresent(most -> {
            problems.add("the tasks of a step send " + bytes(results)
                    + " to the driver as results, over spark.driver.maxResultSize = " + bytes(most)
                    + "; give --conf spark.driver.maxResultSize=0"
                    + (footprint.gather() == Gather.SLICED ? ", or --set engine.gather=direct" : ""));
        });
        if (footprint.driverBytes() > cluster.driverBytes()) {
            problems.add(driverNeeds());
        }
        if (cluster.executors() > 0 && footprint.leastExecutorBytes() > cluster.executorBytes()) {
            problems.add("an executor needs a heap of at least " + bytes(footprint.leastExecutorBytes()) + " and has "
                    + bytes(cluster.executorBytes()) + "; give --executor-memory "
                    + Cluster.mebibytes(footprint.leastExecutorBytes()));
        }
        return problems;
    }

    /** {@return what may go wrong, where that depends on executors that may still come and on the order of what they send} */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        long most = footprint.mostDriverBytes();
        if (most > cluster.driverBytes()) {
            warnings.add("the driver may need a heap of " + bytes(most) + " and has " + bytes(cluster.driverBytes())
                    + ", if sums of gradients come in an order that lets most of them wait; give "
                    + cluster.driverHeap(most) + ", or --set engine.gather=sliced");
        }
        long executor = footprint.executorBytes();
        if (cluster.executors() > 0 && executor > cluster.executorBytes()) {
            warnings.add("an executor may need a heap of " + bytes(executor) + " and has "
                    + bytes(cluster.executorBytes()) + ", if no more of them come than the " + cluster.executors()
                    + " so far, of " + footprint.tasksAtOnce() + (footprint.tasksAtOnce() == 1 ? " task" : " tasks")
                    + " at once; give --executor-memory " + Cluster.mebibytes(executor)
                    + (footprint.tasksAtOnce() > 1 ? ", or --executor-cores 1" : ", or more executors"));
        }
        return warnings;
    }

    /** {@return what to say of a driver whose heap was not enough, whatever was expected} */
    public String outOfHeap(OutOfMemoryError e) {
        return "the heap of the driver is short (" + e.getMessage() + "): for " + model() + " " + driverNeeds()
                + cluster.fewerThreads(footprint.tasks());
    }

    private String model() {
        return "a model of "
                + String.format(Locale.ROOT, "%,d", footprint.model().parameters()) + " parameters";
    }

    private String driverNeeds() {
        long least = footprint.driverBytes();
        // What was not enough, though it should have been, wants half as much again.
        long more = Math.max(least, least > cluster.driverBytes() ? 0 : cluster.driverBytes() * 3 / 2);
        return "the driver needs a heap of at least " + bytes(least) + " and has " + bytes(cluster.driverBytes())
                + "; give " + cluster.driverHeap(more);
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
        return moves + "; driver heap " + bytes(footprint.driverBytes()) + " of " + bytes(cluster.driverBytes())
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
}
