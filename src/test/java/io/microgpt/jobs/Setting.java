package io.microgpt.jobs;

import io.microgpt.spark.training.Gather;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * How a training runs on a cluster; the weights must not depend on any of it.
 *
 * @param executors how many, or at most how many where their number is dynamic; 0 where the driver itself computes
 * @param cores of each executor, or of the driver
 * @param taskCpus cores of a task
 * @param tasks a step
 * @param gather how gradients come together; empty for the program's own choice
 * @param dynamic whether Spark starts and ends executors as it likes, within a second
 * @param speculation whether Spark runs a second copy of a task as soon as one is a little late
 * @param replication of what is written to HDFS
 */
record Setting(
        int executors,
        int cores,
        int taskCpus,
        int tasks,
        Optional<Gather> gather,
        boolean dynamic,
        boolean speculation,
        int replication) {
    /** The plainest one: one executor, one core, one task. */
    static final Setting PLAIN = new Setting(1, 1, 1, 1, Optional.empty(), false, false, 2);

    /** From so many executors on, large weights are broadcast. */
    static final int BROADCASTING = 5;

    private static final int MOST_EXECUTORS = 3;
    private static final int MOST_CORES = 2;
    private static final int MOST_TASKS = 8;

    static Setting random(RandomGenerator random) {
        int kind = random.nextInt(12);
        boolean many = kind < 3;
        int cores = many ? 1 : random.nextInt(1, MOST_CORES + 1);
        int executors = many ? BROADCASTING : kind == 3 ? 0 : random.nextInt(1, MOST_EXECUTORS + 1);
        List<Optional<Gather>> gathers =
                List.of(Optional.empty(), Optional.of(Gather.DIRECT), Optional.of(Gather.SLICED));
        return new Setting(
                executors,
                cores,
                executors == 0 ? 1 : random.nextInt(1, cores + 1),
                random.nextInt(1, MOST_TASKS + 1),
                gathers.get(random.nextInt(gathers.size())),
                executors > 0 && !many && random.nextInt(3) == 0, // there would seldom be so many
                executors > 0 && random.nextInt(3) == 0,
                random.nextInt(2, 4));
    }

    Setting on(int executors, int cores) {
        return new Setting(executors, cores, taskCpus, tasks, gather, dynamic, speculation, replication);
    }

    Setting withTasks(int tasks) {
        return new Setting(executors, cores, taskCpus, tasks, gather, dynamic, speculation, replication);
    }

    Setting withTaskCpus(int taskCpus) {
        return new Setting(executors, cores, taskCpus, tasks, gather, dynamic, speculation, replication);
    }

    Setting sliced() {
        return new Setting(
                executors, cores, taskCpus, tasks, Optional.of(Gather.SLICED), dynamic, speculation, replication);
    }

    Setting withDynamicAllocation() {
        return new Setting(executors, cores, taskCpus, tasks, gather, true, speculation, replication);
    }

    Setting withSpeculation() {
        return new Setting(executors, cores, taskCpus, tasks, gather, dynamic, true, replication);
    }

    /** {@return what is to be given as {@code --master}} */
    String master(Cluster cluster) throws IOException {
        return executors == 0 ? "local[" + cores + "]" : cluster.master();
    }

    /** {@return how weights and sums cross; no model here is so large that the program slices of its own} */
    Way way(Model model) {
        if (model == Model.SMALL) {
            return Way.SMALL;
        }
        if (gather.equals(Optional.of(Gather.SLICED))) {
            return Way.SLICED;
        }
        return executors >= BROADCASTING ? Way.BROADCAST : Way.BLOCKS;
    }

    /** {@return the arguments of a training that say so} */
    List<String> arguments() {
        return Stream.concat(
                        conf(), Stream.of("--set", "engine.tasks=" + tasks, "--set", "engine.gather=" + gatherName()))
                .toList();
    }

    private String gatherName() {
        return gather.map(way -> way.name().toLowerCase(Locale.ROOT)).orElse("auto");
    }

    /** {@return the arguments of any job, as far as they are Spark's} */
    Stream<String> conf() {
        List<String> conf = new ArrayList<>(List.of(
                "spark.executor.memory=600m",
                "spark.executor.cores=" + cores,
                "spark.task.cpus=" + taskCpus,
                "spark.hadoop.dfs.replication=" + replication,
                "spark.ui.enabled=false"));
        if (executors > 0) {
            conf.add("spark.cores.max=" + executors * cores);
        }
        if (executors >= BROADCASTING && !dynamic) {
            conf.addAll(List.of(
                    "spark.scheduler.minRegisteredResourcesRatio=1.0", // or the first steps are on those that are there
                    "spark.scheduler.maxRegisteredResourcesWaitingTime=120s")); // a worker may be dead
        }
        if (dynamic) {
            conf.addAll(List.of(
                    "spark.dynamicAllocation.enabled=true",
                    "spark.dynamicAllocation.shuffleTracking.enabled=true",
                    "spark.dynamicAllocation.minExecutors=1",
                    "spark.dynamicAllocation.maxExecutors=" + executors,
                    "spark.dynamicAllocation.schedulerBacklogTimeout=1s",
                    "spark.dynamicAllocation.executorIdleTimeout=1s",
                    "spark.dynamicAllocation.cachedExecutorIdleTimeout=1s"));
        }
        if (speculation) {
            conf.addAll(List.of(
                    "spark.speculation=true",
                    "spark.speculation.interval=10ms",
                    "spark.speculation.multiplier=1.1",
                    "spark.speculation.quantile=0.3",
                    "spark.speculation.minTaskRuntime=1ms"));
        }
        return conf.stream().flatMap(entry -> Stream.of("--conf", entry));
    }

    @Override
    public String toString() {
        String where = executors == 0
                ? "no executor, the driver's own "
                : (dynamic ? "up to " : "") + executors + (executors == 1 ? " executor of " : " executors of ");
        return where + cores + (cores == 1 ? " core, " : " cores, ") + tasks + (tasks == 1 ? " task" : " tasks")
                + (taskCpus > 1 ? " of " + taskCpus + " cores" : "") + ", " + gatherName()
                + (dynamic ? ", dynamic allocation" : "")
                + (speculation ? ", speculation" : "") + ", replication " + replication;
    }
}
