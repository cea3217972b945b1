package io.microgpt.train;

import io.microgpt.data.Corpus;
import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.data.TrainingData;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Gpt;
import io.microgpt.optim.SumTree;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The in-process source: all shards in memory, one thread, no Spark. */
public final class LocalSource implements GradientSource {
    private final TrainingData data;
    private final ShardWorker worker;
    private final TrainingTask task;
    private final KernelProvider.Chosen kernels;
    private List<SumTree.Node> last = List.of();
    private final Map<Part, List<TokenShard>> shards = new EnumMap<>(Part.class);

    /** Of one dataset. */
    public LocalSource(Dataset dataset, TrainingTask task, Consumer<String> warnings) {
        this(TrainingData.of(dataset), task, warnings);
    }

    /** @param warnings takes what the user should know of this JVM */
    public LocalSource(TrainingData data, TrainingTask task, Consumer<String> warnings) {
        this.data = data;
        this.task = task;
        this.kernels = KernelProvider.choose(task.kernels());
        if (kernels.degraded()) {
            warnings.accept(kernels.reason());
        }
        this.worker = new ShardWorker(task, new Gpt(task.model(), kernels.kernels()));
    }

    @Override
    public StepGradient at(long step, float[] weights) {
        long start = System.nanoTime();
        worker.release(last); // the gradient of the step before
        last = List.of();
        SumTree tree = worker.tree();
        worker.gradients(tree, shards(Part.TRAIN), 0, step, worker.weights(weights));
        last = tree.nodes();
        return new StepGradient(tree.total(), 0.0, (System.nanoTime() - start) * 1e-6, 0.0);
    }

    @Override
    public LossSum loss(Corpus corpus, Part part, double share, float[] weights) {
        if (data.documents(corpus, part) == 0) {
            return new LossSum(0.0, 0, 0);
        }
        SumTree tree = worker.tree();
        worker.losses(tree, shards(part), 0, corpus, share, worker.weights(weights));
        return LossSum.of(tree.total());
    }

    @Override
    public List<StepDocument> documents(long step, float[] weights) {
        return worker.documents(shards(Part.TRAIN), 0, step, worker.weights(weights));
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
        return "this process, one thread, " + kernels.reason();
    }

    @Override
    public void close() {
        shards.clear();
    }
}
