package io.microgpt.train;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.TrainerState;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** All that changes while a model trains. The driver holds it, and it alone. */
final class TrainingState {
    final float[] weights;
    final float[] firstMoment;
    final float[] secondMoment;
    long step;
    long documents;
    long positions;
    long replayed; // documents, of those above
    double trainLoss = Double.NaN;
    OptionalDouble testLoss = OptionalDouble.empty();
    OptionalLong bestStep = OptionalLong.empty();
    OptionalDouble bestTestLoss = OptionalDouble.empty();
    /** The best before that one, as far as this process saw it. */
    OptionalLong formerBestStep = OptionalLong.empty();
    /** What parts of the loop remembered when this was saved. */
    private SortedMap<String, List<Double>> memory = new TreeMap<>();

    private TrainingState(float[] weights, float[] firstMoment, float[] secondMoment) {
        this.weights = weights;
        this.firstMoment = firstMoment;
        this.secondMoment = secondMoment;
    }

    static TrainingState initial(float[] weights) {
        return new TrainingState(weights, new float[weights.length], new float[weights.length]);
    }

    static TrainingState of(Checkpoint checkpoint) {
        TrainingState state =
                new TrainingState(checkpoint.weights(), checkpoint.firstMoment(), checkpoint.secondMoment());
        state.take(checkpoint.state());
        return state;
    }

    /** Becomes another state of the same training, in the arrays that are there. */
    void becomes(TrainingState other) {
        System.arraycopy(other.weights, 0, weights, 0, weights.length);
        System.arraycopy(other.firstMoment, 0, firstMoment, 0, firstMoment.length);
        System.arraycopy(other.secondMoment, 0, secondMoment, 0, secondMoment.length);
        take(other.saved(0, "", Optional.empty(), "", other.memory));
    }

    private void take(TrainerState saved) {
        step = saved.step();
        documents = saved.documents();
        positions = saved.positions();
        trainLoss = saved.trainLoss();
        testLoss = saved.testLoss();
        bestStep = saved.bestStep();
        bestTestLoss = saved.bestTestLoss();
        memory = saved.memory();
        replayed =
                memory.getOrDefault(TrainerState.REPLAYED, List.of(0.0)).get(0).longValue();
    }

    SortedMap<String, List<Double>> memory() {
        return memory;
    }

    /** Takes a test loss into account: it may be the lowest so far. */
    void evaluated(double loss) {
        testLoss = OptionalDouble.of(loss);
        if (bestTestLoss.isPresent() && !(loss < bestTestLoss.getAsDouble())) {
            return;
        }
        bestTestLoss = testLoss;
        formerBestStep = bestStep;
        bestStep = OptionalLong.of(step);
    }

    /** @param memory what the parts of the loop remember now */
    TrainerState saved(
            long seed,
            String datasetFingerprint,
            Optional<String> replayFingerprint,
            String tokenizerSha256,
            SortedMap<String, List<Double>> memory) {
        return new TrainerState(
                step,
                documents,
                positions,
                seed,
                datasetFingerprint,
                replayFingerprint,
                tokenizerSha256,
                trainLoss,
                testLoss,
                bestStep,
                bestTestLoss,
                withReplayed(memory));
    }

    private SortedMap<String, List<Double>> withReplayed(SortedMap<String, List<Double>> memory) {
        SortedMap<String, List<Double>> all = new TreeMap<>(memory);
        if (replayed > 0) {
            all.put(TrainerState.REPLAYED, List.of((double) replayed));
        }
        return all;
    }
}
