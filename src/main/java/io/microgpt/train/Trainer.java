package io.microgpt.train;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.checkpoint.WeightsHash;
import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.optim.Adam;
import io.microgpt.optim.Clip;
import io.microgpt.optim.GradientSum;
import io.microgpt.train.GradientSource.StepGradient;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;

/**
 * The training loop. It holds all the state; gradients come from a {@link GradientSource}, of which it knows nothing else.
 */
public final class Trainer {
    /** Fewest training documents that the closing estimate of the train loss looks at. */
    private static final long LEAST_TRAIN_SAMPLE = 2_000;

    private final TrainConfig config;
    private final Dataset dataset;
    private final GradientSource gradients;
    private final CheckpointStore store;
    private final String configJson;
    private final TrainingListener listener;

    private final TrainingState state;
    private final Adam adam;
    private final Clip clip;
    private final Kernels kernels;
    private long written; // the step of the newest checkpoint

    /**
     * @param configJson the resolved configuration, kept in every checkpoint
     * @param resumed the checkpoint to go on from; empty to start from initial weights
     */
    public Trainer(
            TrainConfig config,
            Dataset dataset,
            GradientSource gradients,
            CheckpointStore store,
            String configJson,
            Optional<Checkpoint> resumed,
            TrainingListener listener) {
        this.config = config;
        this.dataset = dataset;
        this.gradients = gradients;
        this.store = store;
        this.configJson = configJson;
        this.listener = listener;
        resumed.ifPresent(checkpoint -> Compatibility.check(checkpoint, config.model(), dataset));
        state = resumed.map(TrainingState::of).orElseGet(() -> TrainingState.initial(config.model(), config.seed()));
        written = resumed.isPresent() ? state.step : -1;
        kernels = KernelProvider.choose(config.kernels()).kernels();
        adam = new Adam(config.adam(), kernels, state.firstMoment, state.secondMoment);
        clip = new Clip(config.clipNorm());
    }

    /**
     * How a training ended.
     *
     * @param step steps done in all
     * @param trainLoss mean loss of the last step's documents
     * @param train loss over a fixed sample of the training documents, about as many as the test part has
     * @param test loss over the test part
     * @param sha256 of the weights
     * @param stopped whether it ended before its last step because it was asked to
     */
    public record Result(long step, double trainLoss, LossSum train, LossSum test, String sha256, boolean stopped) {}

    /**
     * Trains to the last step, or until {@code stop} says so between two steps; the state is then in a checkpoint.
     *
     * @throws DivergenceException if a loss or a gradient is not finite
     */
    public Result run(BooleanSupplier stop) {
        boolean stopped = false;
        try (BackgroundCheckpoints checkpoints =
                new BackgroundCheckpoints(store, config.keepCheckpoints(), config.patienceSeconds(), listener)) {
            try {
                while (!stopped && state.step < config.steps()) {
                    stopped = stop.getAsBoolean();
                    if (!stopped && (step() || due(config.checkpointEvery()))) {
                        checkpoint(checkpoints);
                    }
                }
            } catch (DivergenceException e) {
                throw e; // the steps before it are suspect too
            } catch (RuntimeException e) {
                rescue(checkpoints, e);
                throw e;
            }
            checkpoint(checkpoints);
            checkpoints.await();
        }
        return result(stopped);
    }

    /** Writes a checkpoint of this moment, unless there is one. */
    private void checkpoint(BackgroundCheckpoints checkpoints) {
        if (written != state.step) {
            listener.checkpointBegins(state.step);
            write(checkpoints);
        }
    }

    private void write(BackgroundCheckpoints checkpoints) {
        checkpoints.write(snapshot(), state.bestStep);
        written = state.step;
    }

