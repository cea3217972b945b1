package io.microgpt.bench;

import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TokenShard;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Flops;
import io.microgpt.model.GptConfig;
import io.microgpt.optim.Adam;
import io.microgpt.optim.Clip;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.Schedule;
import io.microgpt.train.GradientSource;
import io.microgpt.train.LocalSource;
import io.microgpt.train.TrainingTask;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** A step of {@code train --no-spark}, by the calls that {@link io.microgpt.train.Trainer} makes. */
final class TrainingStep implements Work {
    private static final long SEED = 1;
    private static final double INITIAL_DEVIATION = 0.08;
    /** The schedule of a run so long that its rate hardly falls while it is timed. */
    private static final Schedule LONG_RUN = new Schedule(1.0, 100, 1_000_000, 0.0);

    private final double baseRate;
    private final int threads;
    private final Path directory;
    private final GradientSource source;
    private final Kernels kernels;
    private final float[] weights;
    private final Clip clip;
    private final Adam adam;
    private final double flopsPerToken;
    private long step;

    /**
     * @param threads that compute, of a dataset of as many shards at least unless the model is large
     * @param directory of the dataset, deleted by {@link #close}
     */
    TrainingStep(Dataset dataset, GptConfig model, int batch, double baseRate, int threads, Path directory) {
        this.baseRate = baseRate;
        this.threads = threads;
        this.directory = directory;
        Manifest manifest = dataset.manifest();
        int[] sizes =
                manifest.train().stream().mapToInt(Manifest.Shard::documents).toArray();
        StepPlan plan = new StepPlan(SEED, sizes, batch);
        // Demanded: figures of the scalar kernels would pass for the engine's.
        KernelProvider.Choice choice = KernelProvider.Choice.VECTOR;
        double dropout = Double.parseDouble(System.getProperty("bench.dropout", "0"));
        TrainingTask task =
                new TrainingTask(model, manifest.continuous() ? plan.withShiftedBlocks() : plan, 0.0, dropout, choice);
        source = new LocalSource(dataset, task, threads, System.err::println);
        kernels = KernelProvider.choose(choice).kernels();
        weights = weights(model);
        clip = new Clip(1.0);
        adam = new Adam(
                new Adam.Settings(0.85, 0.99, 1e-8, true, 0.0),
                kernels,
                new float[weights.length],
                new float[weights.length]);
        flopsPerToken = flopsPerToken(model, dataset);
    }

    /** {@return initial weights: as a training's, but not its bits, which take longer to make than they are used here} */
    static float[] weights(GptConfig model) {
        SplittableRandom random = new SplittableRandom(SEED);
        float[] weights = new float[model.parameters()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextGaussian(0.0, INITIAL_DEVIATION);
        }
        return weights;
    }

    /** {@return operations of a token, forward and backward (twice forward), on the mean of an epoch} */
    private static double flopsPerToken(GptConfig model, Dataset dataset) {
        double sum = 0;
        for (int s = 0; s < dataset.manifest().train().size(); s++) {
            TokenShard shard = dataset.shard(Part.TRAIN, s);
            for (int d = 0; d < shard.documents(); d++) {
                sum += 3 * Flops.forward(model, shard.positions(d));
            }
        }
        return sum / dataset.manifest().positions(Part.TRAIN);
    }

    /**
     * Trains up to a step, or takes it from the file where this has been done before. Nothing says of what the file is: whoever has other data
     * deletes it.
     */
    void trainTo(long last, Path file) throws IOException {
        FloatBuffer state = FloatBuffer.allocate(3 * weights.length);
        if (Files.exists(file)) {
            state.put(ByteBuffer.wrap(Files.readAllBytes(file)).asFloatBuffer()).flip();
            state.get(weights).get(adam.firstMoment()).get(adam.secondMoment());
            step = last;
            return;
        }
        while (step < last) {
            run();
        }
        state.put(weights).put(adam.firstMoment()).put(adam.secondMoment()).flip();
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * state.limit());
        bytes.asFloatBuffer().put(state);
        Path part = Files.createTempFile(file.getParent(), "state", ".part");
        Files.write(part, bytes.array());
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public long run() {
        GradientSum sum = source.at(step, weights).sum();
        double norm = sum.meanNorm(kernels);
        if (!Double.isFinite(sum.meanLoss()) || !Double.isFinite(norm)) {
            throw new IllegalStateException("step " + step + " gave a loss of " + sum.meanLoss()
                    + " and a gradient norm of " + norm + ": its time is not that of a training");
        }
        double rate = baseRate * LONG_RUN.at(step);
        adam.step(weights, sum.gradient(), clip.factor(norm) / sum.positions(), rate, step);
        step++;
        return sum.positions();
    }

    @Override
    public int steps() {
        return 1;
    }

    @Override
    public int threads() {
        return threads;
    }

    @Override
    public double flopsPerToken() {
        return flopsPerToken;
    }

    @Override
    public void close() {
        source.close();
        delete(directory);
    }

    static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
