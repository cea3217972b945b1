package io.microgpt.spark.training;

import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.model.Flops;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Pass;
import io.microgpt.optim.SumTree;
import io.microgpt.train.TrainingTask;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a step moves and computes and what a training holds at the same time, by sizes alone. What comes out lies somewhat above what full
 * collections left of long trainings (README, "Memory of a long training").
 *
 * @param model the model
 * @param tasks a step
 * @param tasksAtOnce in one executor
 * @param executors JVMs that compute; 0 where it is the driver's own
 * @param gather how gradients come together
 * @param subtrees sums that all tasks together send, each as large as the model
 * @param mostSubtrees of them, those of the task that sends most
 * @param mostSums that a task holds while it adds up its own
 * @param positions of a step, on average
 * @param flops of a step, on average
 * @param mostPositions that a task has to do with at a time, in a step or an evaluation
 * @param tokenBytes of all datasets in the executors' memory
 */
public record Footprint(
        GptConfig model,
        int tasks,
        int tasksAtOnce,
        int executors,
        Gather gather,
        int subtrees,
        int mostSubtrees,
        int mostSums,
        double positions,
        double flops,
        long mostPositions,
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
        double mean = (double) manifest.positions(Part.TRAIN) / manifest.documents(Part.TRAIN);
        int batch = task.plan().batchSize();
        long evaluated =
                manifests.stream().mapToLong(m -> m.positions(Part.TEST)).max().orElse(0);
        long tokens = manifests.stream()
                .mapToLong(m -> m.positions(Part.TRAIN) + m.positions(Part.TEST))
                .sum();
        int most = mostSubtrees(shards, tasks);
        return new Footprint(
                task.model(),
                tasks,
                Math.min(tasks, tasksAtOnce),
                executors,
                options.gather().orElse(Gather.of(task.model().parameters(), tasks)),
                subtrees(shards, tasks),
                most,
                most + mostWaiting(shards, tasks, batch * mean),
                batch * mean,
                batch * 3 * Flops.forward(task.model(), mean),
                (long) Math.ceil(Math.max(batch * mean, evaluated) / tasks),
                BYTES_A_TOKEN * tokens);
    }

    /** {@return the sums that the tasks of a step send, each of the largest subtrees of which it has all shards} */
    static int subtrees(int shards, int tasks) {
        return IntStream.range(0, tasks)
                .map(task -> subtrees(shards, tasks, task))
                .sum();
    }

    private static int mostSubtrees(int shards, int tasks) {
        return IntStream.range(0, tasks)
                .map(task -> subtrees(shards, tasks, task))
                .max()
                .orElse(1);
    }

    private static int subtrees(int shards, int tasks, int task) {
        return SumTree.subtrees(
                shards, SparkSource.first(shards, tasks, task), SparkSource.first(shards, tasks, task + 1));
    }

    /** {@return sums that wait for their siblings in a task: one a level, of what is too large to be added up in one pass} */
    private static int mostWaiting(int shards, int tasks, double positions) {
        double leaves = Math.min((double) shards, positions / Pass.GROUP_ROWS) / tasks;
        return leaves <= 1 ? 0 : 32 - Integer.numberOfLeadingZeros((int) Math.ceil(leaves) - 1);
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

    /** {@return the least heap of the driver; where its JVM computes itself, with what that takes} */
    public long driverBytes() {
        return driverBytes(waiting() > 0 ? 1 : 0);
    }

    /** {@return the heap of the driver that is enough in whatever order the sums come} */
    public long mostDriverBytes() {
        return driverBytes((waiting() + 1) / 2); // of two siblings, one waits at most
    }

    private long driverBytes(int waiting) {
        long state = 3; // weights, two moments
        long checkpoint = 3; // the same again, while it is written and the training goes on
        long weights = 1; // on their way to the executors, or packed to write samples
        long sums = executors == 0 ? 0 : gather == Gather.SLICED ? 3 : coming() + waiting;
        return BASE + (state + checkpoint + weights + sums) * modelBytes() + (executors == 0 ? ownBytes() : 0);
    }

    /** {@return sums that the driver fetches at a time} */
    private int coming() {
        return Math.min(subtrees, Direct.AT_ONCE * mostSubtrees);
    }

    /** {@return the other sums, which it may hold until their siblings come} */
    private int waiting() {
        return gather == Gather.SLICED || executors == 0 ? 0 : subtrees - coming();
    }

    /** {@return what a driver that computes itself takes for it: all tasks' sums are handed over where they are} */
    private long ownBytes() {
        return tokenBytes + (1L + (long) tasks * mostSums) * modelBytes() + tasks * activations();
    }

    /** {@return the heap that an executor takes beside so many others as there are} */
    public long executorBytes() {
        int parts =
                (tasks + Math.max(1, executors) - 1) / Math.max(1, executors); // each with scratch memory of its own
        return executorBytes(Math.max(tasksAtOnce, parts), tokenBytes / Math.max(1, executors));
    }

    /** {@return the least heap of an executor, however many there are: for one task, when all others run elsewhere} */
    public long leastExecutorBytes() {
        return executorBytes(1, tokenBytes / tasks);
    }

    private long executorBytes(int parts, long tokens) {
        long weights = 2; // packed for the kernels, and as they came
        long sums = mostSums + mostSubtrees; // and as bytes; those that wait for the driver may go to disk
        return BASE + tokens + (weights + sums * parts) * modelBytes() + parts * activations();
    }

    private long activations() {
        return Pass.bytes(model, mostPositions) * 9 / 8; // ragged batches make them a little larger than is asked
    }
}
