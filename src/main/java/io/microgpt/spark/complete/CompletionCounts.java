package io.microgpt.spark.complete;

import io.microgpt.generate.Completion.Finish;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/**
 * What is in files of completions. Those of this run are counted as they are written, so that nothing is read again for it; retried and
 * speculative tasks count once.
 *
 * @param prompts rows that went in
 * @param errors those that could not be served
 * @param reasons rows that came out, by {@code finish_reason}, as far as there are any
 */
record CompletionCounts(long prompts, long errors, SortedMap<String, Long> reasons) {
    static final CompletionCounts NONE = new CompletionCounts(0, 0, new TreeMap<>());

    private static final String PROMPTS = "prompts";
    private static final String ERRORS = "prompts failed";

    private static List<Column> counts() {
        Column first = functions.col("sample").equalTo(0); // each prompt has one
        Column reason = functions.col("finish_reason");
        List<Column> counts = new ArrayList<>();
        counts.add(functions.count_if(first).as(PROMPTS));
        counts.add(functions
                .count_if(first.and(reason.equalTo(Finish.ERROR.key())))
                .as(ERRORS));
        for (Finish finish : Finish.values()) {
            counts.add(functions.count_if(reason.equalTo(finish.key())).as(finish.key()));
        }
        return counts;
    }

    /** {@return the same completions, counted for {@link #of(Observation)} when they are written} */
    static Dataset<Row> observed(Dataset<Row> completions, Observation observation) {
        List<Column> counts = counts();
        return completions.observe(
                observation, counts.get(0), counts.subList(1, counts.size()).toArray(Column[]::new));
    }

    /** {@return what was counted of a dataset that has been written} */
    static CompletionCounts of(Observation observation) {
        try {
            return of(observation.getAsJava());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(
                    "interrupted while completions were counted; all are written, and the same command again counts them",
                    e);
        }
    }

    /** {@return what is counted now, in a job of its own} */
    static CompletionCounts of(Dataset<Row> completions) {
        List<Column> counts = counts();
        Row row = completions
                .agg(counts.get(0), counts.subList(1, counts.size()).toArray(Column[]::new))
                .first();
        Map<String, Object> values = new TreeMap<>();
        for (String name : row.schema().fieldNames()) {
            values.put(name, row.getAs(name));
        }
        return of(values);
    }

    private static CompletionCounts of(Map<String, ?> values) {
        SortedMap<String, Long> reasons = new TreeMap<>();
        for (Finish finish : Finish.values()) {
            long rows = (Long) values.get(finish.key());
            if (rows > 0) {
                reasons.put(finish.key(), rows);
            }
        }
        return new CompletionCounts((Long) values.get(PROMPTS), (Long) values.get(ERRORS), reasons);
    }

    CompletionCounts plus(CompletionCounts other) {
        SortedMap<String, Long> all = new TreeMap<>(reasons);
        other.reasons.forEach((reason, rows) -> all.merge(reason, rows, Long::sum));
        return new CompletionCounts(prompts + other.prompts, errors + other.errors, all);
    }
}
