package io.microgpt.cli;

import io.microgpt.report.LiveReport;
import io.microgpt.train.StepReport;
import io.microgpt.train.Trainer;
import io.microgpt.train.TrainingListener;
import java.util.ArrayList;
import java.util.List;

/** What happened in a session of a training, in sentences that can be read aloud. */
final class Recap implements TrainingListener {
    private final long begun = System.nanoTime();
    private long steps;
    private long positions;
    private double stepSeconds;
    private long firstTestStep;
    private double firstTest;

    @Override
    public void stepEnded(StepReport report) {
        steps++;
        positions += report.positions();
        stepSeconds += report.millis() * 1e-3;
        if (firstTestStep == 0 && report.testLoss().isPresent()) {
            firstTestStep = report.step();
            firstTest = report.testLoss().getAsDouble();
        }
    }

    @Override
    public void rolledBack(long step) {
        if (firstTestStep > step) { // a step that does not count any more
            firstTestStep = 0;
        }
    }

    List<String> sentences(TrainingOutput.Ending ending) {
        Trainer.Result result = ending.result();
        List<String> lines = new ArrayList<>();
        if (steps == 0) {
            lines.add(
                    result.ending() == Trainer.Ending.LAST_STEP
                            ? Summaries.format(
                                    "There was nothing left to train: all %,d steps are done.", result.step())
                            : "No step was trained.");
            return lines;
        }
        lines.add(Summaries.format(
                "Trained %,d step%s in %s: %,d tokens, about %,d a second.",
                steps,
                steps == 1 ? "" : "s",
                spoken((System.nanoTime() - begun) * 1e-9),
                positions,
                Math.round(positions / stepSeconds)));
        if (firstTestStep > 0) {
            lines.add(testLoss(result));
        }
        if (result.test().positions() > 0) {
            lines.add(Summaries.format(
                    "On text that it was trained on, the model is as unsure as among %.1f equal choices for each token;"
                            + " on text that it has never seen, among %.1f.",
                    result.train().perplexity(), result.test().perplexity()));
        }
        lines.add("The picture of the run is " + ending.run() + "/" + LiveReport.REPORT + ".");
        return lines;
    }

    /** The numbers of the end are the result's: it knows what the sessions before found, and what a rollback undid. */
    private String testLoss(Trainer.Result result) {
        double last = result.test().mean();
        if (firstTest == last) {
            return Summaries.format("The test loss is %.4f.", last);
        }
        String way = Summaries.format(
                "The test loss %s from %.4f at step %,d to %.4f.",
                last < firstTest ? "fell" : "rose", firstTest, firstTestStep, last);
        double best = result.bestTestLoss().orElse(last);
        return best < last
                ? way
                        + Summaries.format(
                                " The best was %.4f at step %,d.",
                                best, result.bestStep().getAsLong())
                : way;
    }

    /** {@return {@code 1 minute 40 seconds}} */
    static String spoken(double seconds) {
        long s = Math.max(1, Math.round(seconds));
        if (s < 60) {
            return counted(s, "second");
        }
        return s < 3600
                ? joined(counted(s / 60, "minute"), s % 60, "second")
                : joined(counted(s / 3600, "hour"), s / 60 % 60, "minute");
    }

    private static String joined(String large, long count, String unit) {
        return count == 0 ? large : large + " " + counted(count, unit);
    }

    private static String counted(long count, String unit) {
        return Summaries.format("%,d %s%s", count, unit, count == 1 ? "" : "s");
    }
}
