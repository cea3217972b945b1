package io.microgpt.spark;

import io.microgpt.text.TokenizerKind;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * The first pass over the rows: how many there are, how many are bad, how long they are, and how often each piece of text occurs. All
 * of it is counts, so that neither order nor partitions matter.
 *
 * @param pieces occurrences of each piece, in good rows
 * @param rows good and bad
 * @param overLength documents over the block size
 * @param fileTokens tokens of each file, by its name
 */
record Survey(Map<String, Long> pieces, long rows, long rejected, long overLength, Map<String, Long> fileTokens) {
    private enum Kind {
        PIECE,
        ROWS,
        REJECTED,
        OVER_LENGTH,
        FILE_TOKENS
    }

    private record Key(Kind kind, String name) implements Serializable {}

    /** @param mostPieces of a document within the block size */
    static Survey of(JavaRDD<InputRow> rows, TokenizerKind tokenizer, int mostPieces) {
        Map<String, Long> pieces = new HashMap<>();
        Map<String, Long> fileTokens = new HashMap<>();
        Map<Kind, Long> counts = new HashMap<>();
        rows.mapPartitionsToPair(part -> count(part, tokenizer, mostPieces))
                .reduceByKey(Long::sum)
                .collect()
                .forEach(count -> {
                    Key key = count._1();
                    switch (key.kind()) {
                        case PIECE -> pieces.put(key.name(), count._2());
                        case FILE_TOKENS -> fileTokens.put(key.name(), count._2());
                        default -> counts.put(key.kind(), count._2());
                    }
                });
        return new Survey(
                pieces,
                counts.getOrDefault(Kind.ROWS, 0L),
                counts.getOrDefault(Kind.REJECTED, 0L),
                counts.getOrDefault(Kind.OVER_LENGTH, 0L),
                fileTokens);
    }

    private static Iterator<Tuple2<Key, Long>> count(Iterator<InputRow> rows, TokenizerKind tokenizer, int mostPieces) {
        Map<Key, Long> counts = new HashMap<>();
        Map<String, Long> pieces = new HashMap<>();
        while (rows.hasNext()) {
            InputRow row = rows.next();
            counts.merge(new Key(Kind.ROWS, ""), 1L, Long::sum);
            if (row.rejection() != null) {
                counts.merge(new Key(Kind.REJECTED, ""), 1L, Long::sum);
                continue;
            }
            long[] length = {0};
            tokenizer.forEachPiece(row.text(), piece -> {
                pieces.merge(piece, 1L, Long::sum);
                length[0]++;
            });
            counts.merge(new Key(Kind.FILE_TOKENS, row.file()), length[0], Long::sum);
            if (length[0] > mostPieces) {
                counts.merge(new Key(Kind.OVER_LENGTH, ""), 1L, Long::sum);
            }
        }
        pieces.forEach((piece, count) -> counts.put(new Key(Kind.PIECE, piece), count));
        return counts.entrySet().stream()
                .map(entry -> new Tuple2<>(entry.getKey(), entry.getValue()))
                .iterator();
    }
}
