package io.microgpt.text;

/** Text has a character that its tokenizer did not see in training, or none at all, and has no {@code <unk>} for. */
public final class UnseenTextException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final int codePoint;
    private final int position;

    UnseenTextException(int codePoint, int position) {
        super("the text has " + CodePoints.describe(codePoint) + " at position " + position + advice(codePoint));
        this.codePoint = codePoint;
        this.position = position;
    }

    /** {@return the unseen character} */
    public int codePoint() {
        return codePoint;
    }

    /** {@return where it first stands in the text, in code points from 0} */
    public int position() {
        return position;
    }

    /** Half of a surrogate pair is no character: no training would help. */
    private static String advice(int codePoint) {
        return Character.getType(codePoint) == Character.SURROGATE
                ? "; remove it from the text"
                : ", which the tokenizer has not seen in training; remove it from the text, or retrain with"
                        + " data.unknown=unk";
    }
}
