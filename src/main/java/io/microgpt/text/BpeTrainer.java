package io.microgpt.text;

import io.microgpt.text.BpeVocabulary.Merge;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * The merges of a byte-level BPE, from counted pieces. Each merge takes the pair of tokens that stands side by side most
 * often in the pieces as the merges before it leave them, of equally frequent ones that with the lowest left id, then the
 * lowest right id. So the vocabulary is a function of the counts alone.
 *
 * <p>A merge looks only at the pieces that hold its pair. As each of them gets shorter by it, all merges together look at
 * no more pieces than the text's distinct pieces have bytes. Counts in the queue may be old: they are only ever too high
 * for a pair whose count has fallen, which then waits in the queue again, while a pair whose count rises enters anew.
 */
final class BpeTrainer {
    /** Tokens of a vocabulary whose size nobody chose. */
    static final int DEFAULT_SIZE = 8192;

    /** A pair seen once is no pattern: merging it would only copy that piece into the vocabulary. */
    private static final int FEWEST = 2;

    private static final Comparator<Candidate> ORDER =
            Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::pair);

    /** What a pair's count was when it was put into the queue. */
    private record Candidate(long count, long pair) {}

    /** Where a pair stands: how often in all, and in which pieces, some of which may have lost it since. */
    private static final class Occurrences {
        private long count;
        private int[] pieces = new int[2];
        private int size;

        void addPiece(int piece) {
            if (size > 0 && pieces[size - 1] == piece) {
                return;
            }
            if (size == pieces.length) {
                pieces = Arrays.copyOf(pieces, 2 * size);
            }
            pieces[size++] = piece;
        }

        int[] takePieces() {
            int[] taken = Arrays.copyOf(pieces, size);
            pieces = new int[2];
            size = 0;
            return taken;
        }
    }

    private final BpeVocabulary vocabulary = new BpeVocabulary();
    private final int[][] pieces; // [piece][token]
    private final long[] counts; // [piece]
    private final Map<Long, Occurrences> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(ORDER);

    private BpeTrainer(List<String> texts, Map<String, Long> textCounts) {
        pieces = texts.stream().map(BpeTrainer::bytes).toArray(int[][]::new);
        counts = texts.stream().mapToLong(textCounts::get).toArray();
        for (int piece = 0; piece < pieces.length; piece++) {
            for (int i = 1; i < pieces[piece].length; i++) {
                count(piece, i).addPiece(piece);
            }
        }
        pairs.forEach((pair, occurrences) -> queue.add(new Candidate(occurrences.count, pair)));
    }

    static BpeTokenizer train(Map<String, Long> counts, VocabularyOptions options) {
        int specials = SpecialTokens.chosen(options.boundary(), false).size();
        int most = size(options, specials) - specials;
        List<String> pieces = PieceRanking.mostFrequent(TokenizerKind.BPE, counts, Integer.MAX_VALUE);
        return new BpeTokenizer(new BpeTrainer(pieces, counts).merged(most), options.boundary());
    }

    private static int size(VocabularyOptions options, int specials) {
        int size = options.limited() ? options.maxSize() : DEFAULT_SIZE;
        int least = ByteAlphabet.SIZE + specials;
        if (size < least || size > WordLevelTokenizer.LARGEST_VOCABULARY) {
            throw new IllegalArgumentException("a bpe vocabulary of at most " + size + " tokens cannot be: it has the "
                    + ByteAlphabet.SIZE + " bytes and " + specials + " special tokens, and may have "
                    + WordLevelTokenizer.LARGEST_VOCABULARY + "; set the limit to " + least + " or more, or to "
                    + VocabularyOptions.NO_LIMIT + " for " + DEFAULT_SIZE);
        }
        return size;
    }

    private static int[] bytes(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, utf8.length)
                .map(i -> ByteAlphabet.id(utf8[i]))
                .toArray();
    }

    private BpeVocabulary merged(int most) {
        while (vocabulary.size() < most && !queue.isEmpty()) {
            Candidate best = queue.poll();
            long count = pairs.get(best.pair).count;
            if (count == best.count && count >= FEWEST) {
                merge(best.pair);
            } else if (count < best.count && count >= FEWEST) {
                queue.add(new Candidate(count, best.pair));
            }
        }
        return vocabulary;
    }

    /**
     * Makes a new merge. Where it spells a token that was there already, that token can come to stand in pairs which are merged
     * already: those are made at once, the earliest first, as in encoding.
     */
    private void merge(long pair) {
        vocabulary.merge(left(pair), right(pair));
        TreeSet<Integer> due = new TreeSet<>(List.of(vocabulary.merges().size() - 1));
        while (!due.isEmpty()) {
            Merge merge = vocabulary.merges().get(due.pollFirst());
            Set<Long> risen = new HashSet<>();
            for (int piece :
                    pairs.get(BpeVocabulary.pair(merge.left(), merge.right())).takePieces()) {
                merge(piece, merge, risen);
            }
            for (long key : risen) {
                Integer rank = vocabulary.rank(left(key), right(key));
                if (rank != null) {
                    due.add(rank);
                } else {
                    queue.add(new Candidate(pairs.get(key).count, key));
                }
            }
        }
    }

    private static int left(long pair) {
        return (int) (pair >>> Integer.SIZE);
    }

    private static int right(long pair) {
        return (int) pair;
    }

    private void merge(int piece, Merge merge, Set<Long> risen) {
        int[] before = pieces[piece];
        int[] after = new int[before.length];
        int size = 0;
        for (int i = 0; i < before.length; i++) {
            boolean found = i + 1 < before.length && before[i] == merge.left() && before[i + 1] == merge.right();
            after[size++] = found ? merge.result() : before[i];
            i += found ? 1 : 0;
        }
        if (size == before.length) {
            return; // lost the pair to a merge before
        }
        for (int i = 1; i < before.length; i++) {
            pairs.get(BpeVocabulary.pair(before[i - 1], before[i])).count -= counts[piece];
        }
        pieces[piece] = Arrays.copyOf(after, size);
        for (int i = 1; i < size; i++) {
            Occurrences occurrences = count(piece, i);
            if (after[i - 1] == merge.result() || after[i] == merge.result()) {
                occurrences.addPiece(piece);
                risen.add(BpeVocabulary.pair(after[i - 1], after[i]));
            }
        }
    }

    /** Counts the pair that ends at token {@code i} of a piece. */
    private Occurrences count(int piece, int i) {
        Occurrences occurrences = pairs.computeIfAbsent(
                BpeVocabulary.pair(pieces[piece][i - 1], pieces[piece][i]), pair -> new Occurrences());
        occurrences.count += counts[piece];
        return occurrences;
    }
}
