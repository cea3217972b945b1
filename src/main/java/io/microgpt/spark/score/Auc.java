package io.microgpt.spark.score;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * The area under the ROC curve: how likely a positive row, taken at random, has a higher score than a negative one. Counted in
 * integers over the sorted scores, so that it is exact and neither the order of the rows nor their partitions matter.
 *
 * @param value ties count half; NaN where one of the sides is empty
 */
public record Auc(double value, long positives, long negatives) implements Serializable {
    /** {@return the area of pairs of a score, which must be finite, and whether its row is positive} */
    static Auc of(JavaPairRDD<Double, Boolean> scores) {
        // A row a different score: {positives, negatives}. Adding zero makes -0 and 0 the same.
        JavaRDD<long[]> counts = scores.mapToPair(
                        pair -> new Tuple2<>(pair._1() + 0.0, pair._2() ? new long[] {1, 0} : new long[] {0, 1}))
                .reduceByKey((a, b) -> new long[] {a[0] + b[0], a[1] + b[1]})
                .sortByKey()
                .values();
        List<long[]> partitions =
                counts.mapPartitions(part -> List.of(sum(part)).iterator()).collect();
        long[] negativesBefore = new long[partitions.size()];
        long positives = 0;
        long negatives = 0;
        for (int p = 0; p < negativesBefore.length; p++) {
            negativesBefore[p] = negatives;
            positives += partitions.get(p)[0];
            negatives += partitions.get(p)[1];
        }
        BigInteger twice = counts
                .mapPartitionsWithIndex(
                        (p, part) -> List.of(twiceWon(part, negativesBefore[p])).iterator(), false)
                .collect()
                .stream()
                .reduce(BigInteger.ZERO, BigInteger::add);
        return new Auc(share(twice, positives, negatives), positives, negatives);
    }

    private static long[] sum(Iterator<long[]> counts) {
        long[] sum = new long[2];
        while (counts.hasNext()) {
            long[] next = counts.next();
            sum[0] += next[0];
            sum[1] += next[1];
        }
        return sum;
    }

    /** {@return twice the pairs that the positives of a partition win, a tie being half a win} */
    private static BigInteger twiceWon(Iterator<long[]> counts, long negativesBefore) {
        BigInteger twice = BigInteger.ZERO;
        long below = negativesBefore;
        while (counts.hasNext()) {
            long[] next = counts.next();
            twice = twice.add(BigInteger.valueOf(next[0]).multiply(BigInteger.valueOf(2 * below + next[1])));
            below += next[1];
        }
        return twice;
    }

    private static double share(BigInteger twice, long positives, long negatives) {
        BigInteger pairs = BigInteger.valueOf(positives).multiply(BigInteger.valueOf(negatives));
        return pairs.signum() == 0
                ? Double.NaN
                : new BigDecimal(twice)
                        .divide(new BigDecimal(pairs.shiftLeft(1)), MathContext.DECIMAL128)
                        .doubleValue();
    }
}
