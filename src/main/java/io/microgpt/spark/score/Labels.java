package io.microgpt.spark.score;

import io.microgpt.data.DatasetException;
import io.microgpt.spark.input.InputTable;
import java.util.Arrays;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** The labels of rows, beside what a model makes of them. */
final class Labels {
    private Labels() {}

    /**
     * {@return the label as text, null where there is none, and the columns}
     *
     * @param label its column; null for rows without labels
     * @throws DatasetException if the rows have no such column
     */
    static Dataset<Row> select(Dataset<Row> rows, String label, String... columns) {
        if (label != null && !Arrays.asList(rows.columns()).contains(label)) {
            throw new DatasetException("the rows have no column " + label + " among " + Arrays.toString(rows.columns())
                    + "; name the one of the labels with --label");
        }
        Column[] selected = new Column[columns.length + 1];
        selected[0] = (label == null ? functions.lit(null) : InputTable.column(label)).cast(DataTypes.StringType);
        for (int i = 0; i < columns.length; i++) {
            selected[i + 1] = InputTable.column(columns[i]);
        }
        return rows.select(selected);
    }
}
