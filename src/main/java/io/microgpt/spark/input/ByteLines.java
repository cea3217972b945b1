package io.microgpt.spark.input;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Lines of a byte stream with their offsets, decoded strictly: a line that is not valid UTF-8 says so instead of holding
 * replacement characters, and an endless line costs no more memory than the limit.
 */
final class ByteLines {
    /** Bytes of a character behind its first. */
    private static final int MOST_CONTINUATIONS = 3;

    private final InputStream in;
    private final int mostBytes;
    private final boolean cut;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int filled;
    private long offset; // of the next byte to be read
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    private long start;
    private boolean tooLong;
    private boolean terminated;

    private ByteLines(InputStream in, long offset, int mostBytes, boolean cut) {
        this.in = in;
        this.offset = offset;
        this.mostBytes = mostBytes;
        this.cut = cut;
    }

    /**
     * {@return the lines of a stream; of those over the limit only that they are}
     *
     * @param offset of the stream's first byte in its file
     */
    static ByteLines of(InputStream in, long offset, int mostBytes) {
        return new ByteLines(in, offset, mostBytes, false);
    }

    /** {@return the lines of a stream; those over the limit come in pieces, cut between characters} */
    static ByteLines inPieces(InputStream in, long offset, int mostBytes) {
        return new ByteLines(in, offset, mostBytes, true);
    }

    /** Moves to the next line. {@return false at the end} */
    boolean next() throws IOException {
        line.reset();
        start = offset;
        tooLong = false;
        terminated = false;
        boolean ended = false;
        while (!ended) {
            if (at == filled) {
                filled = in.read(buffer);
                at = 0;
                if (filled <= 0) {
                    filled = 0;
                    return offset > start;
                }
            }
            int end = at;
            while (end < filled && buffer[end] != '\n' && !cutBefore(end)) {
                end++;
            }
            ended = end < filled;
            terminated = ended && buffer[end] == '\n';
            keep(end - at);
            int taken = end - at + (terminated ? 1 : 0);
            offset += taken;
            at += taken;
        }
        return true;
    }

    /** Whether a piece ends before this byte: it is long enough, and the byte begins a character, or belongs to none. */
    private boolean cutBefore(int index) {
        int over = line.size() + index - at - mostBytes;
        return cut && over >= 0 && ((buffer[index] & 0xC0) != 0x80 || over >= MOST_CONTINUATIONS);
    }

    private void keep(int bytes) {
        if (!cut && line.size() + bytes > mostBytes) {
            tooLong = true;
        } else if (!tooLong) {
            line.write(buffer, at, bytes);
        }
    }

    /** {@return the offset of the line's first byte} */
    long start() {
        return start;
    }

    /** {@return whether the line is over the limit; its content was skipped} */
    boolean tooLong() {
        return tooLong;
    }

    /** {@return whether a line feed ended it, which the last line of a file and a piece may lack} */
    boolean terminated() {
        return terminated;
    }

    /** {@return the line without its line feed, or null if it is not valid UTF-8} */
    String text() {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(line.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** {@return the line with what is not UTF-8 replaced, to be shown in a rejection} */
    String shown() {
        return line.toString(StandardCharsets.UTF_8);
    }
}
