package io.microgpt.spark;

import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.optim.SumTree;
import io.microgpt.train.GradientSource;
import io.microgpt.train.LossSum;
import io.microgpt.train.TrainingTask;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Gradients by Spark: broadcast the weights, compute on the cached runs of shards, add the partial sums in the fixed tree. No
 * shuffle, no accumulator; a task that fails or runs twice gives the same sums again.
 */
public final class SparkSource implements GradientSource {
    private final JavaSparkContext spark;
    private final TrainingTask task;
    private final Kernels kernels;
    private final Broadcast<Origin> origin;
    private final JavaRDD<ShardRun> runs;
    private final int partitions;
    private final String description;

    private record Span(int first, int end) implements Serializable {}

    /** What an executor needs to read its shards. */
    private record Origin(SerializableConfiguration hadoop, String directory, String manifest, TrainingTask task)
            implements Serializable {
        ShardRun load(Span span) {
            Manifest parsed = Manifest.parse(manifest, directory);
            return ShardRun.load(hadoop.value(), directory, parsed, task, span.first(), span.end());
        }
    }

    /** What an executor says of itself. */
    private record Site(String executor, String kernels, boolean degraded, int cores) implements Serializable {}

    /**
     * Loads the shards into the executors' caches.
     *
     * @param partitions tasks a step, at most one a shard; 0 for as many as Spark's default parallelism
     * @param warnings takes what the user should know of the executors
     */
    public SparkSource(
            JavaSparkContext spark, Dataset dataset, TrainingTask task, int partitions, Consumer<String> warnings) {
        this.spark = spark;
        this.task = task;
        this.kernels = KernelProvider.choose(task.kernels()).kernels();
        int shards = dataset.manifest().train().size();
        this.partitions = Math.min(shards, partitions > 0 ? partitions : spark.defaultParallelism());
        List<Span> spans = new ArrayList<>();
        for (int p = 0; p < this.partitions; p++) {
            spans.add(new Span(
                    (int) ((long) shards * p / this.partitions), (int) ((long) shards * (p + 1) / this.partitions)));
        }
        // Broadcast, because what the closure itself holds is serialized again with every step.
        this.origin = spark.broadcast(new Origin(
                new SerializableConfiguration(spark.hadoopConfiguration()),
                dataset.directory().toString(),
                dataset.manifest().toJson(),
                task));
        Broadcast<Origin> loaded = origin;
        this.runs = spark.parallelize(spans, this.partitions)
                .map(span -> loaded.value().load(span))
                .persist(StorageLevel.MEMORY_AND_DISK());
        this.description = describe(sites(task.kernels()), warnings);
    }

    private List<Site> sites(KernelProvider.Choice choice) {
        return runs.map(run -> {
                    KernelProvider.Chosen chosen = KernelProvider.choose(choice);
                    return new Site(
                            SparkEnv.get().executorId(),
                            chosen.reason(),
                            chosen.degraded(),
                            Runtime.getRuntime().availableProcessors());
                })
                .collect();
    }

    private String describe(List<Site> sites, Consumer<String> warnings) {
        TreeSet<String> executors = new TreeSet<>();
        TreeSet<String> reasons = new TreeSet<>();
        TreeSet<String> slow = new TreeSet<>();
        for (Site site : sites) {
            executors.add(site.executor());
            reasons.add(site.kernels());
            if (site.degraded()) {
                slow.add(site.executor() + ": " + site.kernels());
            }
        }
        slow.forEach(reason -> warnings.accept("executor " + reason
                + "; spark.executor.extraJavaOptions of this application must not take the module away"));
        return spark.master() + ", " + partitions + (partitions == 1 ? " task" : " tasks") + " a step on "
                + executors.size() + (executors.size() == 1 ? " executor, " : " executors, ")
                + String.join("; ", reasons);
    }

    @Override
    public StepGradient at(long step, float[] weights) {
        long start = System.nanoTime();
        Broadcast<WeightBlock> broadcast = spark.broadcast(new WeightBlock(weights));
        try {
            long sent = System.nanoTime();
            spark.setJobDescription("step " + step);
            List<PartialSums> sums =
                    runs.map(run -> run.gradients(broadcast.value(), step)).collect();
            SumTree tree = add(sums);
            long end = System.nanoTime();
            double compute =
                    sums.stream().mapToLong(PartialSums::computeNanos).max().orElse(0) * 1e-6;
            return new StepGradient(
                    tree.total(), (sent - start) * 1e-6, compute, Math.max(0.0, (end - sent) * 1e-6 - compute));
        } catch (Exception e) {
            throw failure("step " + step, e);
        } finally {
            broadcast.destroy();
        }
    }

    @Override
    public LossSum loss(Part part, double share, float[] weights) {
        Broadcast<WeightBlock> broadcast = spark.broadcast(new WeightBlock(weights));
        try {
            spark.setJobDescription("loss of the " + part.key() + " part");
            Function<ShardRun, PartialSums> losses = run -> run.losses(broadcast.value(), part, share);
            SumTree tree = add(runs.map(losses).collect());
            boolean empty = tree.nodes().size() == 1 && tree.nodes().get(0).sum() == null;
            return empty ? new LossSum(0.0, 0, 0) : LossSum.of(tree.total());
        } catch (Exception e) {
            throw failure("the loss of the " + part.key() + " part", e);
        } finally {
            broadcast.destroy();
        }
    }

    /** Spark throws a checked exception that no signature declares: as it is, no handler would expect it. */
    private static RuntimeException failure(String what, Exception e) {
        return e instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException(what + " failed on Spark: " + e.getMessage(), e);
    }

    private SumTree add(List<PartialSums> sums) {
        SumTree tree = new SumTree(task.plan().shards(), kernels);
        sums.forEach(partial -> partial.nodes().forEach(tree::add));
        return tree;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public void close() {
        runs.unpersist(false);
        origin.destroy();
    }
}
