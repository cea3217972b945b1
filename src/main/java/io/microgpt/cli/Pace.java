package io.microgpt.cli;

import io.microgpt.train.StepReport;

/** How fast a training goes, in calm running means. Time between steps counts too: evaluation is part of the time left. */
final class Pace {
    /** Weight of the newest step. */
    private static final double NEWEST = 0.05;

    private final long steps;
    private long lastEnd = System.nanoTime();
    private double loss = Double.NaN;
    private double seconds = Double.NaN;
    private double positions = Double.NaN;

    /** @param steps of the whole run */
    Pace(long steps) {
        this.steps = steps;
    }

    void stepEnded(StepReport report) {
        long now = System.nanoTime();
        loss = mean(loss, report.loss());
        seconds = mean(seconds, (now - lastEnd) * 1e-9);
        positions = mean(positions, report.positions());
        lastEnd = now;
    }

    private static double mean(double before, double value) {
        return Double.isNaN(before) ? value : before + NEWEST * (value - before);
    }

    boolean isLast(long step) {
        return step == steps;
    }

    long steps() {
        return steps;
    }

    double loss() {
        return loss;
    }

    double tokensPerSecond() {
        return positions / seconds;
    }

    double secondsLeft(long step) {
        return (steps - step) * seconds;
    }
}
