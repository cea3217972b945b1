package io.microgpt.train;

import io.microgpt.data.Corpus;
import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.data.TrainingData;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Weights;
import io.microgpt.optim.SumTree;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The in-process source: all shards in memory, no Spark. */
public final class LocalSource implements GradientSource {
    private final TrainingData data;
    private final TrainingTask task;
    private final int threads;
    private final ShardThreads workers;
    private final KernelProvider.Chosen kernels;
    private Weights weights;
    private List<SumTree.Node> last = List.of();
    private final Map<Part, List<TokenShard>> shards = new EnumMap<>(Part.class);

    /** Of one dataset. */
    public LocalSource(Dataset dataset, TrainingTask task, int threads, Consumer<String> warnings) {
        this(TrainingData.of(dataset), task, threads, warnings);
    }

    /**
     * @param threads that compute; where they divide shards, at most one a shard
     * @param warnings takes what the user should know of this JVM
     */
    public LocalSource(TrainingData data, TrainingTask task, int threads, Consumer<String> warnings) {
        this.data = data;
        this.task = task;
        this.threads =
                ShardThreads.divideShards(task) ? Math.min(threads, task.plan().shards()) : threads;
        this.kernels = KernelProvider.choose(task.kernels());
        if (kernels.degraded()) {
            warnings.accept(kernels.reason());
        }
        this.workers = new ShardThreads(task);
    }

    @Override
    public StepGradient at(long step, float[] weights) {
        long start = System.nanoTime();
        workers.release(last); // the gradient of the step before
        last = List.of();
        Weights parameters = shared(weights);
        List<TokenShard> all = shards(Part.TRAIN);
        SumTree tree = workers.compute(
                threads,
                all.size(),
                (worker, sums, from, end) -> worker.gradients(sums, all.subList(from, end), from, step, parameters));
        last = tree.nodes();
        return new StepGradient(tree.total(), 0.0, (System.nanoTime() - start) * 1e-6, 0.0);
    }

    @Override
    public LossSum loss(Corpus corpus, Part part, double share, float[] weights) {
        if (data.documents(corpus, part) == 0) {
            return new LossSum(0.0, 0, 0);
        }
        Weights parameters = shared(weights);
        List<TokenShard> all = shards(part);
        return LossSum.of(workers.compute(
                        threads,
                        all.size(),
                        (worker, sums, from, end) ->
                                worker.losses(sums, all.subList(from, end), from, corpus, share, parameters))
                .total());
    }

    @Override
    public List<StepDocument> documents(long step, float[] weights) {
        return workers.documents(shards(Part.TRAIN), 0, step, shared(weights));
    }

    /** {@return the parameters for all threads, in an object that the next call uses again} */
    private Weights shared(float[] parameters) {
        if (weights == null) {
            weights = new Weights(task.model(), parameters, workers.kernels());
        } else {
            weights.set(parameters); // a thread of a call that failed may see them: what it computes is nobody's
        }
        return weights;
    }

    private List<TokenShard> shards(Part part) {
        return shards.computeIfAbsent(part, p -> {
            List<TokenShard> loaded = new ArrayList<>();
            data.datasets().forEach(dataset -> {
                for (int s = 0; s < dataset.manifest().shards(p).size(); s++) {
                    loaded.add(dataset.shard(p, s));
                }
            });
            return loaded;
        });
    }

    @Override
    public String description() {
        return "this process, " + (threads == 1 ? "one thread" : threads + " threads") + ", " + kernels.reason();
    }

    @Override
    public void close() {
        shards.clear();
    }
}
