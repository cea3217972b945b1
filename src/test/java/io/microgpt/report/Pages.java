package io.microgpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** A page as a browser reads it. */
public final class Pages {
    private Pages() {}

    /** {@return the page, after a check that it is well-formed and needs no other file} */
    public static Document parse(String page) {
        assertThat(page).startsWith("<!DOCTYPE html>\n");
        assertThat(page.replace("xmlns=\"http://www.w3.org/1999/xhtml\"", ""))
                .doesNotContain(
                        "http:", "https:", "src=", "href=", "url(", "@import", "<link", "<img", "<iframe", "fetch(");
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setXIncludeAware(false);
            factory.setExpandEntityReferences(false);
            return factory.newDocumentBuilder().parse(new InputSource(new StringReader(page)));
        } catch (Exception e) {
            throw new AssertionError("the page is not well-formed", e);
        }
    }

    public static List<Element> elements(Document page, String name) {
        NodeList nodes = page.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }

    public static List<String> texts(Document page, String name) {
        return elements(page, name).stream().map(Element::getTextContent).toList();
    }

    /** {@return the number of points of each curve, as {@code Loss/train loss 30}} */
    public static List<String> curves(Document page) {
        List<String> curves = new ArrayList<>();
        for (Element figure : elements(page, "figure")) {
            String title = figure.getElementsByTagName("h3").item(0).getTextContent();
            NodeList lines = figure.getElementsByTagName("polyline");
            for (int i = 0; i < lines.getLength(); i++) {
                Element line = (Element) lines.item(i);
                int points = line.getAttribute("points").split(" ").length;
                assertThat(line.getAttribute("data-steps").split(" ")).hasSize(points);
                assertThat(line.getAttribute("data-values").split(" ")).hasSize(points);
                curves.add(title + "/" + line.getAttribute("data-name") + " " + points);
            }
        }
        return curves;
    }
}
