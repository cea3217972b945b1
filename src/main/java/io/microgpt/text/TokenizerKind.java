package io.microgpt.text;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How text is cut into pieces, the units that are counted in training and looked up in encoding. The pieces of a text,
 * one after another, are the text: nothing is dropped or changed.
 *
 * <p>The regular expressions of {@link #CHAR} and {@link #WORD} are part of {@code tokenizer.json}, which tells the two
 * apart by them. They keep to what Java and the engine of Hugging Face's {@code tokenizers} understand alike, hence
 * {@code [\s\S]} instead of a flag for the dot. Their quantifiers are possessive because Java matches those in a loop; for a greedy one it recurses at
 * every turn of a repeated group, and a long text would overflow the stack.
 */
public enum TokenizerKind {
    /** A piece is one Unicode code point. */
    CHAR("char", "[\\s\\S]") {
        @Override
        public void forEachPiece(String text, Consumer<String> sink) {
            // What the expression says, without the cost of an expression for each character.
            text.codePoints().forEach(codePoint -> sink.accept(Character.toString(codePoint)));
        }

        @Override
        public Tokenizer train(Map<String, Long> counts, VocabularyOptions options) {
            return CharTokenizer.train(counts, options);
        }
    },

    /**
     * A piece is a word of letters, digits and underscores, with the apostrophes inside it and the space before it, if
     * there is one; or any other single code point.
     */
    WORD("word", " ?" + TokenizerKind.RUN + "(?:['\u2019]" + TokenizerKind.RUN + ")*+|[\\s\\S]") {
        @Override
        public Tokenizer train(Map<String, Long> counts, VocabularyOptions options) {
            return WordTokenizer.train(counts, options);
        }
    },

    /**
     * A piece is what GPT-2 cuts text into, and the {@code ByteLevel} of Hugging Face's {@code tokenizers}: letters, digits or
     * other marks, each with the space before them, if there is one; the ends of English contractions; and white space,
     * whose last character stays with what follows it.
     */
    BPE(
            "bpe",
            "'(?:[stmd]|re|ve|ll)| ?\\p{L}++| ?\\p{N}++| ?" + TokenizerKind.MARK + "++|\\p{IsWhite_Space}+(?!"
                    + "\\P{IsWhite_Space})|\\p{IsWhite_Space}") {
        @Override
        public Tokenizer train(Map<String, Long> counts, VocabularyOptions options) {
            return BpeTrainer.train(counts, options);
        }
    };

    /** In UTF-16 units. What is longer is no word but data, and no vocabulary is made of it. */
    public static final int LONGEST_PIECE = 1000;

    /** Of a text's distinct words, those which come less often hardly change what is merged. */
    private static final int MOST_BPE_PIECES = 1 << 19;

    private static final String MARK = "[^\\p{IsWhite_Space}\\p{L}\\p{N}]";
    // Combining marks (\p{M}) belong to the letter before them: decomposed accents, the vowels of Indic scripts.
    private static final String RUN = "[\\p{L}\\p{N}_][\\p{L}\\p{M}\\p{N}_]*+";

    private final String key;
    private final Pattern pattern;

    TokenizerKind(String key, String regex) {
        this.key = key;
        this.pattern = Pattern.compile(regex);
    }

    /**
     * {@return the kind that the configuration calls {@code key}}
     *
     * @throws IllegalArgumentException if there is none, naming those there are
     */
    public static TokenizerKind ofKey(String key) {
        return Arrays.stream(values())
                .filter(kind -> kind.key.equals(key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("data.tokenizer = " + key + " is not one of "
                        + Arrays.stream(values()).map(TokenizerKind::key).collect(Collectors.joining(", "))));
    }

    /** {@return the name of this kind in the configuration} */
    public String key() {
        return key;
    }

    /** {@return whether every piece is one token, so that a text has as many tokens as pieces} */
    public boolean isOneTokenAPiece() {
        return this != BPE;
    }

    /** {@return the most distinct pieces that {@link #train} has a use for, the most frequent ones} */
    public int mostPieces() {
        return this == BPE ? MOST_BPE_PIECES : WordLevelTokenizer.LARGEST_VOCABULARY + 1; // one too many is an error
    }

    /** Hands the pieces of {@code text} to {@code sink}, in their order. */
    public void forEachPiece(String text, Consumer<String> sink) {
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            sink.accept(matcher.group());
        }
    }

    /**
     * {@return the tokenizer that these counts give; the order of the map does not matter}
     *
     * @param counts how often each piece occurs, at least once each
     * @throws IllegalArgumentException if nothing was counted, if something was counted that {@link #forEachPiece} does
     *     not hand out for valid Unicode, or if the options leave no room for pieces or contradict this kind
     */
    public abstract Tokenizer train(Map<String, Long> counts, VocabularyOptions options);

    String regex() {
        return pattern.pattern();
    }

    /** {@return whether valid Unicode text can hold {@code token} as one piece of this kind} */
    boolean isPiece(String token) {
        return pattern.matcher(token).matches() && CodePoints.isValid(token);
    }
}
