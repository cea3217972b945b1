package io.microgpt.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * How a training runs on a cluster; the weights must not depend on any of it.
 *
 * @param executors how many, or at most how many where their number is dynamic
 * @param cores of each executor
 * @param taskCpus cores of a task
 * @param tasks a step
 * @param dynamic whether Spark starts and ends executors as it likes, within a second
 * @param speculation whether Spark runs a second copy of a task as soon as one is a little late
 * @param replication of what is written to HDFS
 */
record Setting(
        int executors, int cores, int taskCpus, int tasks, boolean dynamic, boolean speculation, int replication) {
    /** The plainest one: one executor, one core, one task. */
    static final Setting PLAIN = new Setting(1, 1, 1, 1, false, false, 2);

    private static final int MOST_EXECUTORS = 3;
    private static final int MOST_CORES = 2;
    private static final int MOST_TASKS = 8;

    static Setting random(RandomGenerator random) {
        int cores = random.nextInt(1, MOST_CORES + 1);
        return new Setting(
                random.nextInt(1, MOST_EXECUTORS + 1),
                cores,
                random.nextInt(1, cores + 1),
                random.nextInt(1, MOST_TASKS + 1),
                random.nextInt(3) == 0,
                random.nextInt(3) == 0,
                random.nextInt(2, 4));
    }

    Setting on(int executors, int cores) {
        return new Setting(executors, cores, taskCpus, tasks, dynamic, speculation, replication);
    }

    Setting withTasks(int tasks) {
        return new Setting(executors, cores, taskCpus, tasks, dynamic, speculation, replication);
    }

    Setting withTaskCpus(int taskCpus) {
        return new Setting(executors, cores, taskCpus, tasks, dynamic, speculation, replication);
    }

    Setting withDynamicAllocation() {
        return new Setting(executors, cores, taskCpus, tasks, true, speculation, replication);
    }

    Setting withSpeculation() {
        return new Setting(executors, cores, taskCpus, tasks, dynamic, true, replication);
    }

    /** {@return the arguments of a training that say so} */
    List<String> arguments() {
        return Stream.concat(conf(), Stream.of("--set", "engine.tasks=" + tasks))
                .toList();
    }

    /** {@return the arguments of any job, as far as they are Spark's} */
    Stream<String> conf() {
        List<String> conf = new ArrayList<>(List.of(
                "spark.executor.memory=600m",
                "spark.executor.cores=" + cores,
                "spark.cores.max=" + executors * cores,
                "spark.task.cpus=" + taskCpus,
                "spark.hadoop.dfs.replication=" + replication,
                "spark.ui.enabled=false"));
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
        return (dynamic ? "up to " : "") + executors + (executors == 1 ? " executor of " : " executors of ") + cores
                + (cores == 1 ? " core, " : " cores, ") + tasks + (tasks == 1 ? " task" : " tasks")
                + (taskCpus > 1 ? " of " + taskCpus + " cores" : "") + (dynamic ? ", dynamic allocation" : "")
                + (speculation ? ", speculation" : "") + ", replication " + replication;
    }
}
