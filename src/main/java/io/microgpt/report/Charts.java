package io.microgpt.report;

import java.util.ArrayList;
import java.util.List;

/** The charts of a run, and those of several. */
final class Charts {
    private Charts() {}

    static List<Chart> of(Run run) {
        Curves curves = run.curves();
        double steps = curves.last().step();
        List<Chart> charts = new ArrayList<>();
        charts.add(new Chart(
                        "Loss",
                        "nats a token",
                        "The band is the spread of the steps behind a point. The first steps may run off the top.",
                        steps)
                .settled()
                .line("train loss", 0, curves.points(Metric.LOSS))
                .dots("test loss", 1, curves.points(Metric.TEST_LOSS)));
        charts.add(new Chart(
                        "Perplexity",
                        "tokens to choose among",
                        "Train is the mean of the " + Curves.WINDOW
                                + " steps before an evaluation. The wider the gap, the more is learned by heart.",
                        steps)
                .logarithmic()
                .dots("train", 0, perplexity(curves.trainAtEvaluation()))
                .dots("test", 1, perplexity(curves.points(Metric.TEST_LOSS))));
        charts.add(new Chart("Learning rate", "learning rate", "What Adam multiplies its steps with.", steps)
                .fromZero()
                .line("learning rate", 0, curves.points(Metric.LEARNING_RATE)));
        charts.add(new Chart("Gradient norm", "norm before clipping", "A jump is a step to look at.", steps)
                .logarithmic()
                .line("gradient norm", 0, curves.points(Metric.GRADIENT_NORM)));
        charts.add(new Chart("Speed", "tokens a second", "Predicted tokens over the time of a step.", steps)
                .fromZero()
                .line("tokens a second", 0, curves.points(Metric.TOKENS_PER_SECOND)));
        charts.add(new Chart(
                        "Where a step's time goes",
                        "milliseconds a step",
                        "Means, one above the other; the slowest points may be cut off.",
                        steps)
                .stacked()
                .line("broadcast", 3, curves.points(Metric.BROADCAST))
                .line("compute", 0, curves.points(Metric.COMPUTE))
                .line("gather", 1, curves.points(Metric.GATHER))
                .line("update", 2, curves.points(Metric.UPDATE)));
        return charts;
    }

    static List<Chart> of(List<Run> runs) {
        List<Chart> charts = new ArrayList<>();
        charts.add(each(runs, "Test loss", "nats a token", "Lower is better.", Metric.TEST_LOSS));
        charts.add(each(runs, "Train loss", "nats a token", "The first steps may run off the top.", Metric.LOSS)
                .settled());
        charts.add(each(
                        runs,
                        "Learning rate",
                        "learning rate",
                        "What Adam multiplies its steps with.",
                        Metric.LEARNING_RATE)
                .fromZero());
        charts.add(each(
                        runs,
                        "Gradient norm",
                        "norm before clipping",
                        "A jump is a step to look at.",
                        Metric.GRADIENT_NORM)
                .logarithmic());
        charts.add(each(
                        runs,
                        "Speed",
                        "tokens a second",
                        "Predicted tokens over the time of a step.",
                        Metric.TOKENS_PER_SECOND)
                .fromZero());
        Chart gap = new Chart(
                "Perplexity gap",
                "test perplexity / train perplexity",
                "1 is none. The further above, the more is learned by heart.",
                steps(runs));
        for (int i = 0; i < runs.size(); i++) {
            gap.dots(runs.get(i).name(), i, gap(runs.get(i).curves()));
        }
        charts.add(1, gap);
        return charts;
    }

    private static Chart each(List<Run> runs, String title, String unit, String note, Metric metric) {
        Chart chart = new Chart(title, unit, note, steps(runs));
        for (int i = 0; i < runs.size(); i++) {
            // Means alone: the spreads of several runs would hide each other.
            List<Series.Point> points = runs.get(i).curves().points(metric).stream()
                    .map(p -> point(p.step(), p.mean()))
                    .toList();
            if (metric == Metric.TEST_LOSS) {
                chart.dots(runs.get(i).name(), i, points);
            } else {
                chart.line(runs.get(i).name(), i, points);
            }
        }
        return chart;
    }

    private static double steps(List<Run> runs) {
        return runs.stream()
                .filter(run -> !run.curves().isEmpty())
                .mapToLong(run -> run.curves().last().step())
                .max()
                .orElse(0);
    }

    private static List<Series.Point> perplexity(List<Series.Point> losses) {
        return losses.stream()
                .map(p -> point(p.step(), StrictMath.exp(p.mean())))
                .filter(p -> Double.isFinite(p.mean()))
                .toList();
    }

    private static List<Series.Point> gap(Curves curves) {
        List<Series.Point> test = curves.points(Metric.TEST_LOSS);
        List<Series.Point> train = curves.trainAtEvaluation();
        List<Series.Point> gap = new ArrayList<>();
        for (int i = 0; i < test.size(); i++) {
            gap.add(point(
                    test.get(i).step(),
                    StrictMath.exp(test.get(i).mean() - train.get(i).mean())));
        }
        return gap;
    }

    private static Series.Point point(double step, double value) {
        return new Series.Point(step, value, value, value);
    }
}
