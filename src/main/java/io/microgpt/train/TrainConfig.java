package io.microgpt.train;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.GptConfig;
import io.microgpt.optim.Adam;
import io.microgpt.optim.Schedule;

/**
 * A training in the words of the configuration.
 *
 * @param steps updates of the whole run; the schedule decays to its end there
 * @param batchSize documents a step
 * @param replayFraction share of the documents that is drawn from the older dataset, where there is one
 * @param evalEvery steps between evaluations of the test loss; 0 only at the end
 * @param checkpointEvery steps between checkpoints; 0 only at the end
 * @param keepCheckpoints how many of the last checkpoints stay, besides the best
 * @param patienceSeconds until a checkpoint that is being written is given up
 * @param patience evaluations without a lower test loss after which the training ends; 0 for never
 * @param minImprovement what the test loss must fall by to count as lower, in nats
 * @param guard what is done about divergence
 */
public record TrainConfig(
        GptConfig model,
        Adam.Settings adam,
        double clipNorm,
        Schedule schedule,
        long steps,
        int batchSize,
        double replayFraction,
        long evalEvery,
        long checkpointEvery,
        int keepCheckpoints,
        double labelSmoothing,
        long seed,
        KernelProvider.Choice kernels,
        int patienceSeconds,
        int patience,
        double minImprovement,
        GuardSettings guard) {}
