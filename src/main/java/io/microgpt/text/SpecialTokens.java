package io.microgpt.text;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The tokens that stand for no text. Vocabularies spell them in the same map as their pieces, which stays unambiguous
 * because no piece of any kind is spelled like them: a character is shorter, {@code <} is no part of a word, and no piece
 * of a byte-level BPE has both letters and marks, so that a literal {@code <unk>} in a text is the pieces {@code <},
 * {@code unk} and {@code >}.
 */
final class SpecialTokens {
    static final String BOUNDARY = "<|boundary|>";
    static final String UNKNOWN = "<unk>";

    private SpecialTokens() {}

    /** {@return the special tokens asked for, in the order of their ids} */
    static List<String> chosen(boolean boundary, boolean unknown) {
        List<String> chosen = new ArrayList<>(2);
        if (boundary) {
            chosen.add(BOUNDARY);
        }
        if (unknown) {
            chosen.add(UNKNOWN);
        }
        return chosen;
    }

    static boolean contain(String token) {
        return token.equals(BOUNDARY) || token.equals(UNKNOWN);
    }

    /** {@return a special token as {@code tokenizer.json} lists it among the added ones} */
    static ObjectNode added(int id, String content) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", id)
                .put("content", content)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true);
    }
}
