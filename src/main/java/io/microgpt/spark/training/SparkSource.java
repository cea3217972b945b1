package io.microgpt.spark.training;

import io.microgpt.data.Corpus;
import io.microgpt.data.Part;
import io.microgpt.data.Shards;
import io.microgpt.data.TrainingData;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.optim.GradientSum;
import io.microgpt.spark.tasks.FloatBlocks;
import io.microgpt.train.GradientSource;
import io.microgpt.train.LossSum;
import io.microgpt.train.StepDocument;
import io.microgpt.train.TrainingTask;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;
import scala.Function1;
import scala.collection.Iterator;

/**
 * Gradients by Spark: send the weights out, compute on the cached runs of shards, add the partial sums in the fixed tree. No
 * accumulator; a task that fails or runs twice gives the same sums again.
 */
public final class SparkSource implements GradientSource {
    private final JavaSparkContext spark;
    private final TrainingTask task;
    private final Broadcast<Origin> origin;
    private final JavaRDD<ShardRun> runs;
    private final ClusterWatch watch;
    private final Direct direct;
    private final Slices slices; // null where every task sends whole gradients to the driver
    private final int partitions;
    private final String description;
    private double lastLoss = Double.NaN;
    private long owner = FloatBlocks.owner(); // of the next step's blocks

    private record Span(int first, int end) implements Serializable {}

    /** What an executor needs to read its shards. */
    private record Origin(SerializableConfiguration hadoop, Shards shards, TrainingTask task, SortedSet<Long> trainings)
            implements Serializable {
        ShardRun load(Span span) {
            ExecutorLog.withoutTasks();
            FloatBlocks.sweep(trainings);
            return ShardRun.load(hadoop.value(), shards, task, span.first(), span.end());
        }
    }

    /** What an executor says of itself. */
    private record Site(String executor, String kernels, boolean degraded) implements Serializable {}