    /** A step has failed, and left the state as it was before: what is done need not be done again. */
    private void rescue(BackgroundCheckpoints checkpoints, RuntimeException cause) {
        try {
            if (written != state.step) {
                write(checkpoints); // nobody is asked: it may be a listener that failed
            }
            checkpoints.await();
            listener.warning(
                    "a step failed; the training stands at step " + state.step + " in a checkpoint, --resume goes on");
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    /** {@return the weights as they are; not a copy} */
    public float[] weights() {
        return state.weights;
    }

    /** One step: gradient, norm, clip, Adam; and an evaluation when it is due. {@return whether its test loss is the best} */
    private boolean step() {
        long start = System.nanoTime();
        double rate = config.schedule().at(state.step);
        StepGradient gradient = gradients.at(state.step, state.weights);
        long update = System.nanoTime();
        GradientSum sum = gradient.sum();
        requirePlanned(sum.documents());
        double norm = sum.meanNorm(kernels);
        requireFinite(sum.meanLoss(), norm);
        adam.step(state.weights, sum.gradient(), clip.factor(norm) / sum.positions(), rate, state.step);
        long end = System.nanoTime();

        state.step++;
        state.documents += sum.documents();
        state.positions += sum.positions();
        state.trainLoss = sum.meanLoss();
        boolean best = false;
        OptionalDouble testLoss = OptionalDouble.empty();
        boolean evaluate = due(config.evalEvery()) || state.step == config.steps();
        if (evaluate && dataset.manifest().documents(Part.TEST) > 0) {
            double loss = gradients.loss(Part.TEST, 1.0, state.weights).mean();
            best = state.evaluated(loss);
            testLoss = OptionalDouble.of(loss);
        }
        listener.stepEnded(new StepReport(
                state.step,
                sum.meanLoss(),
                rate,
                norm,
                sum.positions(),
                (end - start) * 1e-6,
                gradient.broadcastMillis(),
                gradient.computeMillis(),
                gradient.gatherMillis(),
                (end - update) * 1e-6,
                testLoss));
        if (evaluate) {
            listener.evaluated(state.step, state.weights);
        }
        return best;
    }

    private boolean due(long every) {
        return every > 0 && state.step % every == 0;
    }

    /** Whatever was retried, copied or lost on the way: each document of the step counts once. */
    private void requirePlanned(long documents) {
        if (documents != config.batchSize()) {
            throw new IllegalStateException("step " + state.step + " counted " + documents + " documents, its plan has "
                    + config.batchSize() + ". Nothing of the step was kept");
        }
    }

    private void requireFinite(double loss, double norm) {
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw new DivergenceException(
                    "step " + state.step + " gave a loss of " + loss + " and a gradient norm of " + norm
                            + ": the training has diverged. Nothing of the step was kept; resume from the last checkpoint with a lower"
                            + " schedule.base-lr (now " + config.schedule().baseRate()
                            + "), a longer schedule.warmup-steps (now "
                            + config.schedule().warmupSteps() + ") or a smaller optimizer.clip-norm (now "
                            + config.clipNorm() + ")");
        }
    }

    /** A checkpoint of this moment with arrays of its own, so that training can go on. */
    private Checkpoint snapshot() {
        return new Checkpoint(
                config.model(),
                state.weights.clone(),
                state.firstMoment.clone(),
                state.secondMoment.clone(),
                state.saved(
                        config.seed(),
                        dataset.manifest().fingerprint(),
                        dataset.manifest().tokenizerSha256()),
                dataset.tokenizerJson(),
                configJson);
    }

    private Result result(boolean stopped) {
        LossSum test = gradients.loss(Part.TEST, 1.0, state.weights);
        double sample = Math.max(LEAST_TRAIN_SAMPLE, dataset.manifest().documents(Part.TEST));
        double share = Math.min(1.0, sample / dataset.manifest().documents(Part.TRAIN));
        LossSum train = gradients.loss(Part.TRAIN, share, state.weights);
        return new Result(state.step, state.trainLoss, train, test, WeightsHash.sha256Hex(state.weights), stopped);
    }
}
