package io.microgpt.cli;

import io.microgpt.train.StepReport;
import io.microgpt.train.TrainingListener;
import java.util.Locale;

/** Shows a training as it goes: a live line on a terminal, plain lines now and then in a log. */
final class Progress implements TrainingListener {
    private static final long LIVE_NANOS = 200_000_000L;
    private static final long LOG_NANOS = 10_000_000_000L;

    private final Terminal terminal;
    private final Pace pace;
    private long shown = System.nanoTime();
    private double testLoss = Double.NaN;
    private double replayTestLoss = Double.NaN;

    Progress(Terminal terminal, long steps) {
        this.terminal = terminal;
        this.pace = new Pace(steps);
    }

    @Override
    public void stepEnded(StepReport report) {
        pace.stepEnded(report);
        report.testLoss().ifPresent(value -> testLoss = value);
        report.replayTestLoss().ifPresent(value -> replayTestLoss = value);
        long now = System.nanoTime();
        boolean keep = report.testLoss().isPresent() || pace.isLast(report.step());
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

    private String line(StepReport report) {
        return String.format(
                Locale.ROOT,
                "step %d/%d  loss %.4f%s%s  lr %.2e  %s tokens/s  %s left",
                report.step(),
                pace.steps(),
                pace.loss(),
                shown("test", testLoss),
                shown("replayed", replayTestLoss),
                report.learningRate(),
                rounded(pace.tokensPerSecond()),
                duration(pace.secondsLeft(report.step())));
    }

    private static String shown(String name, double loss) {
        return Double.isNaN(loss) ? "" : String.format(Locale.ROOT, "  %s %.4f", name, loss);
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
}
