package io.microgpt.cli;

import io.microgpt.train.StepReport;
import io.microgpt.train.TrainingListener;
import java.util.List;
import java.util.function.Consumer;

/** All who listen to a training, and the step at which it is. */
final class Watch implements TrainingListener {
    private final List<TrainingListener> listeners;
    private volatile long step;

    /** @param step the step that training goes on from */
    Watch(List<TrainingListener> listeners, long step) {
        this.listeners = List.copyOf(listeners);
        this.step = step;
    }

    /** {@return steps done} */
    long step() {
        return step;
    }

    private void each(Consumer<TrainingListener> what) {
        listeners.forEach(what);
    }

    @Override
    public void stepEnded(StepReport report) {
        step = report.step();
        each(listener -> listener.stepEnded(report));
    }

    @Override
    public void evaluated(long step, float[] weights) {
        each(listener -> listener.evaluated(step, weights));
    }

    @Override
    public void checkpointBegins(long step) {
        each(listener -> listener.checkpointBegins(step));
    }

    @Override
    public void checkpointWritten(long step, String path) {
        each(listener -> listener.checkpointWritten(step, path));
    }

    @Override
    public void rolledBack(long step) {
        this.step = step;
        each(listener -> listener.rolledBack(step));
    }

    @Override
    public void warning(String message) {
        each(listener -> listener.warning(message));
    }
}
