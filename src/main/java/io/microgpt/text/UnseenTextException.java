package io.microgpt.text;

/** Text has a character that its tokenizer did not see in training and has no {@code <unk>} for. */
public final class UnseenTextException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final int codePoint;
    private final int position;

    UnseenTextException(int codePoint, int position) {
        super("the text has " + CodePoints.describe(codePoint) + " at position " + position
                + ", which the tokenizer has not seen in training; remove it from the text, or retrain with"
                + " data.unknown=unk");
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
}
