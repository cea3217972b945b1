package io.microgpt.spark;

import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.model.Flops;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Pass;
import io.microgpt.optim.SumTree;
import io.microgpt.train.TrainingTask;
import java.util.List;

/**
 * What a step moves and computes and what a training holds at least, by sizes alone.
 *
 * @param model the model
 * @param tasks a step
 * @param tasksAtOnce in one executor
 * @param executors JVMs that compute; 0 where it is the driver's own
 * @param gather how gradients come together
 * @param subtrees sums that all tasks together send, each as large as the model
 * @param positions of a step, on average
 * @param flops of a step, on average
 * @param tokenBytes of all datasets in the executors' memory
 */
public record Footprint(
        GptConfig model,
        int tasks,
        int tasksAtOnce,
        int executors,
        Gather gather,
        int subtrees,
        double positions,
        double flops,
        long tokenBytes) {
    /** What Spark itself wants of a JVM. */
    private static final long BASE = 200L << 20;

    private static final int BYTES_A_TOKEN = 2;

    /**
     * {@return the footprint of a training with so many tasks a step}
     *
     * @param manifests of its dataset, and of the one that is replayed
     */
    public static Footprint of(
            TrainingTask task,
            List<Manifest> manifests,
            SparkOptions options,
            int tasks,
            int tasksAtOnce,
            int executors) {
        Manifest manifest = manifests.get(0);
        int shards = task.plan().shards();
        int subtrees = 0;
        for (int t = 0; t < tasks; t++) {
            subtrees += SumTree.subtrees(
                    shards, SparkSource.first(shards, tasks, t), SparkSource.first(shards, tasks, t + 1));
        }
        double mean = (double) manifest.positions(Part.TRAIN) / manifest.documents(Part.TRAIN);
        int batch = task.plan().batchSize();
        long positions = manifests.stream()
                .mapToLong(m -> m.positions(Part.TRAIN) + m.positions(Part.TEST))
                .sum();
        return new Footprint(
                task.model(),
                tasks,
                Math.min(tasks, tasksAtOnce),
                executors,
                options.gather().orElse(Gather.of(task.model().parameters(), tasks)),
                subtrees,
                batch * mean,
                batch * 3 * Flops.forward(task.model(), mean),
                BYTES_A_TOKEN * positions);
    }

    /** {@return the size of the weights, and of a gradient} */
    public long modelBytes() {
        return (long) Float.BYTES * model.parameters();
    }

    /** {@return what goes out to the executors in a step} */
    public long broadcastBytes() {
        return executors * modelBytes();
    }

    /** {@return what the driver takes in in a step} */
    public long gatheredBytes() {
        return (gather == Gather.SLICED ? 1 : subtrees) * modelBytes();
    }

    /** {@return what of it comes as results of tasks, which {@code spark.driver.maxResultSize} bounds; blocks are fetched beside them} */
    public long resultBytes() {
        boolean blocks = executors == 0 || gather == Gather.DIRECT && model.parameters() > StepWeights.MOST_IN_CLOSURE;
        return blocks ? 0 : gatheredBytes();
    }

    /** {@return what the tasks of a step exchange by a shuffle} */
    public long shuffledBytes() {
        return gather == Gather.SLICED ? subtrees * modelBytes() : 0;
    }

    /** {@return the least heap of the driver, without what its JVM computes itself} */
    public long driverBytes() {
        long training = 4; // weights, two moments, the sum of gradients
        long checkpoint = 3;
        long broadcast = executors == 0 ? 0 : 1;
        long coming = gather == Gather.SLICED ? 2 : executors == 0 ? 0 : Math.min(subtrees, Direct.AT_ONCE);
        return BASE + (training + checkpoint + broadcast + coming) * modelBytes();
    }

    /** {@return the least heap of an executor; of a driver that computes itself, in addition} */
    public long executorBytes() {
        long weights = executors == 0 ? 1 : 2; // packed for the kernels, and as they came
        long sums = (subtrees + tasks - 1) / tasks;
        long perTask = executors == 0
                ? sums
                : 2 * sums; // and the same as bytes; those that wait for the driver may go to disk
        long tokens = tokenBytes / Math.max(1, executors);
        return (executors == 0 ? 0 : BASE)
                + tokens
                + (weights + perTask * tasksAtOnce) * modelBytes()
                + tasksAtOnce * Pass.bytes(model, Math.round(positions / tasks));
    }
}
