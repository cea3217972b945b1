package io.microgpt.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One chart of a page: a figure with its title, a legend and an SVG picture over the steps. Colours are classes, which the style sheet
 * makes light or dark; lines differ by their dashes too.
 */
final class Chart {
    private static final double WIDTH = 480;
    private static final double HEIGHT = 280;
    private static final double LEFT = 58; // for six digits
    private static final double RIGHT = 22;
    private static final double TOP = 34;
    private static final double BOTTOM = 38;
    /** Colours and dashes in the style sheet. */
    private static final int STYLES = 8;
    /** More dots than this run into each other. */
    private static final int MOST_DOTS = 60;
    /**
     * Share of the points that may be cut off at the top: of a stack the slowest, because the first steps warm up the JVM; of {@link
     * #settled} lines the first, because a loss falls steeply before it falls interestingly.
     */
    private static final double CUT_OFF = 0.02;
    /** A smaller ratio of the largest to the smallest value needs no logarithm. */
    private static final double DECADE = 10;

    private final String title;
    private final String unit;
    private final String note;
    private final double steps;
    private final List<Line> lines = new ArrayList<>();
    private boolean logarithmic;
    private boolean fromZero;
    private boolean stacked;
    private boolean settled;

    /**
     * A line over the steps.
     *
     * @param style number of its colour and dashes
     * @param dots whether the values stand alone, such as evaluations
     */
    record Line(String name, int style, boolean dots, List<Series.Point> points) {}

    /**
     * @param unit what the vertical axis counts
     * @param note how to read it
     * @param steps the last step of the horizontal axis
     */
    Chart(String title, String unit, String note, double steps) {
        this.title = title;
        this.unit = unit;
        this.note = note;
        this.steps = Math.max(steps, 2);
    }

    /** Draws logarithmically where all values are above 0 and far from each other. */
    Chart logarithmic() {
        logarithmic = true;
        return this;
    }

    Chart fromZero() {
        fromZero = true;
        return this;
    }

    /** Lets the first few points run off the top. */
    Chart settled() {
        settled = true;
        return this;
    }

    /** Draws the lines as areas on top of each other. They have their points at the same steps. */
    Chart stacked() {
        stacked = true;
        return this;
    }

    /** Adds a line, unless it has no points. */
    Chart line(String name, int style, List<Series.Point> points) {
        return add(new Line(name, style % STYLES, false, points));
    }

    /** Adds a line of values that stand alone. */
    Chart dots(String name, int style, List<Series.Point> points) {
        return add(new Line(name, style % STYLES, true, points));
    }

    private Chart add(Line line) {
        if (!line.points().isEmpty()) {
            lines.add(line);
        }
        return this;
    }

    void writeTo(Html out) {
        out.open("figure").element("h3", title);
        out.open("ul", "class", "legend");
        for (Line line : lines) {
            out.open("li")
                    .open("svg", "viewBox", "0 0 24 8", "aria-hidden", "true")
                    .empty("path", "class", (stacked ? "area a" : "line s") + line.style(), "d", "M0 4H24")
                    .close()
                    .text(line.name())
                    .close();
        }
        out.close();
        if (lines.isEmpty()) {
            out.element("p", "Nothing to show yet.", "class", "nothing");
        } else {
            picture(out);
        }
        out.element("p", "", "class", "readout", "aria-hidden", "true");
        out.element("figcaption", note).close();
    }

    private void picture(Html out) {
        List<Line> drawn = stacked ? cumulated() : lines;
        Axis x = new Axis(0, steps, false);
        Axis y = vertical(drawn);
        out.open(
                "svg",
                "class",
                "chart",
                "viewBox",
                "0 0 " + number(WIDTH) + " " + number(HEIGHT),
                "role",
                "img",
                "aria-label",
                description());
        grid(out, x, y);
        for (int n = 0; n < drawn.size(); n++) {
            int i = stacked ? drawn.size() - 1 - n : n; // of a stack the highest is beneath
            Line line = drawn.get(i);
            if (!stacked && !line.dots()) {
                band(out, line, x, y);
            }
            String points = points(line, x, y);
            String values = values(lines.get(i));
            if (stacked) {
                String area = number(px(x, line.points().get(0).step())) + "," + number(HEIGHT - BOTTOM) + " " + points
                        + " " + number(px(x, last(line).step())) + "," + number(HEIGHT - BOTTOM);
                out.empty("polygon", "class", "fill a" + line.style(), "points", area);
            }
            out.empty(
                    "polyline",
                    "class",
                    stacked ? "read" : "line s" + line.style(),
                    "points",
                    points,
                    "data-name",
                    line.name(),
                    "data-steps",
                    steps(line),
                    "data-values",
                    values);
            if (line.points().size() == 1 || line.dots() && line.points().size() <= MOST_DOTS) {
                for (Series.Point p : line.points()) {
                    out.empty(
                            "circle",
                            "class",
                            "dot a" + line.style(),
                            "r",
                            "2.5",
                            "cx",
                            number(px(x, p.step())),
                            "cy",
                            number(py(y, p.mean())));
                }
            }
        }
        out.empty("line", "class", "rule", "x1", "0", "x2", "0", "y1", number(TOP), "y2", number(HEIGHT - BOTTOM));
        out.close();
    }

