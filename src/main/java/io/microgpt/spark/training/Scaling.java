package io.microgpt.spark.training;

import java.util.ArrayList;
import java.util.List;

/**
 * How long a step would take on other clusters: an extrapolation from sizes and from figures measured once (README, "A step on Spark"), to
 * plan with, not to rely on.
 */
public final class Scaling {
    /** A network of this speed between driver and executors, unless another is given. */
    public static final double DEFAULT_NETWORK_GBIT = 10.0;

    /** What the engine reaches on a core with AVX2 of its own, for wide models; narrow ones stay below: half of it at {@value #HALF_WIDTH}. */
    public static final double GFLOPS_A_CORE = 58.0;

    private static final double HALF_WIDTH = 64.0;
    /** Of a Spark job with two tasks: in one JVM, and on a standalone cluster. */
    public static final double LOCAL_JOB_MILLIS = 11.0;

    public static final double JOB_MILLIS = 21.0;
    /** Of every further task: the driver serializes, sends and receives them one after another. */
    public static final double TASK_MILLIS = 0.4;
    /** What a byte costs the driver for every executor that fetches it, and the executor. */
    public static final double FETCHED_NANOS = 0.4;
    /** What a byte costs that the driver fetches and adds; where it is in the same JVM, a tenth. */
    public static final double TAKEN_NANOS = 1.0;
    /** What a byte costs that is broadcast, that is shuffled, and that comes as the result of a task: serialized, stored, parsed. */
    public static final double BROADCAST_NANOS = 3.0;

    private static final double SHUFFLED_NANOS = 4.0;
    private static final double RESULT_NANOS = 2.5;

    private final Footprint footprint;
    private final Cluster cluster;
    private final double networkBytesPerMilli;

    Scaling(Footprint footprint, Cluster cluster, double networkGbit) {
        this.footprint = footprint;
        this.cluster = cluster;
        this.networkBytesPerMilli = networkGbit * 1e9 / 8 * 1e-3;
    }

    /**
     * A step, in milliseconds.
     *
     * @param executors of one task at a time each; 0 for the driver's own JVM
     * @param tasks a step
     */
    public record Step(
            int executors, int tasks, double compute, double broadcast, double gather, double job, double positions) {
        public double millis() {
            return compute + broadcast + gather + job;
        }

        /** {@return the share of the step that is not arithmetic} */
        public double overhead() {
            return 1 - compute / millis();
        }

        public double tokensPerSecond() {
            return positions / (millis() * 1e-3);
        }
    }

    /** {@return the step as it is here} */
    public Step now() {
        return step(cluster.executors(), footprint.tasks(), footprint.subtrees());
    }

    /** {@return the same step on 1, 2, 4, ... executors of one core each, as many as there are shards at most} */
    public List<Step> table(int shards) {
        List<Step> steps = new ArrayList<>();
        for (int executors = 1; executors < shards; executors *= 2) {
            steps.add(step(executors, executors, Footprint.subtrees(shards, executors)));
        }
        steps.add(step(shards, shards, shards));
        return steps;
    }

    private Step step(int executors, int tasks, int subtrees) {
        double model = footprint.modelBytes();
        double gflops =
                GFLOPS_A_CORE * footprint.model().nEmbd() / (footprint.model().nEmbd() + HALF_WIDTH);
        double compute = footprint.flops() / tasks / (gflops * 1e6);
        if (executors == 0) { // in one JVM: no network, and no second copy of the weights
            return new Step(
                    0,
                    tasks,
                    compute,
                    0,
                    subtrees * model * TAKEN_NANOS / 10 * 1e-6,
                    cluster.isThisProcess() ? 0 : job(LOCAL_JOB_MILLIS, tasks),
                    positions());
        }
        boolean sliced = Gather.of(footprint.model().parameters(), tasks, executors) == Gather.SLICED;
        // Executors pass on to each other what they have of a broadcast: the driver sends little more than one copy.
        double broadcast = executors > StepWeights.MOST_FETCHING
                ? model * BROADCAST_NANOS * 1e-6 + 2 * model / networkBytesPerMilli
                : model * FETCHED_NANOS * (executors + 1) * 1e-6 + executors * model / networkBytesPerMilli;
        double taken = sliced ? model : subtrees * model;
        double gather = taken * (sliced ? RESULT_NANOS : TAKEN_NANOS) * 1e-6 + taken / networkBytesPerMilli;
        if (sliced) { // every executor writes its sums, and reads and adds a slice of all
            gather += model * SHUFFLED_NANOS * 1e-6 + 2 * model / networkBytesPerMilli;
        }
        return new Step(
                executors, tasks, compute, broadcast, gather, job(JOB_MILLIS, tasks) * (sliced ? 2 : 1), positions());
    }

    private static double job(double millis, int tasks) {
        return millis + TASK_MILLIS * Math.max(0, tasks - 2);
    }

    private double positions() {
        return footprint.positions();
    }
}
