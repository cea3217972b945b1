package io.microgpt.text;

import java.util.Arrays;

/**
 * Bytes spelled as characters, one each, as GPT-2 and the {@code ByteLevel} of Hugging Face's {@code tokenizers} spell
 * them: a byte that is a visible character of Latin-1 as that character, the others as U+0100 and up, so that a space
 * becomes {@code Ġ}. The id of a byte is the rank of its character among the 256.
 */
final class ByteAlphabet {
    static final int SIZE = 256;

    private static final char FIRST_STAND_IN = 0x100;
    private static final char[] CHARACTERS = new char[SIZE]; // by byte
    private static final int[] IDS = new int[SIZE]; // by byte
    private static final int[] BYTES = new int[2 * SIZE]; // by character; -1 for those that spell none

    static {
        Arrays.fill(BYTES, -1);
        char standIn = FIRST_STAND_IN;
        for (int value = 0; value < SIZE; value++) {
            CHARACTERS[value] = visible(value) ? (char) value : standIn++;
            BYTES[CHARACTERS[value]] = value;
        }
        int id = 0;
        for (int value : BYTES) {
            if (value >= 0) {
                IDS[value] = id++;
            }
        }
    }

    private ByteAlphabet() {}

    private static boolean visible(int value) {
        return value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xFF && value != 0xAD;
    }

    /** {@return the spellings of all bytes, in the order of their ids} */
    static String characters() {
        char[] ranked = CHARACTERS.clone();
        Arrays.sort(ranked);
        return new String(ranked);
    }

    /** {@return the id of a byte} */
    static int id(byte value) {
        return IDS[value & 0xFF];
    }

    /** {@return the byte that {@code character}, one of {@link #characters}, spells} */
    static byte value(char character) {
        return (byte) BYTES[character];
    }
}
