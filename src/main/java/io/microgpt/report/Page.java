package io.microgpt.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** What all pages have: one file that needs no other, style and script inside. */
final class Page {
    private static final String STYLE = resource("report.css");
    private static final String SCRIPT = resource("report.js");

    private final Html html = new Html();

    Page(String title) {
        html.markup("<!DOCTYPE html>\n");
        html.open("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en").open("head");
        html.empty("meta", "charset", "utf-8");
        html.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        html.empty("meta", "name", "color-scheme", "content", "light dark");
        html.element("title", title);
        html.open("style").markup(STYLE).close(2);
        html.open("body");
    }

    /** {@return where the content of the page goes} */
    Html body() {
        return html;
    }

    /** {@return the page as a file} */
    String end() {
        html.open("script").markup("//<![CDATA[\n" + SCRIPT + "//]]>").close(3);
        return html + "\n";
    }

    private static String resource(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(name + ": cannot be read from the jar: " + e.getMessage(), e);
        }
    }
}
