package io.microgpt.train;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.checkpoint.WeightsHash;
import io.microgpt.data.Corpus;
import io.microgpt.data.Part;
import io.microgpt.data.StepPlan;
import io.microgpt.data.TrainingData;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.optim.Adam;
import io.microgpt.optim.Clip;
import io.microgpt.optim.GradientSum;
import io.microgpt.train.GradientSource.StepGradient;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The training loop. It holds all the state; gradients come from a {@link GradientSource}, of which it knows nothing else.
 */
public final class Trainer {
    /** Fewest training documents that the closing estimate of the train loss looks at. */
    private static final long LEAST_TRAIN_SAMPLE = 2_000;

    private final TrainConfig config;
    private final TrainingData data;
    private final GradientSource gradients;
    private final CheckpointStore store;
    private final String configJson;
    private final TrainingListener listener;

    private final Start start;
    private final StepPlan plan;
    private final TrainingState state;
    private final Adam adam;
    private final Clip clip;
    private final Guard guard;
    private final EarlyStop earlyStop;
    private final Kernels kernels;
    private long written; // the step of the newest checkpoint
    private boolean whole = true; // whether all that belongs to the last step is done: its evaluation, its lines

    /**
     * @param configJson the resolved configuration, kept in every checkpoint
     * @param start where it begins
     */
    public Trainer(
            TrainConfig config,
            TrainingData data,
            GradientSource gradients,
            CheckpointStore store,
            String configJson,
            Start start,
            TrainingListener listener) {
        this.config = config;
        this.data = data;
        this.gradients = gradients;
        this.store = store;
        this.configJson = configJson;
        this.listener = listener;
        this.start = start;
        plan = data.plan(config.seed(), config.batchSize(), config.replayFraction());
        start.resumed()
                .ifPresent(
                        checkpoint -> Compatibility.check(checkpoint, config.model(), data, config.replayFraction()));
        state = start.resumed().map(TrainingState::of).orElseGet(this::initial);
        written = start.resumed().isPresent() ? state.step : -1;
        kernels = KernelProvider.choose(config.kernels()).kernels();
        adam = new Adam(config.adam(), kernels, state.firstMoment, state.secondMoment);
        clip = new Clip(config.clipNorm());
        guard = new Guard(
                config.guard(), config.batchSize(), config.model().vocabularySize(), state.step, state.memory());
        earlyStop = new EarlyStop(config.patience(), config.minImprovement(), state.memory());
    }

    /**
     * Where a training begins.
     *
     * @param resumed the checkpoint to go on from; empty to start
     * @param initialWeights of the start, the same each time; it may be gone back to
     */
    public record Start(Optional<Checkpoint> resumed, Supplier<float[]> initialWeights) {}

    private TrainingState initial() {
        return TrainingState.initial(start.initialWeights().get());
    }

    /**
     * How a training ended.
     *
     * @param step steps done in all
     * @param trainLoss mean loss of the last step's documents
     * @param train loss over a fixed sample of the training documents, about as many as the test part has
     * @param test loss over the test part
     * @param sha256 of the weights
     * @param bestStep the step with the lowest test loss, whose checkpoint is kept; empty without a test part
     * @param bestTestLoss that loss
     * @param replayTestLoss mean loss over the test part of the older dataset, where one is replayed
     */
    public record Result(
            long step,
            double trainLoss,
            LossSum train,
            LossSum test,
            String sha256,
            Ending ending,
            OptionalLong bestStep,
            OptionalDouble bestTestLoss,
            OptionalDouble replayTestLoss) {
        /** {@return whether it ended before its last step because it was asked to} */
        public boolean stopped() {
            return ending == Ending.ASKED;
        }
    }

    /** Why a training ended. */
    public enum Ending {
        LAST_STEP,
        /** The test loss did not fall any more. */
        EARLY,
        ASKED
    }

