package io.microgpt.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Byte-level byte pair encoding: a piece is its UTF-8 bytes, merged two by two into the longest tokens that the merges
 * give. Any valid Unicode can be encoded, so that there is no {@code <unk>}. A token may be a part of a character;
 * where ids do not add up to whole characters, as at the end of a completion that was cut short, {@link #decode} gives
 * U+FFFD.
 */
final class BpeTokenizer implements Tokenizer {
    /** Text has few words, and most often the same; the first to come are kept, so that memory is bounded. */
    private static final int MOST_KEPT = 1 << 16;

    private static final int LONGEST_KEPT = 32;

    private final BpeVocabulary vocabulary;
    private final OptionalInt boundary;
    private final Map<String, int[]> kept = new ConcurrentHashMap<>();

    /** @param vocabulary which must not change any more */
    BpeTokenizer(BpeVocabulary vocabulary, boolean boundary) {
        this.vocabulary = vocabulary;
        this.boundary = boundary ? OptionalInt.of(vocabulary.size()) : OptionalInt.empty();
    }

    @Override
    public TokenizerKind kind() {
        return TokenizerKind.BPE;
    }

    @Override
    public int vocabularySize() {
        return vocabulary.size() + (boundary.isPresent() ? 1 : 0);
    }

    @Override
    public OptionalInt boundary() {
        return boundary;
    }

    @Override
    public OptionalInt unknown() {
        return OptionalInt.empty();
    }

    @Override
    public int[] encode(String text) {
        CodePoints.requireValid(text);
        IntStream.Builder encoded = IntStream.builder();
        kind().forEachPiece(text, piece -> {
            for (int id : ids(piece)) {
                encoded.add(id);
            }
        });
        return encoded.build().toArray();
    }

    private int[] ids(String piece) {
        if (piece.length() > LONGEST_KEPT) {
            return merged(piece);
        }
        int[] known = kept.get(piece);
        if (known == null) {
            known = merged(piece);
            if (kept.size() < MOST_KEPT) {
                kept.put(piece, known);
            }
        }
        return known;
    }

    /** The earliest merge first, of the same one the leftmost; with a queue, because a piece may be a megabyte. */
    private int[] merged(String piece) {
        byte[] utf8 = piece.getBytes(StandardCharsets.UTF_8);
        int end = utf8.length;
        int[] ids = new int[end];
        int[] previous = new int[end];
        int[] next = new int[end];
        for (int i = 0; i < end; i++) {
            ids[i] = ByteAlphabet.id(utf8[i]);
            previous[i] = i - 1;
            next[i] = i + 1;
        }
        PriorityQueue<Long> candidates = new PriorityQueue<>(); // rank, then position
        for (int i = 0; i + 1 < end; i++) {
            offer(candidates, ids, i, i + 1);
        }
        while (!candidates.isEmpty()) {
            long candidate = candidates.poll();
            int rank = (int) (candidate >>> Integer.SIZE);
            int at = (int) candidate;
            BpeVocabulary.Merge merge = vocabulary.merges().get(rank);
            int right = next[at];
            if (ids[at] != merge.left() || right >= end || ids[right] != merge.right()) {
                continue; // one of the two has become part of another token since
            }
            ids[at] = merge.result();
            ids[right] = -1;
            next[at] = next[right];
            if (next[at] < end) {
                previous[next[at]] = at;
                offer(candidates, ids, at, next[at]);
            }
            if (previous[at] >= 0) {
                offer(candidates, ids, previous[at], at);
            }
        }
        return Arrays.stream(ids).filter(id -> id >= 0).toArray();
    }

    private void offer(PriorityQueue<Long> candidates, int[] ids, int left, int right) {
        Integer rank = vocabulary.rank(ids[left], ids[right]);
        if (rank != null) {
            candidates.add((long) rank << Integer.SIZE | left);
        }
    }

    @Override
    public String decode(int[] ids) {
        return new String(utf8(ids, 0, ids.length), StandardCharsets.UTF_8);
    }

    /** A character is where its first byte is, so that one which two documents share counts once. */
    @Override
    public long characters(int[] ids, int from, int to) {
        int count = 0;
        for (byte value : utf8(ids, from, to)) {
            count += (value & 0xC0) == 0x80 ? 0 : 1; // 10xxxxxx goes on with a character
        }
        return count;
    }

    private byte[] utf8(int[] ids, int from, int to) {
        ByteArrayOutputStream utf8 = new ByteArrayOutputStream(4 * (to - from));
        for (int at = from; at < to; at++) {
            String token = token(ids[at]);
            if (ids[at] < vocabulary.size()) {
                for (int i = 0; i < token.length(); i++) {
                    utf8.write(ByteAlphabet.value(token.charAt(i)));
                }
            }
        }
        return utf8.toByteArray();
    }

    @Override
    public String token(int id) {
        if (id < 0 || id >= vocabularySize()) {
            throw new IllegalArgumentException("there is no token " + id + ": this vocabulary has the ids 0 to "
                    + (vocabularySize() - 1) + "; check that the ids come from the same tokenizer");
        }
        return id < vocabulary.size() ? vocabulary.token(id) : SpecialTokens.BOUNDARY;
    }

    @Override
    public String toJson() {
        return TokenizerJson.print(BpeJson.tree(vocabulary, boundary));
    }
}
