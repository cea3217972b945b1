package io.microgpt.spark.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import scala.Tuple2;

/**
 * How often the choice of a model is the label.
 *
 * @param labelled for each choice the rows labelled with it
 * @param unlabelled rows whose label is none of the choices, or that have none
 * @param failed rows that could not be scored
 * @param auc of two choices, how likely a row labelled with the second leans more to it than one labelled with the first; else NaN
 */
public record Choices(List<Labelled> labelled, long unlabelled, long failed, double auc) {
    /** Rows with one label: how many, and for how many of them the model chose it. */
    public record Labelled(String label, long rows, long correct) {}

    /**
     * Sums up the rows of {@link RankJob#choices}, which should be persisted: they are read more than once.
     *
     * @param label column of the right choices; null for none
     * @throws io.microgpt.data.DatasetException if the column is not there
     */
    public static Choices of(Dataset<Row> chosen, String label, List<String> choices) {
        Dataset<Row> rows = Labels.select(chosen, label, "choice", "margin").toDF("label", "choice", "margin");
        Column known =
                functions.col("label").isin(choices.toArray()); // as many groups as choices, whatever the column holds
        Dataset<Row> groups = rows.select(
                        functions.when(known, functions.col("label")).as("label"), functions.col("choice"))
                .groupBy("label", "choice")
                .count();
        Map<String, long[]> counts = new TreeMap<>();
        long failed = 0;
        long unlabelled = 0;
        for (Row group : groups.collectAsList()) {
            long count = group.getLong(2);
            if (group.isNullAt(1)) {
                failed += count;
            } else if (group.isNullAt(0)) {
                unlabelled += count;
            } else {
                long[] sums = counts.computeIfAbsent(group.getString(0), none -> new long[2]);
                sums[0] += count;
                sums[1] += group.getString(0).equals(group.getString(1)) ? count : 0;
            }
        }
        List<Labelled> labelled = new ArrayList<>();
        for (String choice : choices) {
            long[] sums = counts.getOrDefault(choice, new long[2]);
            labelled.add(new Labelled(choice, sums[0], sums[1]));
        }
        double auc = choices.size() == 2 && label != null ? auc(rows.toJavaRDD(), choices) : Double.NaN;
        return new Choices(labelled, unlabelled, failed, auc);
    }

    private static double auc(JavaRDD<Row> rows, List<String> choices) {
        String first = choices.get(0);
        String second = choices.get(1);
        return Auc.of(rows.filter(row -> !row.isNullAt(1) && (first.equals(row.get(0)) || second.equals(row.get(0))))
                        .mapToPair(row -> new Tuple2<>(
                                (row.getString(1).equals(second) ? 1 : -1) * row.getDouble(2),
                                row.getString(0).equals(second))))
                .value();
    }

    /** {@return rows that have a label} */
    public long rows() {
        return labelled.stream().mapToLong(Labelled::rows).sum();
    }

    /** {@return rows whose label was chosen} */
    public long correct() {
        return labelled.stream().mapToLong(Labelled::correct).sum();
    }

    /** {@return the share of the labelled rows whose label was chosen; NaN without rows} */
    public double accuracy() {
        return (double) correct() / rows();
    }
}
