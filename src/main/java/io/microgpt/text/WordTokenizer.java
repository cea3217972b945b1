package io.microgpt.text;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** One id a word; words outside the vocabulary are {@code <unk>}. */
final class WordTokenizer extends WordLevelTokenizer {
    private final Map<String, Integer> ids = new HashMap<>();
    private final Integer unknown;

    WordTokenizer(List<String> tokens) {
        super(TokenizerKind.WORD, tokens);
        unknown = unknown()
                .orElseThrow(() -> new IllegalArgumentException("the vocabulary has no " + SpecialTokens.UNKNOWN
                        + ", which a word tokenizer needs for words that it has not seen"));
        for (int id = 0; id < tokens.size(); id++) {
            ids.put(tokens.get(id), id);
        }
    }

    /** Ids in the order of frequency, then the special tokens. */
    static WordTokenizer train(Map<String, Long> counts, VocabularyOptions options) {
        List<String> specials = SpecialTokens.chosen(options.boundary(), true);
        List<String> pieces = PieceRanking.mostFrequent(
                TokenizerKind.WORD, counts, options.roomBeside(specials.size()), options.minCount());
        return new WordTokenizer(
                Stream.concat(pieces.stream(), specials.stream()).toList());
    }

    @Override
    public int[] encode(String text) {
        IntStream.Builder encoded = IntStream.builder();
        kind().forEachPiece(text, piece -> encoded.add(ids.getOrDefault(piece, unknown)));
        return encoded.build().toArray();
    }
}
