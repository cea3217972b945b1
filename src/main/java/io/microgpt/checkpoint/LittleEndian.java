package io.microgpt.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Moves numbers between arrays and streams through one small buffer: a model never stands in memory twice. */
final class LittleEndian {
    /** A stream that ends before what is read of it. Other {@code EOFException}s may be of a connection that broke. */
    static final class Ended extends EOFException {
        private static final long serialVersionUID = 1L;

        private Ended(int missing) {
            super("the stream ends " + missing + " bytes too early");
        }
    }

    private static final int BUFFER_BYTES = 1 << 16;

    private final byte[] bytes = new byte[BUFFER_BYTES];
    private final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);

    void write(float[] values, int offset, int count, OutputStream out) throws IOException {
        for (int done = 0; done < count; ) {
            int chunk = Math.min(count - done, BUFFER_BYTES / Float.BYTES);
            buffer.asFloatBuffer().put(values, offset + done, chunk);
            out.write(bytes, 0, chunk * Float.BYTES);
            done += chunk;
        }
    }

    void read(InputStream in, float[] values, int offset, int count) throws IOException {
        for (int done = 0; done < count; ) {
            int chunk = Math.min(count - done, BUFFER_BYTES / Float.BYTES);
            fill(in, chunk * Float.BYTES);
            buffer.asFloatBuffer().get(values, offset + done, chunk);
            done += chunk;
        }
    }

    void read(InputStream in, double[] values) throws IOException {
        for (int done = 0; done < values.length; ) {
            int chunk = Math.min(values.length - done, BUFFER_BYTES / Double.BYTES);
            fill(in, chunk * Double.BYTES);
            buffer.asDoubleBuffer().get(values, done, chunk);
            done += chunk;
        }
    }

    void read(InputStream in, int[] values) throws IOException {
        for (int done = 0; done < values.length; ) {
            int chunk = Math.min(values.length - done, BUFFER_BYTES / Integer.BYTES);
            fill(in, chunk * Integer.BYTES);
            buffer.asIntBuffer().get(values, done, chunk);
            done += chunk;
        }
    }

    /** Reads bytes that nobody wants; not {@link InputStream#skip}, so that a digest on the way sees them. */
    void pass(InputStream in, long count) throws IOException {
        for (long left = count; left > 0; ) {
            int chunk = (int) Math.min(left, BUFFER_BYTES);
            fill(in, chunk);
            left -= chunk;
        }
    }

    private void fill(InputStream in, int count) throws IOException {
        int read = in.readNBytes(bytes, 0, count);
        if (read < count) {
            throw new Ended(count - read);
        }
    }
}
