package io.microgpt.text;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Texts to try tokenizers on, and the counts of their pieces. */
final class Texts {
    /** What is known to go wrong somewhere: line ends, controls, marks, joiners, pairs, the ends of the planes. */
    private static final List<String> AWKWARD = List.of(
            "\r\n",
            "\n",
            "\t",
            "  ",
            "\u0000",
            "\u007F",
            "\u0085",
            "\u00A0",
            "\u2028",
            "\uFEFF",
            "e\u0301",
            "\u0301",
            "नमस्ते",
            "don't",
            "l’été",
            "'",
            "''",
            "_",
            "x²",
            "👩‍👩‍👧",
            "❤\uFE0F",
            "🇫🇷",
            "𝔘𝔫𝔦",
            "\uE000",
            "\uFFFF",
            "\uD800\uDC00",
            "\uDBFF\uDFFF",
            "<unk>",
            "<|boundary|>",
            "\\",
            "\"");

    private Texts() {}

    /** {@return valid Unicode: words, digits, awkward sequences and code points from everywhere} */
    static String random(long seed, int parts) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts; i++) {
            switch (random.nextInt(4)) {
                case 0 -> text.append(AWKWARD.get(random.nextInt(AWKWARD.size())));
                case 1 -> text.append(' ').append("the cat 42 Ünïcode".split(" ")[random.nextInt(4)]);
                case 2 -> text.append((char) (' ' + random.nextInt(95)));
                default -> text.appendCodePoint(scalar(random));
            }
        }
        return text.toString();
    }

    private static int scalar(Random random) {
        int codePoint;
        do {
            codePoint = random.nextInt(random.nextBoolean() ? 0x3000 : Character.MAX_CODE_POINT + 1);
        } while (Character.getType(codePoint) == Character.SURROGATE);
        return codePoint;
    }

    static Map<String, Long> counts(TokenizerKind kind, String... texts) {
        Map<String, Long> counts = new HashMap<>();
        for (String text : texts) {
            kind.forEachPiece(text, piece -> counts.merge(piece, 1L, Long::sum));
        }
        return counts;
    }
}
