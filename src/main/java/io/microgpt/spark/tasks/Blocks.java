package io.microgpt.spark.tasks;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Float arrays as whole blocks of bytes, a bounded buffer at a time. */
public final class Blocks {
    private static final int BUFFER_FLOATS = 1 << 16;

    private Blocks() {}

    /** {@return the floats of a buffer in the one order that all JVMs agree on, which on most processors is a plain copy} */
    static FloatBuffer floats(ByteBuffer buffer) {
        return buffer.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }

    static void write(DataOutput out, float[] values) throws IOException {
        write(out, values, 0, values.length);
    }

    public static void write(DataOutput out, float[] values, int offset, int length) throws IOException {
        out.writeInt(length);
        ByteBuffer buffer = ByteBuffer.allocate(Float.BYTES * Math.min(BUFFER_FLOATS, Math.max(1, length)));
        for (int at = 0; at < length; at += BUFFER_FLOATS) {
            int n = Math.min(BUFFER_FLOATS, length - at);
            buffer.clear();
            floats(buffer).put(values, offset + at, n);
            out.write(buffer.array(), 0, Float.BYTES * n);
        }
    }

    public static float[] read(DataInput in) throws IOException {
        float[] values = new float[in.readInt()];
        ByteBuffer buffer = ByteBuffer.allocate(Float.BYTES * Math.min(BUFFER_FLOATS, Math.max(1, values.length)));
        for (int at = 0; at < values.length; at += BUFFER_FLOATS) {
            int n = Math.min(BUFFER_FLOATS, values.length - at);
            in.readFully(buffer.array(), 0, Float.BYTES * n);
            buffer.clear();
            floats(buffer).get(values, at, n);
        }
        return values;
    }
}
