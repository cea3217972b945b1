package io.microgpt.text;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** One id a code point. */
final class CharTokenizer extends WordLevelTokenizer {
    private static final int UNSEEN = -1;

    private final CodePointTable ids = new CodePointTable(unknown().orElse(UNSEEN));

    CharTokenizer(List<String> tokens) {
        super(TokenizerKind.CHAR, tokens);
        for (int id = 0; id < tokens.size(); id++) {
            if (!SpecialTokens.contain(tokens.get(id))) {
                ids.put(tokens.get(id).codePointAt(0), id);
            }
        }
    }

    /** Ids in the order of the code points, then the special tokens. */
    static CharTokenizer train(Map<String, Long> counts, VocabularyOptions options) {
        if (options.limited() && !options.unknown()) {
            throw new IllegalArgumentException("a char vocabulary limited to " + options.maxSize()
                    + " tokens needs <unk> for the characters that it leaves out; set data.unknown=unk, or limit it to "
                    + VocabularyOptions.NO_LIMIT + " for no limit");
        }
        List<String> specials = SpecialTokens.chosen(options.boundary(), options.unknown());
        List<String> pieces =
                PieceRanking.mostFrequent(TokenizerKind.CHAR, counts, options.roomBeside(specials.size()));
        return new CharTokenizer(Stream.concat(pieces.stream().sorted(CodePoints.ORDER), specials.stream())
                .toList());
    }

    @Override
    public int[] encode(String text) {
        int[] encoded = new int[text.codePointCount(0, text.length())];
        int at = 0;
        for (int position = 0; position < encoded.length; position++) {
            int codePoint = text.codePointAt(at);
            int id = ids.of(codePoint);
            if (id == UNSEEN) {
                throw new UnseenTextException(codePoint, position);
            }
            encoded[position] = id;
            at += Character.charCount(codePoint);
        }
        return encoded;
    }
}
