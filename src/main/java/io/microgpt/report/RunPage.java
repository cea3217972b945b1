package io.microgpt.report;

import io.microgpt.train.Verdict;
import java.util.List;

/** {@code report.html}: all about one run. */
public final class RunPage {
    private static final int MOST_ROWS = 24;

    private final Run run;
    private final Curves curves;
    private final Html html;
    private final Page page;

    private RunPage(Run run) {
        this.run = run;
        this.curves = run.curves();
        this.page = new Page(run.name() + ": a training");
        this.html = page.body();
    }

    /** {@return the page of a run: a whole file} */
    public static String of(Run run) {
        return new RunPage(run).write();
    }

    private String write() {
        html.open("header").element("h1", run.name());
        if (curves.isEmpty()) {
            html.element("p", "No step is done yet.").close();
        } else {
            summary();
            html.close();
            html.open("main").open("section", "class", "charts");
            Charts.of(run).forEach(chart -> chart.writeTo(html));
            html.close();
            Tables.samples(html, run.samples());
            evaluations();
            html.close();
        }
        configuration();
        return page.end();
    }

    private void summary() {
        long step = curves.last().step();
        html.element(
                "p",
                "Step " + Numbers.count(step) + " of " + Numbers.count(run.steps()) + "; "
                        + run.verdict().meaning() + ".");
        if (!run.result().isEmpty()) {
            html.open("p").element("code", run.result()).close();
        }
        html.open("dl", "class", "tiles");
        tile("train loss", Numbers.of(curves.trainLoss(), 4), "nats a token");
        if (curves.verdict() != Verdict.UNKNOWN) {
            tile("test loss", Numbers.of(curves.testLoss(), 4), "nats a token");
            tile("best test loss", Numbers.of(curves.bestTestLoss(), 4), "at step " + Numbers.count(curves.bestStep()));
            tile("train perplexity", Numbers.of(StrictMath.exp(curves.trainLoss()), 4), "tokens to choose among");
            tile("test perplexity", Numbers.of(StrictMath.exp(curves.testLoss()), 4), "tokens to choose among");
        }
        tile("speed", Numbers.of(curves.tokensPerSecond(), 3), "tokens a second");
        tile("seen", Numbers.of(curves.positions(), 3), "tokens");
        tile("time in steps", Numbers.duration(curves.seconds()), "without evaluations");
        html.close();
    }

    private void tile(String name, String value, String unit) {
        html.open("div")
                .element("dt", name)
                .open("dd")
                .element("b", value)
                .text(" ")
                .element("small", unit)
                .close(2);
    }

    private void evaluations() {
        List<Series.Point> test = curves.points(Metric.TEST_LOSS);
        List<Series.Point> train = curves.trainAtEvaluation();
        if (test.isEmpty()) {
            return;
        }
        html.open("section").element("h2", "Evaluations");
        Tables.begin(html, "step", "train loss", "test loss", "train perplexity", "test perplexity", "test / train");
        int stride = (test.size() + MOST_ROWS - 1) / MOST_ROWS;
        for (int i = (test.size() - 1) % stride; i < test.size(); i += stride) { // so that the last is there
            double trainLoss = train.get(i).mean();
            double testLoss = test.get(i).mean();
            Tables.row(
                    html,
                    Numbers.count(Math.round(test.get(i).step())),
                    Numbers.fixed(trainLoss, 4),
                    Numbers.fixed(testLoss, 4),
                    Numbers.fixed(StrictMath.exp(trainLoss), 2),
                    Numbers.fixed(StrictMath.exp(testLoss), 2),
                    Numbers.fixed(StrictMath.exp(testLoss - trainLoss), 3));
        }
        Tables.end(html);
        html.element(
                "p",
                "Train numbers are means over the " + Curves.WINDOW
                        + " steps before the evaluation, as they were trained; the ratio is that of the perplexities.",
                "class",
                "note");
        html.close();
    }

    private void configuration() {
        html.open("section").element("h2", "Configuration");
        Tables.settings(html, run.settings().stream().filter(Run.Setting::given).toList());
        html.open("details").element("summary", "The other keys, at their defaults");
        Tables.settings(html, run.settings().stream().filter(s -> !s.given()).toList());
        html.close(2);
    }
}
