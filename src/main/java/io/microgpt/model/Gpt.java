package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.util.List;

/**
 * The arithmetic of one model shape: losses, exact gradients, initial weights. Stateless but for the workspace that the
 * caller owns, so a task or a thread has its own. Documents are taken in order and in groups of rows that fit the workspace;
 * the grouping does not change a bit of any result, because rows do not see each other and every gradient accumulates
 * row after row.
 */
public final class Gpt {
    /** Rows of a group: enough to keep the matrix products busy, few enough to stay in the cache. */
    private static final int GROUP_ROWS = 1024;

    private static final float INITIAL_DEVIATION = 0.08f;

    private final GptConfig config;
    private final Kernels kernels;
    private final Forward forward;
    private final Backward backward;

    public Gpt(GptConfig config, Kernels kernels) {
        this.config = config;
        this.kernels = kernels;
        this.forward = new Forward(config, kernels);
        this.backward = new Backward(config, kernels);
    }

    public GptConfig config() {
        return config;
    }

    public Kernels kernels() {
        return kernels;
    }

    /** {@return initial weights: normal, standard deviation 0.08, a pure function of the seed and of the index} */
    public static float[] initialWeights(GptConfig config, long seed) {
        float[] weights = new float[config.parameters()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (INITIAL_DEVIATION * CounterRandom.normal(seed, Purpose.WEIGHTS, i, 0, 0));
        }
        return weights;
    }

    /** Takes the loss of one document: its sum over positions, in nats. */
    @FunctionalInterface
    public interface LossSink {
        void accept(int document, double lossSum, int positions);
    }

    /**
     * Adds the gradient of the summed loss of {@code documents} to {@code gradient}, and reports every document's loss.
     *
     * @param smoothing label smoothing a: targets are {@code (1-a) * one_hot + a / V}
     * @param gradient the flat gradient, same layout as the weights; added to
     */
    public void gradient(
            Weights weights,
            List<int[]> documents,
            float smoothing,
            float[] gradient,
            Workspace workspace,
            LossSink losses) {
        run(weights, documents, smoothing, gradient, workspace, losses);
    }

    /** Reports the loss of every document, without label smoothing and without gradients. */
    public void loss(Weights weights, List<int[]> documents, Workspace workspace, LossSink losses) {
        run(weights, documents, 0.0f, null, workspace, losses);
    }

    /** {@return the logits (n, V) after each of the {@code n} tokens of one sequence, computed without a cache} */
    public float[] logits(Weights weights, int[] tokens, Workspace workspace) {
        int[] withTarget = java.util.Arrays.copyOf(tokens, tokens.length + 1);
        Sequences sequence = Sequences.of(List.of(withTarget), 0, 1, config);
        workspace.ensure(config, tokens.length, tokens.length, false);
        forward.run(weights, sequence, workspace);
        int v = config.vocabularySize();
        int e = config.nEmbd();
        float[] logits = new float[tokens.length * v];
        kernels.matmul(tokens.length, v, e, workspace.x, 0, e, 1, weights.lmHead, 0, v, logits, 0, v, false);
        return logits;
    }

    private void run(
            Weights weights,
            List<int[]> documents,
            float smoothing,
            float[] gradient,
            Workspace workspace,
            LossSink losses) {
        int from = 0;
        while (from < documents.size()) {
            int rows = documents.get(from).length - 1;
            int to = from + 1;
            while (to < documents.size() && rows + documents.get(to).length - 1 <= GROUP_ROWS) {
                rows += documents.get(to).length - 1;
                to++;
            }
            Sequences group = Sequences.of(documents, from, to, config);
            workspace.ensure(config, group.rows(), group.longest(), gradient != null);
            forward.run(weights, group, workspace);
            forward.head(weights, group, smoothing, gradient, workspace);
            if (gradient != null) {
                backward.run(weights, group, gradient, workspace);
            }
            for (int d = 0; d < group.count(); d++) {
                double sum = 0.0;
                for (int row = group.start(d); row < group.start(d) + group.length(d); row++) {
                    sum += workspace.loss[row];
                }
                losses.accept(from + d, sum, group.length(d));
            }
            from = to;
        }
    }
}
