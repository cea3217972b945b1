package io.microgpt.train;

import io.microgpt.data.StepPlan;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import java.io.Serializable;

/**
 * What computing a gradient depends on, besides weights, shards and step: small, immutable, the same for all who compute.
 *
 * @param labelSmoothing a of {@code (1-a) * one_hot + a / V}
 * @param dropout share of the attention weights and of what the residual branches add that is dropped, in [0, 1)
 * @param kernels the choice of the configuration; each JVM resolves it for itself
 */
public record TrainingTask(
        GptConfig model, StepPlan plan, double labelSmoothing, double dropout, KernelProvider.Choice kernels)
        implements Serializable {
    /** Without dropout. */
    public TrainingTask(GptConfig model, StepPlan plan, double labelSmoothing, KernelProvider.Choice kernels) {
        this(model, plan, labelSmoothing, 0.0, kernels);
    }
}
