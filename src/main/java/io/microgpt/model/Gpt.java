package io.microgpt.model;

import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.Panels;
import io.microgpt.random.CounterRandom;
import io.microgpt.random.CounterRandom.Purpose;
import java.util.Arrays;
import java.util.List;

/**
 * The arithmetic of one model shape: losses, exact gradients, initial weights. Stateless; the activations belong to a {@link Pass},
 * of which a task or a thread has its own.
 */
public final class Gpt {
    private static final float INITIAL_DEVIATION = 0.08f;
    private static final long MOST_EMBEDDINGS = 1 << 20;

    private final GptConfig config;
    private final Kernels kernels;
    private final Forward forward;
    private final LossHead head;
    private final Backward backward;

    public Gpt(GptConfig config, Kernels kernels) {
        this(config, kernels, kernels.sparse().mostActive());
    }

    Gpt(GptConfig config, Kernels kernels, double mostActive) {
        this.config = config;
        this.kernels = kernels;
        Attention attention = new Attention(config, kernels);
        this.forward = new Forward(config, kernels, attention, mostActive);
        this.head = new LossHead(config, kernels);
        this.backward = new Backward(config, kernels, attention);
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

    /**
     * {@return whether a pass can add up the leaves of a tree tile by tile: where the vocabulary is not so large that the embeddings of a
     * leaf, or the logits of a group, do not fit in memory}
     */
    public static boolean addsLeaves(GptConfig config) {
        long embeddings = (long) (config.vocabularySize() + config.blockSize()) * config.nEmbd();
        return embeddings <= MOST_EMBEDDINGS
                && (long) Pass.GROUP_ROWS / Panels.ROWS * Panels.stride(config.vocabularySize())
                        <= Workspace.LOGITS_FLOATS;
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
            Weights weights, List<int[]> documents, float smoothing, float[] gradient, Pass pass, LossSink losses) {
        pass.begin(weights, smoothing, losses);
        pass.gradient(gradient, false);
        documents.forEach(document -> pass.document(document, document.length));
        pass.end();
    }

    /** Reports the loss of every document, without label smoothing and without gradients. */
    public void loss(Weights weights, List<int[]> documents, Pass pass, LossSink losses) {
        pass.begin(weights, 0.0f, losses);
        pass.losses();
        documents.forEach(document -> pass.document(document, document.length));
        pass.end();
    }

    /** Takes what the model makes of each position of one document. */
    @FunctionalInterface
    public interface ScoreSink {
        void accept(int document, PositionScores scores);
    }

    /** Reports what the model makes of every position of every document, without label smoothing and without gradients. */
    public void scores(Weights weights, List<int[]> documents, Pass pass, ScoreSink scores) {
        pass.score(weights, scores);
        documents.forEach(document -> pass.document(document, document.length));
        pass.end();
    }

    /** {@return the logits (n, V) after each of the {@code n} tokens of one sequence, computed without a cache} */
    public float[] logits(Weights weights, int[] tokens) {
        Sequences sequence = new Sequences(config);
        sequence.run(null, false);
        sequence.add(Arrays.copyOf(tokens, tokens.length + 1), tokens.length + 1, 0, 0L);
        Workspace workspace = new Workspace();
        workspace.ensure(config, sequence, false);
        forward.run(weights, sequence, null, workspace);
        int v = config.vocabularySize();
        int e = config.nEmbd();
        float[] panels = new float[Panels.size(tokens.length, v)];
        int lmHead = weights.layout.lmHead().offset();
        kernels.panels().multiply(v, e, weights.flat, lmHead, e, 1, workspace.x, 0, panels, 0, tokens.length, false);
        float[] logits = new float[tokens.length * v];
        kernels.panels().toRows(panels, tokens.length, v, logits);
        return logits;
    }

    /**
     * One group of rows: the losses, and where they are wanted, the gradients and the hits.
     *
     * @param dropout null for none; there is none without gradients
     */
    void run(
            Weights weights,
            Sequences group,
            float smoothing,
            Dropout dropout,
            boolean gradients,
            boolean hits,
            Workspace workspace) {
        workspace.ensure(config, group, gradients);
        forward.run(weights, group, gradients ? dropout : null, workspace);
        head.run(weights, group, smoothing, gradients, hits, workspace);
        if (gradients) {
            backward.run(weights, group, dropout, workspace);
        }
    }
}
