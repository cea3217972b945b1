package io.microgpt.spark.prepare;

import io.microgpt.spark.input.InputRow;
import io.microgpt.text.TokenizerKind;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * The first pass over the rows: how many there are, how many are bad, how long they are in pieces, and how often each piece of text
 * occurs. All of it is counts, so that neither order nor partitions matter.
 *
 * <p>The pieces come to the driver, which has room for so many: where a text has more, the most frequent are kept, of equally frequent
 * ones the first by their text. Those of over {@link TokenizerKind#LONGEST_PIECE} are never kept.
 *
 * @param pieces occurrences of each piece that is kept, in good rows
 * @param leftOut occurrences of all others
 * @param rows good and bad
 * @param overLength documents of more pieces than the block size allows
 * @param filePieces how many pieces each file has, by its name
 */
record Survey(
        Map<String, Long> pieces,
        long leftOut,
        long rows,
        long rejected,
        long overLength,
        Map<String, Long> filePieces) {
    enum Kind {
        PIECE,
        LONG_PIECES,
        ROWS,
        REJECTED,
        OVER_LENGTH,
        FILE_PIECES
    }

    record Key(Kind kind, String name) implements Serializable {}

    /** The order in which pieces are kept. */
    private record Rank(long count, String piece) implements Serializable, Comparable<Rank> {
        private static final Comparator<Rank> ORDER =
                Comparator.comparingLong(Rank::count).reversed().thenComparing(Rank::piece);

        @Override
        public int compareTo(Rank other) {
            return ORDER.compare(this, other);
        }
    }

    /**
     * What a partition of counts says of itself.
     *
     * @param counts of pieces only where they are few
     * @param occurrences of all its pieces
     */
    private record Part(List<Tuple2<Key, Long>> counts, boolean few, long occurrences) implements Serializable {}

    /**
     * Counts the rows.
     *
     * @param mostPieces of a document within the block size
     * @param kept the most distinct pieces that come to the driver
     */
    static Survey of(JavaRDD<InputRow> rows, TokenizerKind tokenizer, int mostPieces, int kept) {
        JavaPairRDD<Key, Long> counts = rows.mapPartitionsToPair(part -> new PieceCounter(part, tokenizer, mostPieces))
                .reduceByKey(Long::sum);
        int share = kept / counts.getNumPartitions();
        List<Part> parts = counts.mapPartitions(
                        part -> List.of(part(part, share)).iterator())
                .collect();
        Map<String, Long> pieces = new HashMap<>();
        Map<String, Long> filePieces = new HashMap<>();
        Map<Kind, Long> others = new HashMap<>();
        for (Part part : parts) {
            for (Tuple2<Key, Long> count : part.counts()) {
                Key key = count._1();
                switch (key.kind()) {
                    case PIECE -> pieces.put(key.name(), count._2());
                    case FILE_PIECES -> filePieces.put(key.name(), count._2());
                    default -> others.put(key.kind(), count._2());
                }
            }
        }
        if (!parts.stream().allMatch(Part::few)) {
            pieces.clear();
            mostFrequent(counts, kept).forEach(rank -> pieces.put(rank.piece(), rank.count()));
        }
        long all = others.getOrDefault(Kind.LONG_PIECES, 0L)
                + parts.stream().mapToLong(Part::occurrences).sum();
        return new Survey(
                pieces,
                all - pieces.values().stream().mapToLong(Long::longValue).sum(),
                others.getOrDefault(Kind.ROWS, 0L),
                others.getOrDefault(Kind.REJECTED, 0L),
                others.getOrDefault(Kind.OVER_LENGTH, 0L),
                filePieces);
    }

    private static Part part(Iterator<Tuple2<Key, Long>> counts, int share) {
        List<Tuple2<Key, Long>> pieces = new ArrayList<>();
        List<Tuple2<Key, Long>> kept = new ArrayList<>();
        boolean few = true;
        long occurrences = 0;
        while (counts.hasNext()) {
            Tuple2<Key, Long> count = counts.next();
            if (count._1().kind() != Kind.PIECE) {
                kept.add(count);
                continue;
            }
            occurrences += count._2();
            few = few && pieces.size() < share;
            if (few) {
                pieces.add(count);
            }
        }
        if (few) {
            kept.addAll(pieces);
        }
        return new Part(kept, few, occurrences);
    }

    /** Sorted by the cluster, so that the driver takes in no more than it keeps. */
    private static List<Rank> mostFrequent(JavaPairRDD<Key, Long> counts, int kept) {
        return counts.filter(count -> count._1().kind() == Kind.PIECE)
                .mapToPair(count -> new Tuple2<>(new Rank(count._2(), count._1().name()), true))
                .sortByKey()
                .keys()
                .take(kept);
    }
}
