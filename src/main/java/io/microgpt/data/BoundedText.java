package io.microgpt.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads small files whole: never more of one than a limit, whatever stands where it should be. */
public final class BoundedText {
    private BoundedText() {}

    /**
     * {@return all that is left of a stream}
     *
     * @param source what errors call it
     * @throws DatasetException if it is over the limit, or not valid UTF-8
     */
    public static String read(InputStream in, Object source, int mostBytes) throws IOException {
        byte[] bytes = in.readNBytes(mostBytes + 1);
        if (bytes.length > mostBytes) {
            throw new DatasetException(source + ": is over " + mostBytes + " bytes, so it is not what it should be");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new DatasetException(source + ": is not valid UTF-8 (" + e.getMessage() + ")", e);
        }
    }
}
