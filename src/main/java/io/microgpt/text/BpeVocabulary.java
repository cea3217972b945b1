package io.microgpt.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokens of a byte-level BPE, spelled in the {@link ByteAlphabet}: first the bytes, then what each merge makes of
 * two of them, where no merge before it made the same. Grows by {@link #merge}; whoever has grown it shares it as it is.
 */
final class BpeVocabulary {
    /** In bytes: what the longest counted piece can have in UTF-8. */
    private static final int LONGEST_TOKEN = 3 * TokenizerKind.LONGEST_PIECE;

    /**
     * Two tokens that are one wherever they stand side by side, unless a merge before this one takes either of them.
     *
     * @param result the id of that one
     */
    record Merge(int left, int right, int result) {}

    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<Merge> merges = new ArrayList<>();
    // By pair. A map of objects, because a file that is read here could be made to collide in a plainer one.
    private final Map<Long, Integer> ranks = new HashMap<>();

    BpeVocabulary() {
        ByteAlphabet.characters().chars().forEach(character -> add(Character.toString(character)));
    }

    private int add(String token) {
        tokens.add(token);
        ids.put(token, tokens.size() - 1);
        return tokens.size() - 1;
    }

    /**
     * Adds the merge that comes after all others.
     *
     * @return its id
     * @throws IllegalArgumentException if it is there already, or makes a token that cannot be
     */
    int merge(int left, int right) {
        String token = tokens.get(left) + tokens.get(right);
        if (token.length() > LONGEST_TOKEN) {
            throw new IllegalArgumentException("the merge of " + CodePoints.describe(tokens.get(left)) + " and "
                    + CodePoints.describe(tokens.get(right)) + " makes a token of " + token.length()
                    + " bytes; the longest may have " + LONGEST_TOKEN);
        }
        if (SpecialTokens.contain(token)) {
            throw new IllegalArgumentException("a merge makes " + token + ", which stands for no text");
        }
        if (ranks.putIfAbsent(pair(left, right), merges.size()) != null) {
            throw new IllegalArgumentException(CodePoints.describe(tokens.get(left)) + " and "
                    + CodePoints.describe(tokens.get(right)) + " are merged twice");
        }
        Integer known = ids.get(token);
        int result = known == null ? add(token) : known;
        merges.add(new Merge(left, right, result));
        return result;
    }

    /** {@return two ids as one number, in the order of the first, then of the second} */
    static long pair(int left, int right) {
        return (long) left << Integer.SIZE | right;
    }

    /** {@return the number of tokens} */
    int size() {
        return tokens.size();
    }

    /** {@return the spelling of a token} */
    String token(int id) {
        return tokens.get(id);
    }

    /** {@return the id of the token that is spelled so; null if there is none} */
    Integer id(String token) {
        return ids.get(token);
    }

    /** {@return the merges, the first to be made first} */
    List<Merge> merges() {
        return merges;
    }

    /** {@return the place of a pair's merge among {@link #merges}; null if the two are not merged} */
    Integer rank(int left, int right) {
        return ranks.get(pair(left, right));
    }
}