    /**
     * Trains to the last step, until the test loss does not fall any more, or until {@code stop} says so between two steps; the state is then
     * in a checkpoint.
     *
     * @throws DivergenceException if a step is far out of line and the training is not to be rolled back, or not once more
     */
    public Result run(BooleanSupplier stop) {
        boolean stopped = false;
        try (BackgroundCheckpoints checkpoints =
                new BackgroundCheckpoints(store, config.keepCheckpoints(), config.patienceSeconds(), listener)) {
            try {
                while (!stopped && !earlyStop.isTime() && state.step < config.steps()) {
                    stopped = stop.getAsBoolean();
                    if (!stopped) {
                        stepAndSave(checkpoints);
                    }
                }
            } catch (DivergenceException e) {
                throw e; // the steps before it are suspect too
            } catch (RuntimeException | OutOfMemoryError e) {
                rescue(checkpoints, e);
                throw e;
            }
            checkpoint(checkpoints);
            checkpoints.await();
        }
        Ending ending =
                state.step >= config.steps() ? Ending.LAST_STEP : earlyStop.isTime() ? Ending.EARLY : Ending.ASKED;
        return result(ending);
    }

    private void stepAndSave(BackgroundCheckpoints checkpoints) {
        try {
            step();
            if (isKept()) {
                checkpoint(checkpoints);
            }
        } catch (DivergenceException e) {
            if (!guard.rollsBack()) {
                throw e.with(guard.history() + advice());
            }
            rollBack(e, checkpoints);
        }
    }

    /**
     * {@return whether this moment is one of which there is a checkpoint in any case} A function of the state, not of when a run was stopped
     * or killed: what the training may be rolled back to has to be the same.
     */
    private boolean isKept() {
        return due(config.checkpointEvery()) || state.bestStep.equals(OptionalLong.of(state.step));
    }

    /**
     * Goes back to the last moment whose weights have proved good, and leaves nothing behind of the way taken since. Where storage has lost that
     * checkpoint, it is the newest before that is whole.
     */
    private void rollBack(DivergenceException cause, BackgroundCheckpoints checkpoints) {
        state.becomes(
                checkpoints.backTo(guard.goodStep()).map(TrainingState::of).orElseGet(this::initial));
        long step = state.step;
        written = step == 0 ? -1 : step;
        whole = true;
        earlyStop.restore(state.memory());
        String done = guard.rolledBack(step, state.memory());
        listener.warning(cause.getMessage() + ". " + done);
        listener.rolledBack(step);
    }

    /** Writes a checkpoint of this moment, unless there is one. */
    private void checkpoint(BackgroundCheckpoints checkpoints) {
        if (written != state.step) {
            listener.checkpointBegins(state.step);
            write(checkpoints);
        }
    }

    private void write(BackgroundCheckpoints checkpoints) {
        Set<Long> others = new HashSet<>();
        state.bestStep.ifPresent(others::add);
        if (guard.rollsBack()) { // at the last step too: a resumed training may have more of them
            others.add(guard.goodStep()); // and what was the best then
            state.formerBestStep.stream()
                    .filter(step -> guard.goodStep() < state.bestStep.getAsLong())
                    .forEach(others::add);
        }
        checkpoints.write(snapshot(), others);
        written = state.step;
    }

    /**
     * Something has failed. Where the last step is whole, it need not be done again. Where its evaluation is missing, or something was not told
     * of it, a training that went on from it would take another way than one that nothing befell: then the checkpoint before is the last.
     */
    private void rescue(BackgroundCheckpoints checkpoints, Throwable cause) {
        try {
            if (whole && state.step > 0) {
                checkpoint(checkpoints);
            }
            checkpoints.await();
            if (written >= 0) {
                listener.warning("the training stands at step " + written + " in a checkpoint, --resume goes on");
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            if (e != cause) { // the JVM may throw one and the same error twice
                cause.addSuppressed(e);
            }
        }
    }

    /** {@return the weights as they are; not a copy} */
    public float[] weights() {
        return state.weights;
    }

    /** One step: gradient, norm, guard, clip, Adam; and an evaluation when it is due. */
    private void step() {
        long start = System.nanoTime();
        double rate = guard.rate(config.schedule().at(state.step));
        StepGradient gradient = gradients.at(state.step, state.weights);
        long update = System.nanoTime();
        GradientSum sum = gradient.sum();
        requirePlanned(sum.documents());
        double norm = sum.meanNorm(kernels);
        guard.problem(sum.meanLoss(), norm).ifPresent(problem -> {
            throw diverged(sum.meanLoss(), norm, problem);
        });
        whole = false;
        guard.accepted(state.step, isKept(), sum.meanLoss(), norm);
        adam.step(state.weights, sum.gradient(), clip.factor(norm) / sum.positions(), rate, state.step);
        long end = System.nanoTime();

        state.replayed += plan.replayed(state.step + 1) - plan.replayed(state.step);
        state.step++;
        state.documents += sum.documents();
        state.positions += sum.positions();
        state.trainLoss = sum.meanLoss();
        OptionalDouble testLoss = OptionalDouble.empty();
        OptionalDouble replayTestLoss = OptionalDouble.empty();
        boolean evaluate = due(config.evalEvery()) || state.step == config.steps();
        if (evaluate && data.documents(Corpus.OWN, Part.TEST) > 0) {
            testLoss = OptionalDouble.of(evaluate());
            replayTestLoss = replayTestLoss();
            replayTestLoss.ifPresent(loss -> requireFinite("test loss of data.replay", loss));
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
                testLoss,
                replayTestLoss));
        if (evaluate) {
            listener.evaluated(state.step, state.weights);
        }
        whole = true;
    }

