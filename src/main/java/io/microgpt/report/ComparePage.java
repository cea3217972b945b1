package io.microgpt.report;

import java.util.ArrayList;
import java.util.List;

/** Several runs in one picture. */
public final class ComparePage {
    private ComparePage() {}

    /** {@return the page of some runs: a whole file} */
    public static String of(List<Run> runs) {
        Page page = new Page("Runs compared");
        Html html = page.body();
        html.open("header").element("h1", runs.size() + " runs compared").close();
        html.open("main");
        results(html, runs);
        html.open("section", "class", "charts");
        Charts.of(runs).forEach(chart -> chart.writeTo(html));
        html.close();
        differences(html, runs);
        for (Run run : runs) {
            List<Sample> samples = run.samples();
            if (!samples.isEmpty()) {
                html.open("section").element("h2", run.name() + " wrote at last");
                Tables.list(html, samples.get(samples.size() - 1));
                html.close();
            }
        }
        html.close();
        return page.end();
    }

    private static void results(Html html, List<Run> runs) {
        html.open("section").element("h2", "Results");
        Tables.begin(
                html,
                "run",
                "steps",
                "train loss",
                "test loss",
                "best test loss",
                "at step",
                "test perplexity",
                "tokens seen",
                "tokens a second",
                "time in steps");
        for (Run run : runs) {
            Curves curves = run.curves();
            boolean tested = !Double.isNaN(curves.testLoss());
            Tables.row(
                    html,
                    run.name(),
                    Numbers.count(curves.isEmpty() ? 0 : curves.last().step()),
                    Numbers.fixed(curves.trainLoss(), 4),
                    Numbers.fixed(curves.testLoss(), 4),
                    Numbers.fixed(curves.bestTestLoss(), 4),
                    tested ? Numbers.count(curves.bestStep()) : "\u2013",
                    Numbers.fixed(StrictMath.exp(curves.testLoss()), 2),
                    Numbers.of(curves.positions(), 3),
                    Numbers.of(curves.tokensPerSecond(), 3),
                    Numbers.duration(curves.seconds()));
        }
        Tables.end(html);
        html.close();
    }

    /** The keys of the configuration in which the runs differ. */
    private static void differences(Html html, List<Run> runs) {
        html.open("section").element("h2", "Configuration where it differs");
        List<String> keys = runs.stream()
                .flatMap(run -> run.settings().stream().map(Run.Setting::key))
                .distinct()
                .filter(key ->
                        runs.stream().map(run -> value(run, key)).distinct().count() > 1)
                .toList();
        if (keys.isEmpty()) {
            html.element("p", "Nowhere.", "class", "note").close();
            return;
        }
        List<String> names = new ArrayList<>(List.of("key"));
        runs.forEach(run -> names.add(run.name()));
        Tables.begin(html, names.toArray(String[]::new));
        for (String key : keys) {
            Tables.row(html, key, runs.stream().map(run -> value(run, key)).toArray(String[]::new));
        }
        Tables.end(html);
        html.close();
    }

    private static String value(Run run, String key) {
        return run.settings().stream()
                .filter(setting -> setting.key().equals(key))
                .map(Run.Setting::value)
                .findFirst()
                .orElse("\u2013");
    }
}
