package io.microgpt.report;

import java.util.List;

/** Tables that scroll by themselves where the page is narrow. */
final class Tables {
    private Tables() {}

    static void begin(Html html, String... names) {
        html.open("div", "class", "scroll").open("table").open("thead").open("tr");
        for (String name : names) {
            html.element("th", name, "scope", "col");
        }
        html.close(2).open("tbody");
    }

    /** Adds a row; its first cell names it. */
    static void row(Html html, String name, String... cells) {
        html.open("tr").element("th", name, "scope", "row");
        for (String cell : cells) {
            html.element("td", cell);
        }
        html.close();
    }

    static void end(Html html) {
        html.close(3);
    }

    static void settings(Html html, List<Run.Setting> settings) {
        if (settings.isEmpty()) {
            html.element("p", "None.", "class", "note");
            return;
        }
        html.open("div", "class", "scroll").open("table", "class", "settings").open("tbody");
        for (Run.Setting setting : settings) {
            html.open("tr")
                    .open("th", "scope", "row")
                    .element("code", setting.key())
                    .close();
            html.open("td").element("code", setting.value()).close();
            html.element("td", setting.meaning(), "class", "meaning").close();
        }
        end(html);
    }

    /** What a model wrote as it learned: text as it is, spaces and line feeds too. */
    static void samples(Html html, List<Sample> samples) {
        if (samples.isEmpty()) {
            return;
        }
        html.open("section").element("h2", "Samples as training went on");
        html.open("div", "class", "samples");
        for (Sample sample : samples) {
            html.open("div").element("h3", "step " + Numbers.count(sample.step()));
            list(html, sample);
            html.close();
        }
        html.close(2);
    }

    static void list(Html html, Sample sample) {
        html.open("ul", "class", "texts");
        sample.texts().forEach(text -> html.element("li", text));
        html.close();
    }
}
