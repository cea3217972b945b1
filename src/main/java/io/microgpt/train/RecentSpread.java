package io.microgpt.train;

import java.util.Arrays;
import java.util.List;

/**
 * The recent values of a series and how far a next one lies above them, by statistics that a few outliers do not move: the median, and
 * the median of the distances from it (MAD).
 */
final class RecentSpread {
    /** What makes the MAD of normal noise its standard deviation. */
    private static final double MAD_TO_DEVIATION = 1.4826;
    /** Of fewer values, nobody knows how they spread. */
    private static final int LEAST_VALUES = 20;

    private final double[] values; // a ring
    private final double leastDeviation;
    private int count;
    private int next;

    /**
     * @param window how many values are remembered
     * @param leastDeviation what the spread counts for at least, because calm steps are no reason to call the next one wild
     */
    RecentSpread(int window, double leastDeviation) {
        this.values = new double[window];
        this.leastDeviation = leastDeviation;
    }

    void add(double value) {
        if (values.length > 0) {
            values[next] = value;
            next = (next + 1) % values.length;
            count = Math.min(count + 1, values.length);
        }
    }

    /** {@return how many values there are} */
    int count() {
        return count;
    }

    /** {@return the values, the oldest first} */
    List<Double> values() {
        Double[] ordered = new Double[count];
        for (int i = 0; i < count; i++) {
            ordered[i] = values[(next - count + i + values.length) % values.length];
        }
        return List.of(ordered);
    }

    /** Forgets all and takes these; of more than the window, the last. */
    void replace(List<Double> with) {
        count = 0;
        next = 0;
        with.forEach(this::add);
    }

    /**
     * {@return by how many standard deviations a value lies above the median; 0 unless it is above all of the values, and there are enough
     * of them}
     */
    double excess(double value) {
        if (count == 0 || count < Math.min(LEAST_VALUES, values.length)) {
            return 0.0;
        }
        for (int i = 0; i < count; i++) {
            if (value <= values[i]) {
                return 0.0; // nearly always: a step costs no sorting
            }
        }
        double median = median();
        double[] distances =
                Arrays.stream(values, 0, count).map(v -> Math.abs(v - median)).toArray();
        return (value - median) / Math.max(leastDeviation, MAD_TO_DEVIATION * median(distances));
    }

    /** {@return the median of the values; NaN where there are none} */
    double median() {
        return median(Arrays.copyOf(values, count));
    }

    private static double median(double[] of) {
        Arrays.sort(of);
        int n = of.length;
        return n == 0 ? Double.NaN : 0.5 * (of[(n - 1) / 2] + of[n / 2]);
    }
}
