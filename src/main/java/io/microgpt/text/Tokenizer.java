package io.microgpt.text;

import java.util.Arrays;
import java.util.OptionalInt;

/**
 * Text to token ids and back. Ids are {@code 0} to {@code vocabularySize() - 1}, without gaps. A tokenizer never
 * changes and may be shared by any number of threads; across machines it travels as its {@link #toJson()}.
 *
 * <p>Text never turns into a special token by its spelling: a literal {@code <unk>} or {@code <|boundary|>} is encoded
 * piece by piece like any other text, and decodes to itself.
 */
public interface Tokenizer {
    /** {@return how this tokenizer cuts text} */
    TokenizerKind kind();

    /** {@return the number of ids, those of special tokens included} */
    int vocabularySize();

    /** {@return the id that stands before and after every document; empty for continuous text} */
    OptionalInt boundary();

    /** {@return the id that stands for text unseen in training; empty if there is none, and such text is an error} */
    OptionalInt unknown();

    /**
     * {@return the ids of {@code text}, without boundaries around them}
     *
     * @throws UnseenTextException if part of the text was not seen in training and there is no {@link #unknown()} id
     */
    int[] encode(String text);

    /**
     * {@return the text of {@code ids}: their pieces one after another, nothing for the boundary, {@code <unk>} for the
     * unknown} Undoes {@link #encode} wherever that met nothing unknown.
     *
     * @throws IllegalArgumentException if one of the ids is not in the vocabulary
     */
    String decode(int[] ids);

    /**
     * {@return how many characters of text, as Unicode code points, the ids {@code [from, to)} spell} The boundary spells none. What the
     * unknown stood for is not known: it counts as one.
     *
     * @throws IllegalArgumentException if one of the ids is not in the vocabulary
     */
    default long characters(int[] ids, int from, int to) {
        int[] known = new int[to - from];
        int count = 0;
        for (int i = from; i < to; i++) {
            if (unknown().isEmpty() || ids[i] != unknown().getAsInt()) {
                known[count++] = ids[i];
            }
        }
        String text = decode(Arrays.copyOf(known, count));
        return text.codePointCount(0, text.length()) + (long) (to - from - count);
    }

    /**
     * {@return the token of {@code id} as the vocabulary spells it, special tokens included}
     *
     * @throws IllegalArgumentException if the id is not in the vocabulary
     */
    String token(int id);

    /**
     * {@return the content of {@code tokenizer.json}, in the layout of Hugging Face's {@code tokenizers}} Equal
     * tokenizers give equal bytes. {@link TokenizerJson#parse} reads it.
     */
    String toJson();
}
