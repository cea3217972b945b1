package io.microgpt.text;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Which pieces a vocabulary takes in: the most frequent. A function of the counts alone, whatever the map's order. */
final class PieceRanking {
    private static final Comparator<Map.Entry<String, Long>> ORDER = Map.Entry.<String, Long>comparingByValue()
            .reversed()
            .thenComparing(Map.Entry.comparingByKey(CodePoints.ORDER));

    private PieceRanking() {}

    /** {@return at most {@code limit} pieces, the most frequent first, equally frequent ones by code points} */
    static List<String> mostFrequent(TokenizerKind kind, Map<String, Long> counts, int limit) {
        return mostFrequent(kind, counts, limit, 1);
    }

    /** {@return the same, without pieces that occur fewer than {@code minCount} times} */
    static List<String> mostFrequent(TokenizerKind kind, Map<String, Long> counts, int limit, int minCount) {
        counts.forEach((piece, count) -> check(kind, piece, count));
        List<String> pieces = counts.entrySet().stream()
                .filter(entry -> entry.getKey().length() <= TokenizerKind.LONGEST_PIECE && entry.getValue() >= minCount)
                .sorted(ORDER)
                .limit(limit)
                .map(Map.Entry::getKey)
                .toList();
        if (pieces.isEmpty()) {
            throw new IllegalArgumentException(
                    "there is no text to make a " + kind.key() + " vocabulary of; check that the input is not empty"
                            + (minCount > 1 ? ", or lower data.min-count = " + minCount : ""));
        }
        return pieces;
    }

    private static void check(TokenizerKind kind, String piece, Long count) {
        if (piece == null || !kind.isPiece(piece)) {
            throw new IllegalArgumentException((piece == null ? "null" : CodePoints.describe(piece))
                    + " was counted, but is not one piece of valid text to a " + kind.key()
                    + " tokenizer; count what TokenizerKind.forEachPiece hands out");
        }
        if (count == null || count < 1) {
            throw new IllegalArgumentException(
                    CodePoints.describe(piece) + " has the count " + count + "; count only pieces that occur");
        }
    }
}