    /**
     * Loads the shards into the executors' caches.
     *
     * @param watch bounds its waits, and knows what went wrong first
     * @param warnings takes what the user should know of the executors
     */
    public SparkSource(
            JavaSparkContext spark,
            TrainingData data,
            TrainingTask task,
            SparkOptions options,
            ClusterWatch watch,
            Consumer<String> warnings) {
        this.spark = spark;
        this.task = task;
        this.watch = watch;
        int shards = task.plan().shards();
        this.partitions = options.tasksOf(shards, spark.defaultParallelism());
        List<Span> spans = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            spans.add(new Span(first(shards, partitions, p), first(shards, partitions, p + 1)));
        }
        // Broadcast, because what the closure itself holds is serialized again with every step.
        this.origin = broadcast(
                spark,
                watch,
                new Origin(
                        new SerializableConfiguration(spark.hadoopConfiguration()),
                        data.shards(),
                        task,
                        FloatBlocks.living()));
        Broadcast<Origin> loaded = origin;
        this.runs = spark.parallelize(spans, this.partitions)
                .map(span -> loaded.value().load(span))
                .persist(StorageLevel.MEMORY_AND_DISK());
        this.direct = new Direct(
                runs.rdd(), shards, KernelProvider.choose(task.kernels()).kernels(), watch);
        int parameters = task.model().parameters();
        this.slices =
                options.gather().orElse(Gather.of(parameters, partitions, Cluster.executors(spark))) == Gather.SLICED
                        ? new Slices(partitions, parameters)
                        : null;
        if (slices != null && spark.sc().cleaner().isEmpty()) {
            warnings.accept(
                    "with spark.cleaner.referenceTracking = false Spark removes no shuffle, and sums come by one: the"
                            + " executors' disks fill up step by step; leave it away, or --set engine.gather=direct");
        }
        try {
            List<Site> sites = sites(task.kernels());
            this.description = describe(sites, warnings);
        } catch (Exception e) {
            close();
            throw failure("reading the shards", e, spark, watch);
        } finally {
            watch.end();
        }
    }

    private static Broadcast<Origin> broadcast(JavaSparkContext spark, ClusterWatch watch, Origin origin) {
        watch.begin();
        try {
            return spark.broadcast(origin);
        } catch (Exception e) { // of an interrupted one too, which no signature declares
            throw failure("reaching the executors", e, spark, watch);
        }
    }

    /** {@return the first shard of a task; of the number of tasks, the end of the last} */
    static int first(int shards, int tasks, int task) {
        return (int) ((long) shards * task / tasks);
    }

    private List<Site> sites(KernelProvider.Choice choice) throws Exception {
        List<Site> sites = new ArrayList<>();
        spark.setJobDescription("reading the shards");
        PartitionJob.run(runs.rdd(), look(choice), sites::add);
        return sites;
    }

    private static Function1<Iterator<ShardRun>, Site> look(KernelProvider.Choice choice) {
        return (Function1<Iterator<ShardRun>, Site> & Serializable) runs -> {
            runs.next();
            KernelProvider.Chosen chosen = KernelProvider.choose(choice);
            return new Site(SparkEnv.get().executorId(), chosen.reason(), chosen.degraded());
        };
    }

    private String describe(List<Site> sites, Consumer<String> warnings) {
        TreeSet<String> reasons = new TreeSet<>();
        TreeSet<String> slow = new TreeSet<>();
        for (Site site : sites) {
            reasons.add(site.kernels());
            if (site.degraded()) {
                slow.add(site.executor() + ": " + site.kernels());
            }
        }
        long executors = sites.stream().map(Site::executor).distinct().count();
        slow.forEach(reason -> warnings.accept("executor " + reason
                + "; spark.executor.extraJavaOptions of this application must not take the module away"));
        return spark.master() + ", " + partitions + (partitions == 1 ? " task" : " tasks") + " a step on "
                + executors + (executors == 1 ? " executor, " : " executors, ")
                + String.join("; ", reasons);
    }

    @Override
    public StepGradient at(long step, float[] weights) {
        long start = System.nanoTime();
        watch.begin();
        try (StepWeights sent = StepWeights.send(spark, weights, Cluster.executors(spark), owner++)) {
            long ready = System.nanoTime();
            spark.setJobDescription("step " + step + (Double.isNaN(lastLoss) ? "" : " loss " + rounded(lastLoss)));
            StepWork work = run -> sent.run(block -> run.gradients(block, step));
            Gathered gathered = slices == null ? direct.gather(work, sent.owner()) : slices.gather(runs, task, work);
            if (gathered.sum() == null) {
                throw new IllegalStateException("step " + step + " takes no document of any shard");
            }
            lastLoss = gathered.sum().meanLoss();
            double compute = gathered.computeNanos() * 1e-6;
            double since = (System.nanoTime() - ready) * 1e-6;
            return new StepGradient(gathered.sum(), (ready - start) * 1e-6, compute, Math.max(0.0, since - compute));
        } catch (Exception e) {
            throw failure("step " + step, e, spark, watch);
        } finally {
            watch.end();
        }
    }

    @Override
    public LossSum loss(Corpus corpus, Part part, double share, float[] weights) {
        watch.begin();
        try (StepWeights sent = StepWeights.send(spark, weights, Cluster.executors(spark), owner++)) {
            spark.setJobDescription("loss of the " + part.key() + " part");
            GradientSum sum = direct.gather(run -> sent.run(block -> run.losses(block, corpus, part, share)), 0)
                    .sum();
            return sum == null ? new LossSum(0.0, 0, 0) : LossSum.of(sum);
        } catch (Exception e) {
            throw failure("the loss of the " + part.key() + " part", e, spark, watch);
        } finally {
            watch.end();
        }
    }

    @Override
    public List<StepDocument> documents(long step, float[] weights) {
        watch.begin();
        try (StepWeights sent = StepWeights.send(spark, weights, Cluster.executors(spark), owner++)) {
            spark.setJobDescription("the documents of step " + step);
            List<StepDocument> documents = new ArrayList<>();
            PartitionJob.run(runs.rdd(), lookInto(sent, step), documents::addAll);
            documents.sort(Comparator.comparingInt(StepDocument::shard)); // stable: in a shard, the order of the step
            return documents;
        } catch (Exception e) {
            throw failure("looking into step " + step, e, spark, watch);
        } finally {
            watch.end();
        }
    }

    private static Function1<Iterator<ShardRun>, List<StepDocument>> lookInto(StepWeights sent, long step) {
        return (Function1<Iterator<ShardRun>, List<StepDocument>> & Serializable) runs -> {
            ShardRun run = runs.next();
            return sent.run(block -> run.documents(block, step));
        };
    }

    private static String rounded(double loss) {
        return String.format(Locale.ROOT, "%.4f", loss);
    }

    /** What explains itself passes as it is; of the rest, the first thing that went wrong is what a person wants to know. */
    static RuntimeException failure(String what, Exception e, JavaSparkContext spark, ClusterWatch watch) {
        watch.throwShortHeap(e);
        boolean explains = e instanceof RuntimeException && !spark.sc().isStopped();
        return explains
                ? (RuntimeException) e
                : new IllegalStateException(what + " failed on Spark: " + watch.explain(e), e);
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public void close() {
        FloatBlocks.end(owner);
        if (!spark.sc().isStopped()) {
            runs.unpersist(false);
            origin.destroy();
        }
    }
}
