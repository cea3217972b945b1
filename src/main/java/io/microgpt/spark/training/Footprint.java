package io.microgpt.spark.training;

import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.model.Flops;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Pass;
import io.microgpt.optim.SumTree;
import io.microgpt.train.Trainer;
import io.microgpt.train.TrainingTask;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a step moves and computes and what a training holds at the same time, by sizes alone. What comes out lies somewhat above what full
 * collections left of long trainings (README, "Memory of a long training").
 *
 * @param baseBytes that a JVM takes beside all else
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
        long baseBytes,
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
    /**
     * {@return the footprint of a training with so many tasks a step}
     *
     * @param manifests of its dataset, and of the one that is replayed
     */
    public static Footprint of(
            TrainingTask task, List<Manifest> manifests, SparkOptions options, int tasks, Cluster cluster) {
        Manifest manifest = manifests.get(0);
        int shards = task.plan().shards();
        double mean = (double) manifest.positions(Part.TRAIN) / manifest.documents(Part.TRAIN);
        int batch = task.plan().batchSize();
        double sampled = mean * Math.min(trainSample(manifest), manifest.documents(Part.TRAIN));
        double evaluated = manifests.stream()
                .mapToDouble(m -> ofATask(m.positions(Part.TEST), m, shards, tasks))
                .reduce(ofATask(sampled, manifest, shards, tasks), Math::max);
        int most = mostSubtrees(shards, tasks);
        return new Footprint(
                cluster.baseBytes(),
                task.model(),
                tasks,
                Math.min(tasks, cluster.tasksAtOnce()),
                cluster.executors(),
                options.gather().orElse(Gather.of(task.model().parameters(), tasks, cluster.executors())),
                subtrees(shards, tasks),
                most,
                most + mostWaiting(task, tasks, batch * mean),
                batch * mean,
                batch * 3 * Flops.forward(task.model(), mean),
                (long) Math.ceil(Math.max(ofATask(batch * mean, manifest, shards, tasks), evaluated)),
                manifests.stream().mapToLong(Footprint::tokenBytes).sum());
    }

    /** {@return what a task may have of the positions of one dataset: where another is replayed, all of its shards may be of the one} */
    private static double ofATask(double positions, Manifest manifest, int shards, int tasks) {
        int most = (shards + tasks - 1) / tasks;
        return positions * Math.min(1.0, (double) most / manifest.train().size());
    }

    private static long tokenBytes(Manifest manifest) {
        return Stream.of(Part.values())
                .flatMap(part -> manifest.shards(part).stream())
                .mapToLong(shard -> TokenShard.bytes(manifest.vocabularySize(), shard.documents(), shard.positions()))
                .sum();
    }

    /** {@return the training documents that an evaluation looks at: of each shard its share, rounded up} */
    private static long trainSample(Manifest manifest) {
        return Trainer.trainSample(manifest.documents(Part.TEST))
                + manifest.shards(Part.TRAIN).size();
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
    private static int mostWaiting(TrainingTask task, int tasks, double positions) {
        double passes = Gpt.addsLeaves(task.model())
                ? positions / Pass.GROUP_ROWS
                : task.plan().batchSize();
        double leaves = Math.min(task.plan().shards(), passes) / tasks;
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
        boolean handedOver = executors == 0 || model.parameters() > StepWeights.MOST_IN_CLOSURE;
        boolean blocks = gather == Gather.DIRECT && handedOver;
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
        long sums = gather == Gather.SLICED ? 3 : executors == 0 ? 0 : coming() + waiting;
        return baseBytes + (state + checkpoint + weights + sums) * modelBytes() + (executors == 0 ? ownBytes() : 0);
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
        return baseBytes + tokens + (weights + sums * parts) * modelBytes() + parts * activations();
    }

    private long activations() {
        return Pass.bytes(model, mostPositions) * 9 / 8; // ragged batches make them a little larger than is asked
    }
}
