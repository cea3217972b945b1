package io.microgpt.text;

import java.util.Arrays;

/**
 * Code points to ids in two array reads, for all of Unicode. A table of 256-entry pages, of which most are one and the
 * same empty page: scripts lie together, so that a vocabulary fills few of them.
 */
final class CodePointTable {
    private static final int PAGE_BITS = 8;
    private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;

    private final int[] empty = new int[1 << PAGE_BITS];
    private final int[][] pages = new int[(Character.MAX_CODE_POINT >>> PAGE_BITS) + 1][];

    /** Every code point has the id {@code absent} until another is put. */
    CodePointTable(int absent) {
        Arrays.fill(empty, absent);
        Arrays.fill(pages, empty);
    }

    void put(int codePoint, int id) {
        int page = codePoint >>> PAGE_BITS;
        if (pages[page] == empty) {
            pages[page] = empty.clone();
        }
        pages[page][codePoint & PAGE_MASK] = id;
    }

    int of(int codePoint) {
        return pages[codePoint >>> PAGE_BITS][codePoint & PAGE_MASK];
    }
}
