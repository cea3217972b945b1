package io.microgpt.cli;

import io.microgpt.train.StepReport;
import io.microgpt.train.TrainingListener;
import java.util.Locale;

/** Shows a training as it goes: a live line on a terminal, plain lines now and then in a log. */
final class Progress implements TrainingListener {
    private static final long LIVE_NANOS = 200_000_000L;
    private static final long LOG_NANOS = 10_000_000_000L;
    /** Weight of the newest step in the running means, so that the line is calm. */
    private static final double NEWEST = 0.05;

    private final Terminal terminal;
    private final long steps;
    private long shown = System.nanoTime();
    private double loss = Double.NaN;
    private double millis = Double.NaN;
    private double positions = Double.NaN;
    private double testLoss = Double.NaN;
    private long lastEnd = System.nanoTime();

    Progress(Terminal terminal, long steps) {
        this.terminal = terminal;
        this.steps = steps;
    }

    @Override
    public void stepEnded(StepReport report) {
        long now = System.nanoTime();
        loss = mean(loss, report.loss());
        millis = mean(millis, (now - lastEnd) * 1e-6); // evaluation included: it is part of the time left
        positions = mean(positions, report.positions());
        lastEnd = now;
        report.testLoss().ifPresent(value -> testLoss = value);
        boolean keep = report.testLoss().isPresent() || report.step() == steps;
        if (keep || now - shown > (terminal.live() ? LIVE_NANOS : LOG_NANOS)) {
            shown = now;
            String line = line(report);
            if (terminal.live() && !keep) {
                terminal.show(line);
            } else {
                terminal.print(line);
            }
        }
    }

    private static double mean(double before, double value) {
        return Double.isNaN(before) ? value : before + NEWEST * (value - before);
    }

    private String line(StepReport report) {
        return String.format(
                Locale.ROOT,
                "step %d/%d  loss %.4f%s  lr %.2e  %s tokens/s  %s left",
                report.step(),
                steps,
                loss,
                Double.isNaN(testLoss) ? "" : String.format(Locale.ROOT, "  test %.4f", testLoss),
                report.learningRate(),
                rounded(positions / (millis * 1e-3)),
                duration((steps - report.step()) * millis * 1e-3));
    }

    private static String rounded(double value) {
        return value < 10_000
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.0fk", value / 1000);
    }

    static String duration(double seconds) {
        long s = Math.round(seconds);
        return s >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60);
    }

    @Override
    public void warning(String message) {
        terminal.print("warning: " + message);
    }
}
