package io.microgpt.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Vocabularies that grow: the tokens of an older one keep their ids, so that its datasets and weights go on to mean what they meant, and
 * new tokens come after them.
 */
public final class VocabularyExtension {
    private static final int MOST_NAMED = 5;

    private VocabularyExtension() {}

    /**
     * {@return the tokenizer {@code older} with the pieces of another text added} One that encodes any text is returned as it is.
     *
     * @param counts how often each piece occurs in the other text
     * @param options its {@code maxSize} bounds the whole, but takes nothing away from the older vocabulary; a boundary is as the older
     *     has it, {@code <unk>} is added where it is asked for
     */
    public static Tokenizer extend(Tokenizer older, Map<String, Long> counts, VocabularyOptions options) {
        if (!(older instanceof WordLevelTokenizer)) {
            return older;
        }
        List<String> tokens = new ArrayList<>(tokens(older));
        if (options.unknown() && older.unknown().isEmpty()) {
            tokens.add(SpecialTokens.UNKNOWN);
        }
        boolean words = older.kind() == TokenizerKind.WORD;
        Map<String, Long> unseen = new HashMap<>(counts);
        unseen.keySet().removeAll(tokens);
        unseen.entrySet()
                .removeIf(piece -> words && piece.getValue() < options.minCount()
                        || piece.getKey().length() > TokenizerKind.LONGEST_PIECE);
        int room = options.limited() ? options.maxSize() - tokens.size() : Integer.MAX_VALUE;
        if (!unseen.isEmpty() && room > 0) {
            List<String> pieces = PieceRanking.mostFrequent(older.kind(), unseen, room);
            // As each kind orders the vocabulary that it makes of one text.
            tokens.addAll(
                    words ? pieces : pieces.stream().sorted(CodePoints.ORDER).toList());
        }
        return words ? new WordTokenizer(tokens) : new CharTokenizer(tokens);
    }

    /**
     * {@return in words, why token ids of {@code older} do not mean the same to {@code newer}; nothing where they do, because {@code newer}
     * is the same or has only tokens more}
     */
    public static Optional<String> difference(Tokenizer older, Tokenizer newer) {
        if (older.kind() != newer.kind()) {
            return Optional.of("one cuts text by data.tokenizer = "
                    + older.kind().key() + ", the other by " + newer.kind().key());
        }
        if (!(older instanceof WordLevelTokenizer)) {
            return older.toJson().equals(newer.toJson()) ? Optional.empty() : Optional.of("they were trained apart");
        }
        List<String> before = tokens(older);
        List<String> after = tokens(newer);
        if (before.size() <= after.size() && before.equals(after.subList(0, before.size()))) {
            return Optional.empty();
        }
        String missing = named(before, after);
        String more = named(after, before);
        return Optional.of("of " + before.size() + " and " + after.size() + " tokens, "
                + (missing.isEmpty() && more.isEmpty()
                        ? "the same ones in another order"
                        : (missing.isEmpty() ? "none" : missing) + " only in the older and "
                                + (more.isEmpty() ? "none" : more) + " only in the newer"));
    }

    private static List<String> tokens(Tokenizer tokenizer) {
        return IntStream.range(0, tokenizer.vocabularySize())
                .mapToObj(tokenizer::token)
                .toList();
    }

    private static String named(List<String> tokens, List<String> others) {
        Set<String> known = new HashSet<>(others);
        List<String> unknown = tokens.stream()
                .filter(token -> !known.contains(token))
                .sorted(Comparator.naturalOrder())
                .toList();
        return unknown.stream()
                .limit(MOST_NAMED)
                .map(CodePoints::describe)
                .collect(Collectors.joining(
                        ", ", "", unknown.size() > MOST_NAMED ? ", ... (" + unknown.size() + ")" : ""));
    }
}
