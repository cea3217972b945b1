package io.microgpt.text;

import java.util.Comparator;
import java.util.Locale;

/** What strings are when read as code points: their order, their validity, their look in an error message. */
final class CodePoints {
    /** Strings by their code points. {@link String#compareTo} puts surrogate pairs before U+E000 to U+FFFF. */
    static final Comparator<String> ORDER = CodePoints::compare;

    private static final int LONGEST_QUOTE = 40;

    private CodePoints() {}

    /** {@return whether {@code text} is valid Unicode: every surrogate is in a pair} */
    static boolean isValid(String text) {
        return text.codePoints().noneMatch(codePoint -> Character.getType(codePoint) == Character.SURROGATE);
    }

    /**
     * Checks a text of which every code point can be encoded.
     *
     * @throws UnseenTextException if a surrogate is not in a pair
     */
    static void requireValid(String text) {
        int position = 0;
        for (int at = 0; at < text.length(); position++) {
            int codePoint = text.codePointAt(at);
            if (Character.getType(codePoint) == Character.SURROGATE) {
                throw new UnseenTextException(codePoint, position);
            }
            at += Character.charCount(codePoint);
        }
    }

    /** {@return the character where it can be seen, otherwise its name; its number in any case} */
    static String describe(int codePoint) {
        String number = String.format(Locale.ROOT, "U+%04X", codePoint);
        return switch (Character.getType(codePoint)) {
            case Character.SURROGATE -> number + " (half of a surrogate pair, which is not valid Unicode)";
            case Character.UNASSIGNED -> number + " (unassigned)";
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.PRIVATE_USE,
                    Character.SPACE_SEPARATOR,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> number + " (" + Character.getName(codePoint) + ")";
            default -> "'" + Character.toString(codePoint) + "' (" + number + ")";
        };
    }

    /** {@return {@code token} for an error message: one code point described, more of them quoted and shortened} */
    static String describe(String token) {
        int length = token.codePointCount(0, token.length());
        if (length == 1) {
            return describe(token.codePointAt(0));
        }
        if (length <= LONGEST_QUOTE) {
            return '"' + token + '"';
        }
        return '"' + token.substring(0, token.offsetByCodePoints(0, LONGEST_QUOTE)) + "...\"";
    }

    private static int compare(String a, String b) {
        int shorter = Math.min(a.length(), b.length());
        for (int i = 0; i < shorter; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // The halves of pairs are in order among themselves, and a pair is above whatever is not one.
                boolean xIsHalf = Character.isSurrogate(x);
                return xIsHalf == Character.isSurrogate(y) ? Character.compare(x, y) : xIsHalf ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }
}
