package io.microgpt.train;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.TrainerState;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;

/** All that changes while a model trains. The driver holds it, and it alone. */
final class TrainingState {
    final float[] weights;
    final float[] firstMoment;
    final float[] secondMoment;
    long step;
    long documents;
    long positions;
    double trainLoss = Double.NaN;
    OptionalDouble testLoss = OptionalDouble.empty();
    OptionalLong bestStep = OptionalLong.empty();
    OptionalDouble bestTestLoss = OptionalDouble.empty();

    private TrainingState(float[] weights, float[] firstMoment, float[] secondMoment) {
        this.weights = weights;
        this.firstMoment = firstMoment;
        this.secondMoment = secondMoment;
    }

    static TrainingState initial(GptConfig model, long seed) {
        return new TrainingState(
                Gpt.initialWeights(model, seed), new float[model.parameters()], new float[model.parameters()]);
    }

    static TrainingState of(Checkpoint checkpoint) {
        TrainingState state =
                new TrainingState(checkpoint.weights(), checkpoint.firstMoment(), checkpoint.secondMoment());
        TrainerState saved = checkpoint.state();
        state.step = saved.step();
        state.documents = saved.documents();
        state.positions = saved.positions();
        state.trainLoss = saved.trainLoss();
        state.testLoss = saved.testLoss();
        state.bestStep = saved.bestStep();
        state.bestTestLoss = saved.bestTestLoss();
        return state;
    }

    /** {@return whether this is the lowest test loss so far} */
    boolean evaluated(double loss) {
        testLoss = OptionalDouble.of(loss);
        if (bestTestLoss.isPresent() && !(loss < bestTestLoss.getAsDouble())) {
            return false;
        }
        bestTestLoss = testLoss;
        bestStep = OptionalLong.of(step);
        return true;
    }

    TrainerState saved(long seed, String datasetFingerprint, String tokenizerSha256) {
        return new TrainerState(
                step,
                documents,
                positions,
                seed,
                datasetFingerprint,
                tokenizerSha256,
                trainLoss,
                testLoss,
                bestStep,
                bestTestLoss,
                new TreeMap<>());
    }
}
