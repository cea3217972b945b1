package io.microgpt.text;

import java.util.List;
import java.util.OptionalInt;

/** A tokenizer that gives every piece one id: the {@code WordLevel} model of Hugging Face's {@code tokenizers}. */
abstract class WordLevelTokenizer implements Tokenizer {
    /** Beyond this a vocabulary is a mistake in the data or in the limit, and no model could be trained on it. */
    static final int LARGEST_VOCABULARY = 1 << 20;

    private final TokenizerKind kind;
    private final List<String> tokens;
    private final OptionalInt boundary;
    private final OptionalInt unknown;

    WordLevelTokenizer(TokenizerKind kind, List<String> tokens) {
        if (tokens.isEmpty() || tokens.size() > LARGEST_VOCABULARY) {
            throw new IllegalArgumentException("the vocabulary has " + tokens.size() + " tokens, but must have 1 to "
                    + LARGEST_VOCABULARY + "; limit its size");
        }
        for (int id = 0; id < tokens.size(); id++) {
            if (!SpecialTokens.contain(tokens.get(id)) && !kind.isPiece(tokens.get(id))) {
                throw new IllegalArgumentException("token " + id + " is " + CodePoints.describe(tokens.get(id))
                        + ", which is neither one piece of valid text to a " + kind.key()
                        + " tokenizer nor one of its special tokens");
            }
        }
        this.kind = kind;
        this.tokens = List.copyOf(tokens);
        this.boundary = idOf(SpecialTokens.BOUNDARY);
        this.unknown = idOf(SpecialTokens.UNKNOWN);
    }

    @Override
    public final TokenizerKind kind() {
        return kind;
    }

    @Override
    public final int vocabularySize() {
        return tokens.size();
    }

    @Override
    public final OptionalInt boundary() {
        return boundary;
    }

    @Override
    public final OptionalInt unknown() {
        return unknown;
    }

    @Override
    public final String decode(int[] ids) {
        StringBuilder text = new StringBuilder(ids.length);
        for (int id : ids) {
            String token = token(id);
            if (!token.equals(SpecialTokens.BOUNDARY)) {
                text.append(token);
            }
        }
        return text.toString();
    }

    @Override
    public final String token(int id) {
        if (id < 0 || id >= tokens.size()) {
            throw new IllegalArgumentException("there is no token " + id + ": this vocabulary has the ids 0 to "
                    + (tokens.size() - 1) + "; check that the ids come from the same tokenizer");
        }
        return tokens.get(id);
    }

    @Override
    public final String toJson() {
        return TokenizerJson.print(WordLevelJson.tree(kind, tokens));
    }

    private OptionalInt idOf(String special) {
        int id = tokens.indexOf(special);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
