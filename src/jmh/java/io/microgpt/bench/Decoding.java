package io.microgpt.bench;

import io.microgpt.generate.Generator;
import io.microgpt.generate.Sampling;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.Flops;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Completes prompts of one token to the end of the block with the default sampling, all given at once: how many advance together, the
 * generator decides. A step is one token of each.
 */
final class Decoding implements Work {
    private final GptConfig model;
    private final Generator generator;
    private final int sequences;
    private long seed;

    Decoding(GptConfig model, int sequences) {
        this.model = model;
        this.sequences = sequences;
        Kernels kernels = KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();
        Generator.Options options =
                new Generator.Options(new Sampling(0.8, 0, 1.0), model.blockSize(), OptionalInt.empty());
        generator = new Generator(new Weights(model, TrainingStep.weights(model), kernels), options);
    }

    @Override
    public long run() {
        List<Generator.Prompt> prompts = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
            prompts.add(new Generator.Prompt(new int[] {s % model.vocabularySize()}, seed++, 1));
        }
        return generator.complete(prompts).stream()
                .mapToLong(completions -> completions.get(0).tokens().length)
                .sum();
    }

    @Override
    public int steps() {
        return model.blockSize();
    }

    @Override
    public int threads() {
        return 1;
    }

    @Override
    public double flopsPerToken() {
        return Flops.forward(model, model.blockSize()) / model.blockSize();
    }

    @Override
    public void close() {}
}