    private double evaluate() {
        double loss = gradients.loss(Part.TEST, 1.0, state.weights).mean();
        requireFinite("test loss", loss);
        state.evaluated(loss);
        earlyStop.evaluated(loss);
        return loss;
    }

    private void requireFinite(String what, double loss) {
        if (!Double.isFinite(loss)) {
            throw new DivergenceException(
                    "the " + what + " after step " + (state.step - 1) + " is " + loss + ": the training has diverged");
        }
    }

    /** {@return the test loss of what is replayed: how much of it is still known} */
    private OptionalDouble replayTestLoss() {
        return data.documents(Corpus.REPLAYED, Part.TEST) == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(gradients
                        .loss(Corpus.REPLAYED, Part.TEST, 1.0, state.weights)
                        .mean());
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

    /** The step is computed once more, document by document, to name those at fault: it is a pure function, so they are the same. */
    private DivergenceException diverged(double loss, double norm, String problem) {
        return new DivergenceException("step " + state.step + " gave a loss of " + loss + " and a gradient norm of "
                + norm + ": " + problem + ". "
                + new Suspects(data).describe(gradients.documents(state.step, state.weights)));
    }

    private String advice() {
        return "Nothing of the step was kept; resume from the last checkpoint with a lower schedule.base-lr (now "
                + config.schedule().baseRate() + "), a longer schedule.warmup-steps (now "
                + config.schedule().warmupSteps() + ") or a smaller optimizer.clip-norm (now " + config.clipNorm()
                + ")";
    }

    /** A checkpoint of this moment with arrays of its own, so that training can go on. */
    private Checkpoint snapshot() {
        SortedMap<String, List<Double>> memory = new TreeMap<>();
        guard.save(memory);
        earlyStop.save(memory);
        Compatibility.save(memory, data, config.replayFraction());
        return new Checkpoint(
                config.model(),
                state.weights.clone(),
                state.firstMoment.clone(),
                state.secondMoment.clone(),
                state.saved(
                        config.seed(),
                        data.own().manifest().fingerprint(),
                        data.replayed().map(older -> older.manifest().fingerprint()),
                        data.own().manifest().tokenizerSha256(),
                        memory),
                data.own().tokenizerJson(),
                configJson);
    }

    /**
     * {@return how many training documents the closing estimate of the train loss looks at}
     *
     * @param testDocuments that there are
     */
    public static long trainSample(long testDocuments) {
        return Math.max(LEAST_TRAIN_SAMPLE, testDocuments);
    }

    private Result result(Ending ending) {
        LossSum test = gradients.loss(Part.TEST, 1.0, state.weights);
        double sample = trainSample(data.documents(Corpus.OWN, Part.TEST));
        double share = Math.min(1.0, sample / data.documents(Corpus.OWN, Part.TRAIN));
        LossSum train = gradients.loss(Part.TRAIN, share, state.weights);
        return new Result(
                state.step,
                state.trainLoss,
                train,
                test,
                WeightsHash.sha256Hex(state.weights),
                ending,
                state.bestStep,
                state.bestTestLoss,
                replayTestLoss());
    }
}
