package io.microgpt.bench;

import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TrainingData;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.spark.SparkDefaults;
import io.microgpt.spark.training.ClusterWatch;
import io.microgpt.spark.training.SparkOptions;
import io.microgpt.spark.training.SparkSource;
import io.microgpt.train.TrainingTask;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * What a step on Spark costs beyond its arithmetic, in milliseconds, as one line a model: {@code SparkOverhead WHO MASTER TASKS [JARS]}.
 *
 * <p>WHO is {@code ours}, a step of {@link SparkSource} less the longest arithmetic of its tasks; {@code naive}, the loop that anyone would write
 * first (broadcast an array, map, collect, add, update), which computes next to nothing, on Spark's defaults; or {@code count}, a bare {@code count()} of as many
 * cached partitions, the floor of a Spark job. Measured is the last quarter of the steps: for the first thousands, the compilers of the JVMs take up to a
 * third of the processor (from their threads' times), and a training is longer than that.
 */
final class SparkOverhead {
    /** Of 4,192, 835,840 and 9,999,872 parameters with a vocabulary of 27. */
    private static final List<GptConfig> MODELS = List.of(
            new GptConfig(27, 16, 4, 1, 16, 64),
            new GptConfig(27, 128, 4, 4, 332, 512),
            new GptConfig(27, 256, 8, 12, 2144, 1024));

    private static final int SHARDS = 8;
    /** So few that the arithmetic of the largest model does not hide what is measured. */
    private static final int DOCUMENTS_A_STEP = 4;

    private static final int PATIENCE_SECONDS = 300;
    /** Jobs before anything is measured: so long does it take until Spark's own code is compiled. */
    private static final int JOBS = 1000;

    private static final int SHORT_STEPS = 4000;
    /** Of a model over {@value #LARGE} parameters. */
    private static final int LONG_STEPS = 400;

    private static final int LARGE = 5_000_000;

    private SparkOverhead() {}

    public static void main(String[] args) throws Exception {
        if (args.length < 3 || args.length > 4) {
            throw new IllegalArgumentException("usage: SparkOverhead ours|naive|count MASTER TASKS [JARS]");
        }
        SparkConf conf = new SparkConf()
                .setMaster(args[1])
                .setAppName("overhead " + args[0])
                .set("spark.jars", args.length > 3 ? args[3] : "");
        if (args[0].equals("naive")) {
            conf.set("spark.driver.maxResultSize", "4g").set("spark.ui.enabled", "false"); // as little as it can be
        } else {
            SparkDefaults.addTo(conf);
        }
        int tasks = Integer.parseInt(args[2]);
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            spark.setLogLevel("ERROR");
            timed(JOBS, count(cached(spark, tasks)));
            if (args[0].equals("count")) {
                print(args, 0, timed(SHORT_STEPS, count(cached(spark, tasks))));
                return;
            }
            for (GptConfig model : MODELS) {
                int steps = model.parameters() < LARGE ? SHORT_STEPS : LONG_STEPS;
                print(
                        args,
                        model.parameters(),
                        args[0].equals("ours")
                                ? ours(spark, tasks, model, steps)
                                : timed(steps, naive(cached(spark, tasks), spark, model.parameters())));
            }
        }
    }

    private static JavaRDD<Integer> cached(JavaSparkContext spark, int partitions) {
        JavaRDD<Integer> rdd = spark.parallelize(
                        IntStream.range(0, partitions).boxed().toList(), partitions)
                .cache();
        rdd.count();
        return rdd;
    }

    private static double[] timed(int steps, DoubleSupplier step) {
        double[] millis = new double[steps];
        for (int s = 0; s < steps; s++) {
            long start = System.nanoTime();
            double arithmetic = step.getAsDouble();
            millis[s] = (System.nanoTime() - start) * 1e-6 - arithmetic;
        }
        return millis;
    }

    private static DoubleSupplier count(JavaRDD<Integer> rdd) {
        return () -> {
            rdd.count();
            return 0.0;
        };
    }

    private static DoubleSupplier naive(JavaRDD<Integer> rdd, JavaSparkContext spark, int parameters) {
        float[] w = new float[parameters];
        Arrays.fill(w, 0.5f);
        return () -> {
            Broadcast<float[]> weights = spark.broadcast(w);
            List<float[]> gradients = rdd.map(x -> {
                        float[] v = weights.value();
                        float[] g = new float[v.length];
                        for (int i = 0; i < g.length; i++) {
                            g[i] = v[i] * 0.5f;
                        }
                        return g;
                    })
                    .collect();
            float[] sum = gradients.get(0);
            for (float[] g : gradients.subList(1, gradients.size())) {
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += g[i];
                }
            }
            for (int i = 0; i < w.length; i++) {
                w[i] -= 1e-3f * sum[i];
            }
            weights.destroy();
            return 0.0;
        };
    }

    private static double[] ours(JavaSparkContext spark, int tasks, GptConfig model, int steps) throws Exception {
        Path directory = Files.createTempDirectory("microgpt-overhead-");
        Dataset dataset = new PreparedFiles(directory, 16, SHARDS).random(model.vocabularySize(), 1000, 7);
        int[] sizes = dataset.manifest().train().stream()
                .mapToInt(Manifest.Shard::documents)
                .toArray();
        TrainingTask task =
                new TrainingTask(model, new StepPlan(1, sizes, DOCUMENTS_A_STEP), 0.0, KernelProvider.Choice.VECTOR);
        float[] weights = TrainingStep.weights(model);
        try (ClusterWatch watch = new ClusterWatch(spark.sc(), PATIENCE_SECONDS, System.err::println);
                SparkSource source = new SparkSource(
                        spark,
                        TrainingData.of(dataset),
                        task,
                        SparkOptions.ofTasks(tasks),
                        watch,
                        System.err::println)) {
            long[] step = {0};
            return timed(steps, () -> source.at(step[0]++, weights).computeMillis());
        } finally {
            TrainingStep.delete(directory);
        }
    }

    private static void print(String[] args, int parameters, double[] millis) {
        double[] warm = Arrays.copyOfRange(millis, millis.length * 3 / 4, millis.length);
        Arrays.sort(warm);
        System.out.println(String.format(
                Locale.ROOT,
                "who=%s master=%s parameters=%d ms=%.2f p10=%.2f p90=%.2f",
                args[0],
                args[1].startsWith("local") ? args[1] : "standalone",
                parameters,
                warm[warm.length / 2],
                warm[warm.length / 10],
                warm[warm.length * 9 / 10]));
    }
}
