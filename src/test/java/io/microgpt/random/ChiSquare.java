package io.microgpt.random;

/** Pearson's test of counts against expectations. */
public final class ChiSquare {
    private ChiSquare() {}

    /** {@return how far the counts are from uniform, in standard deviations of the statistic} */
    public static double deviations(long[] counts) {
        double[] expected = new double[counts.length];
        java.util.Arrays.fill(expected, 1.0 / counts.length);
        return deviations(counts, expected);
    }

    /** {@return how far the counts are from these probabilities, in standard deviations of the statistic} */
    public static double deviations(long[] counts, double[] probabilities) {
        long total = java.util.Arrays.stream(counts).sum();
        double statistic = 0.0;
        for (int i = 0; i < counts.length; i++) {
            double expected = total * probabilities[i];
            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        double freedom = counts.length - 1.0;
        return (statistic - freedom) / Math.sqrt(2.0 * freedom);
    }
}
