package io.microgpt.spark.prepare;

import io.microgpt.spark.input.InputRow;
import java.util.Iterator;

/**
 * One continuous text whose rows, which end where lines do, are cut anew where white space begins: there a byte-level BPE cuts it in any
 * case, so that the rows one by one give the tokens that the text gives as a whole. A text without white space is cut about every
 * 64 Ki characters.
 */
final class RunningText implements Iterator<InputRow> {
    private static final int MOST_CARRIED = 1 << 16;

    private final Iterator<InputRow> rows;
    private InputRow last; // whose text ends with what is carried
    private final StringBuilder carried = new StringBuilder(); // there is no place to cut inside

    RunningText(Iterator<InputRow> rows) {
        this.rows = rows;
    }

    @Override
    public boolean hasNext() {
        return rows.hasNext() || !carried.isEmpty();
    }

    @Override
    public InputRow next() {
        while (rows.hasNext()) {
            InputRow row = rows.next();
            if (row.rejection() != null) {
                return row;
            }
            last = row;
            int from = Math.max(1, carried.length());
            carried.append(row.text());
            int end = end(from);
            if (end > 0) {
                return cut(end);
            }
        }
        return cut(carried.length());
    }

    /** {@return the last place to cut, not before {@code from}; 0 if there is none and the text may grow} */
    private int end(int from) {
        for (int at = carried.length() - 1; at >= from; at--) {
            if (isSpace(carried.charAt(at)) && !isSpace(carried.charAt(at - 1))) {
                return at;
            }
        }
        return carried.length() > MOST_CARRIED ? carried.length() : 0;
    }

    private InputRow cut(int end) {
        String text = carried.substring(0, end);
        carried.delete(0, end);
        return InputRow.of(last.file(), last.position(), text);
    }

    /** Unicode's White_Space, as the pieces know it; all of it is in the first plane. */
    private static boolean isSpace(char character) {
        return Character.isSpaceChar(character) || character >= '\t' && character <= '\r' || character == 0x85;
    }
}
