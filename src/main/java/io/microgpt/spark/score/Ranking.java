package io.microgpt.spark.score;

import io.microgpt.data.DatasetException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * What the losses of labelled rows say: do they part one label from the others? The sums are exact, so that neither the order of the rows nor their
 * partitions matter.
 *
 * @param positives rows with the label that should have the higher loss
 * @param others rows with any other label
 * @param unlabelled rows without a label
 * @param failed rows without a loss
 * @param auc how likely a positive row has a higher loss than another; NaN where one of the sides is empty
 */
public record Ranking(Group positives, Group others, Group unlabelled, long failed, double auc) {
    /**
     * Rows that are scored.
     *
     * @param loss their mean loss; NaN of none
     */
    public record Group(long rows, double loss) {}

    private static final int POSITIVE = 0;
    private static final int OTHER = 1;
    private static final int UNLABELLED = 2;

    /**
     * Sums up the rows of {@link RankJob#losses}, which should be persisted: they are read more than once.
     *
     * @param label column of the labels, compared as text; null for none
     * @param positive the label that should have the higher loss
     * @throws DatasetException if the column is not there
     */
    public static Ranking of(Dataset<Row> scored, String label, String positive) {
        JavaRDD<Row> rows = Labels.select(scored, label, "loss").toJavaRDD();
        long failed = rows.filter(row -> row.isNullAt(1)).count();
        Map<Integer, Tuple2<Long, BigDecimal>> groups = rows.filter(row -> !row.isNullAt(1))
                .mapToPair(
                        row -> new Tuple2<>(group(row, positive), new Tuple2<>(1L, new BigDecimal(row.getDouble(1)))))
                .reduceByKey((a, b) -> new Tuple2<>(a._1() + b._1(), a._2().add(b._2())))
                .collectAsMap();
        Auc auc = label == null
                ? new Auc(Double.NaN, 0, 0)
                : Auc.of(rows.filter(row -> !row.isNullAt(0) && !row.isNullAt(1))
                        .mapToPair(row -> new Tuple2<>(row.getDouble(1), group(row, positive) == POSITIVE)));
        return new Ranking(
                mean(groups.get(POSITIVE)), mean(groups.get(OTHER)), mean(groups.get(UNLABELLED)), failed, auc.value());
    }

    private static int group(Row row, String positive) {
        return row.isNullAt(0) ? UNLABELLED : row.getString(0).equals(positive) ? POSITIVE : OTHER;
    }

    private static Group mean(Tuple2<Long, BigDecimal> group) {
        return group == null
                ? new Group(0, Double.NaN)
                : new Group(
                        group._1(),
                        group._2()
                                .divide(BigDecimal.valueOf(group._1()), MathContext.DECIMAL128)
                                .doubleValue());
    }
}
