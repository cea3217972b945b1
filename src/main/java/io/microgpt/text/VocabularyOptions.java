package io.microgpt.text;

/**
 * What a vocabulary shall hold besides the pieces of the text.
 *
 * @param boundary whether there is a token that stands before and after every document
 * @param unknown whether there is {@code <unk>} for text unseen in training; word vocabularies have it in any case
 * @param maxSize the most tokens that the vocabulary may have, special tokens included, the most frequent pieces first;
 *     {@link #NO_LIMIT} for as many as the text gives, and for a bpe vocabulary for its default
 * @param minCount how often a word must occur to be in a word vocabulary; others take in what occurs
 */
public record VocabularyOptions(boolean boundary, boolean unknown, int maxSize, int minCount) {
    /** The {@code maxSize} of vocabularies that take in every piece. */
    public static final int NO_LIMIT = 0;

    /** With all words, however rare. */
    public VocabularyOptions(boolean boundary, boolean unknown, int maxSize) {
        this(boundary, unknown, maxSize, 1);
    }

    /** @throws IllegalArgumentException if {@code maxSize} is negative */
    public VocabularyOptions {
        if (maxSize < 0) {
            throw new IllegalArgumentException("the vocabulary size is limited to " + maxSize
                    + " tokens; the limit must be positive, or " + NO_LIMIT + " for none");
        }
    }

    boolean limited() {
        return maxSize != NO_LIMIT;
    }

    /** {@return how many pieces fit beside {@code specials} special tokens} */
    int roomBeside(int specials) {
        if (!limited()) {
            return Integer.MAX_VALUE;
        }
        if (maxSize <= specials) {
            throw new IllegalArgumentException("a vocabulary of at most " + maxSize
                    + " tokens has no room for text beside its " + specials + " special tokens; raise the limit to "
                    + (specials + 1) + " or more, or set it to " + NO_LIMIT + " for none");
        }
        return maxSize - specials;
    }
}
