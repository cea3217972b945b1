package io.microgpt.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A number by step, in bounded memory: steps fall into buckets of equal width, which doubles whenever they become too many. A function of
 * the values alone: it does not matter in how many sessions they came.
 */
final class Series {
    /** Most buckets; twice as many as there is room to see. Even, so that pairs of them merge. */
    static final int MOST = 1000;

    private long width = 1;
    private int buckets;
    private final long[] count;
    private final double[] steps;
    private final double[] sum;
    private final double[] min;
    private final double[] max;

    Series() {
        count = new long[MOST];
        steps = new double[MOST];
        sum = new double[MOST];
        min = new double[MOST];
        max = new double[MOST];
    }

    /** A copy. */
    Series(Series other) {
        width = other.width;
        buckets = other.buckets;
        count = other.count.clone();
        steps = other.steps.clone();
        sum = other.sum.clone();
        min = other.min.clone();
        max = other.max.clone();
    }

    /**
     * The values of one bucket.
     *
     * @param step the mean of their steps
     */
    record Point(double step, double mean, double min, double max) {}

    /** Adds the value of a step, counted from 1. What is not finite cannot be drawn and is left out. */
    void add(long step, double value) {
        if (!Double.isFinite(value) || step < 1) {
            return;
        }
        while ((step - 1) / width >= MOST) {
            widen();
        }
        int i = (int) ((step - 1) / width);
        min[i] = count[i] == 0 ? value : Math.min(min[i], value);
        max[i] = count[i] == 0 ? value : Math.max(max[i], value);
        count[i]++;
        steps[i] += step;
        sum[i] += value;
        buckets = Math.max(buckets, i + 1);
    }

    private void widen() {
        for (int i = 0; i < MOST; i += 2) {
            int to = i / 2;
            boolean first = count[i] > 0;
            boolean second = count[i + 1] > 0;
            min[to] = !second ? min[i] : first ? Math.min(min[i], min[i + 1]) : min[i + 1];
            max[to] = !second ? max[i] : first ? Math.max(max[i], max[i + 1]) : max[i + 1];
            count[to] = count[i] + count[i + 1];
            steps[to] = steps[i] + steps[i + 1];
            sum[to] = sum[i] + sum[i + 1];
        }
        Arrays.fill(count, MOST / 2, MOST, 0);
        Arrays.fill(steps, MOST / 2, MOST, 0.0);
        Arrays.fill(sum, MOST / 2, MOST, 0.0);
        width *= 2;
        buckets = (buckets + 1) / 2;
    }

    /** {@return the buckets that have values, by step} */
    List<Point> points() {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < buckets; i++) {
            if (count[i] > 0) {
                points.add(new Point(steps[i] / count[i], sum[i] / count[i], min[i], max[i]));
            }
        }
        return points;
    }
}
