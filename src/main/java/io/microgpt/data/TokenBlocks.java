package io.microgpt.data;

import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * Cuts a stream of tokens into documents of at most B positions. The last token of one is the first of the next, so that every token
 * but the very first is predicted exactly once.
 */
public final class TokenBlocks implements Iterator<int[]> {
    private final Iterator<int[]> pieces;
    private final int blockSize;
    private int[] piece = new int[0];
    private int at;
    private final int[] block;
    private int filled;

    public TokenBlocks(Iterator<int[]> pieces, int blockSize) {
        this.pieces = pieces;
        this.blockSize = blockSize;
        this.block = new int[blockSize + 1];
    }

    @Override
    public boolean hasNext() {
        while (filled <= blockSize) {
            if (at == piece.length) {
                if (!pieces.hasNext()) {
                    break;
                }
                piece = pieces.next();
                at = 0;
            }
            int taken = Math.min(piece.length - at, blockSize + 1 - filled);
            System.arraycopy(piece, at, block, filled, taken);
            at += taken;
            filled += taken;
        }
        return filled > 1;
    }

    @Override
    public int[] next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        int[] result = Arrays.copyOf(block, filled);
        block[0] = block[filled - 1];
        filled = 1;
        return result;
    }
}
