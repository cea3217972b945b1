package io.microgpt.report;

import java.util.ArrayList;
import java.util.List;

/**
 * One axis of a chart: from values to the share of its length, and round numbers to mark.
 *
 * @param min the value at its beginning; above 0 where it is logarithmic
 * @param max the value at its end, above {@code min}
 */
record Axis(double min, double max, boolean logarithmic) {
    /** About so many are read without effort. */
    static final int MARKS = 5;

    /** {@return an axis that holds all of the values, with ends that are marks where that costs little} */
    static Axis linear(double least, double most) {
        if (!(least <= most)) {
            return new Axis(0.0, 1.0, false);
        }
        double size = Math.max(Math.abs(least), Math.abs(most));
        if (most - least <= size * 1e-9) { // one value: room on both sides
            double room = size == 0.0 ? 1.0 : size / 2;
            return new Axis(least < 0 ? least - room : Math.max(0.0, least - room), most + room, false);
        }
        double step = step(most - least, MARKS);
        Axis axis = between(least, most, step);
        double wider = step(axis.max - axis.min, MARKS); // round ends may ask for marks further apart
        return wider == step ? axis : between(least, most, wider);
    }

    private static Axis between(double least, double most, double step) {
        return new Axis(Math.floor(least / step) * step, Math.ceil(most / step) * step, false);
    }

    /** {@return a logarithmic axis that holds all of the values, which are above 0} */
    static Axis log(double least, double most) {
        double min = bound(least, false);
        double max = bound(most, true);
        return new Axis(min, max > min ? max : min * 10, true);
    }

    /** {@return the nearest 1, 2 or 5 times a power of ten, downwards or upwards} */
    private static double bound(double value, boolean up) {
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        double[] round = {1, 2, 5, 10};
        double best = up ? 10 * power : power;
        for (double r : round) {
            if (up && r * power >= value) {
                return r * power;
            }
            if (!up && r * power <= value) {
                best = r * power;
            }
        }
        return best;
    }

    /** {@return where a value stands: 0 at the beginning, 1 at the end} */
    double at(double value) {
        double share = logarithmic
                ? (Math.log(Math.max(value, min)) - Math.log(min)) / (Math.log(max) - Math.log(min))
                : (value - min) / (max - min);
        return Math.min(1.0, Math.max(0.0, share));
    }

    /** {@return about {@value #MARKS} round numbers on the axis} */
    List<Double> marks() {
        List<Double> marks = new ArrayList<>();
        if (logarithmic && max / min >= 8) {
            boolean dense = max / min < 200;
            for (double power = Math.pow(10, Math.floor(Math.log10(min))); power <= max * 1.0001; power *= 10) {
                for (double digit : dense ? new double[] {1, 2, 5} : new double[] {1}) {
                    double mark = power * digit;
                    if (mark >= min * 0.9999 && mark <= max * 1.0001) {
                        marks.add(mark);
                    }
                }
            }
            while (marks.size() > 2 * MARKS) {
                marks = everyOther(marks);
            }
            return marks;
        }
        double step = step(max - min, MARKS);
        for (long i = (long) Math.ceil(min / step - 1e-6); i * step <= max + step * 1e-6; i++) {
            marks.add(i * step);
        }
        return marks;
    }

    private static List<Double> everyOther(List<Double> marks) {
        List<Double> some = new ArrayList<>();
        for (int i = 0; i < marks.size(); i += 2) {
            some.add(marks.get(i));
        }
        return some;
    }

    /** {@return 1, 2 or 5 times a power of ten, so that about so many fit into a range} */
    private static double step(double range, int about) {
        double raw = range / about;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double digit = raw / power;
        return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    }
}
