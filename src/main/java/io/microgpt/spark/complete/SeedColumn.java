package io.microgpt.spark.complete;

import io.microgpt.data.DatasetException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The seeds of rows.
 *
 * @param index of the column that holds them, integers or (in CSV) texts of integers; negative where there is none
 * @param otherwise the seed of a row where the column is null
 */
record SeedColumn(int index, long otherwise) implements ToLongFunction<Row>, Serializable {
    /** @throws DatasetException if the schema has no such column, or one that cannot hold seeds */
    static SeedColumn of(StructType schema, Optional<String> column, long otherwise) {
        if (column.isEmpty()) {
            return new SeedColumn(-1, otherwise);
        }
        int index = Arrays.asList(schema.fieldNames()).indexOf(column.get());
        if (index < 0) {
            throw new DatasetException("the prompts have no column " + column.get() + " among "
                    + Arrays.toString(schema.fieldNames()) + "; name the one of the seeds with --seed-column");
        }
        DataType type = schema.apply(index).dataType();
        if (!type.equals(DataTypes.LongType)
                && !type.equals(DataTypes.IntegerType)
                && !type.equals(DataTypes.ShortType)
                && !type.equals(DataTypes.ByteType)
                && !type.equals(DataTypes.StringType)) {
            throw new DatasetException("column " + column.get() + " is of type " + type.typeName()
                    + ", but seeds must be integers; make it one, or name another with --seed-column");
        }
        return new SeedColumn(index, otherwise);
    }

    /** @throws IllegalArgumentException if the row's seed is a text that is no integer */
    @Override
    public long applyAsLong(Row row) {
        if (index < 0 || row.isNullAt(index)) {
            return otherwise;
        }
        Object seed = row.get(index);
        if (seed instanceof Number number) {
            return number.longValue();
        }
        try {
            return Long.parseLong(seed.toString().strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("the seed is " + seed + ", which is not an integer of 64 bits", e);
        }
    }
}