    private void grid(Html out, Axis x, Axis y) {
        out.element("text", unit + (y.logarithmic() ? ", logarithmic" : ""), "class", "unit", "x", "4", "y", "15");
        for (double mark : y.marks()) {
            String at = number(py(y, mark));
            out.empty("line", "class", "grid", "x1", number(LEFT), "x2", number(WIDTH - RIGHT), "y1", at, "y2", at);
            out.element(
                    "text",
                    Numbers.of(mark, 3),
                    "class",
                    "mark end",
                    "x",
                    number(LEFT - 6),
                    "y",
                    number(py(y, mark) + 4));
        }
        for (double mark : x.marks()) {
            String at = number(px(x, mark));
            out.empty(
                    "line",
                    "class",
                    "grid",
                    "x1",
                    at,
                    "x2",
                    at,
                    "y1",
                    number(HEIGHT - BOTTOM),
                    "y2",
                    number(HEIGHT - BOTTOM + 4));
            out.element(
                    "text", Numbers.of(mark, 4), "class", "mark middle", "x", at, "y", number(HEIGHT - BOTTOM + 17));
        }
        out.element(
                "text",
                "step",
                "class",
                "unit middle",
                "x",
                number((LEFT + WIDTH - RIGHT) / 2),
                "y",
                number(HEIGHT - 5));
    }

    /** The spread of the steps behind each point of a line, where there are several. */
    private void band(Html out, Line line, Axis x, Axis y) {
        if (line.points().stream().allMatch(p -> p.min() == p.max())) {
            return;
        }
        StringBuilder there = new StringBuilder();
        StringBuilder back = new StringBuilder();
        for (Series.Point p : line.points()) {
            String at = number(px(x, p.step())) + ",";
            there.append(at).append(number(py(y, p.max()))).append(' ');
            back.insert(0, " " + at + number(py(y, p.min())));
        }
        out.empty(
                "polygon",
                "class",
                "band a" + line.style(),
                "points",
                there.toString().strip() + back);
    }

    private Axis vertical(List<Line> drawn) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (Line line : drawn) {
            double from = settled && line.points().size() > 1 / CUT_OFF ? steps * CUT_OFF : 0.0;
            for (Series.Point p : line.points()) {
                boolean alone = line.dots() || stacked;
                least = Math.min(least, alone ? p.mean() : p.min());
                if (p.step() >= from) {
                    most = Math.max(most, alone ? p.mean() : p.max());
                }
            }
        }
        if (logarithmic && least > 0 && most / least > DECADE) {
            return Axis.log(least, most);
        }
        if (stacked) {
            double[] tops = last(drawn).points().stream()
                    .mapToDouble(Series.Point::mean)
                    .sorted()
                    .toArray();
            most = 1.1 * tops[(int) ((tops.length - 1) * (1 - CUT_OFF))];
        }
        return Axis.linear(fromZero || stacked ? Math.min(0.0, least) : least, most);
    }

    private List<Line> cumulated() {
        List<Line> drawn = new ArrayList<>();
        for (Line line : lines) {
            List<Series.Point> points = new ArrayList<>();
            for (int i = 0; i < line.points().size(); i++) {
                Series.Point p = line.points().get(i);
                double below =
                        drawn.isEmpty() ? 0.0 : last(drawn).points().get(i).mean();
                points.add(new Series.Point(p.step(), below + p.mean(), below + p.mean(), below + p.mean()));
            }
            drawn.add(new Line(line.name(), line.style(), false, points));
        }
        return drawn;
    }

    private static <T> T last(List<T> list) {
        return list.get(list.size() - 1);
    }

    private static Series.Point last(Line line) {
        return last(line.points());
    }

    private String description() {
        StringBuilder text = new StringBuilder(title + ", " + unit + ", by step.");
        for (Line line : lines) {
            text.append(" ").append(line.name()).append(": ");
            text.append(Numbers.of(line.points().get(0).mean(), 4)).append(" at first, ");
            text.append(Numbers.of(last(line).mean(), 4)).append(" at last.");
        }
        return text.toString();
    }

    private String points(Line line, Axis x, Axis y) {
        StringBuilder text = new StringBuilder();
        for (Series.Point p : line.points()) {
            text.append(text.isEmpty() ? "" : " ");
            text.append(number(px(x, p.step()))).append(',').append(number(py(y, p.mean())));
        }
        return text.toString();
    }

    private static String steps(Line line) {
        StringBuilder text = new StringBuilder();
        line.points().forEach(p -> text.append(text.isEmpty() ? "" : " ").append(Math.round(p.step())));
        return text.toString();
    }

    private static String values(Line line) {
        StringBuilder text = new StringBuilder();
        line.points().forEach(p -> text.append(text.isEmpty() ? "" : " ").append(Numbers.of(p.mean(), 4)));
        return text.toString();
    }

    private static double px(Axis x, double step) {
        return LEFT + x.at(step) * (WIDTH - LEFT - RIGHT);
    }

    private static double py(Axis y, double value) {
        return HEIGHT - BOTTOM - y.at(value) * (HEIGHT - TOP - BOTTOM);
    }

    /** {@return a tenth of a pixel is fine enough} */
    private static String number(double value) {
        long tenths = Math.round(value * 10);
        return tenths % 10 == 0
                ? Long.toString(tenths / 10)
                : String.format(Locale.ROOT, "%d.%d", tenths / 10, Math.abs(tenths % 10));
    }
}
