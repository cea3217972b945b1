package io.microgpt.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Writes the <a href="https://github.com/huggingface/safetensors">safetensors</a> format: the length of the header as a
 * little-endian 64-bit number, a JSON header padded with spaces to a multiple of 8 bytes, then the tensors one after
 * another without gaps. {@link SafeTensorsReader} reads it.
 */
public final class SafeTensors {
    /** The longest header that the format allows, in bytes. */
    public static final int MAX_HEADER_BYTES = 100_000_000;

    private static final int ALIGNMENT = 8;

    private SafeTensors() {}

    /**
     * A matrix to write: some rows of a flat array, which is not copied.
     *
     * @param name unique in its file
     * @param values the flat array
     * @param offset index of the first element
     * @param rows number of rows
     * @param columns number of columns
     */
    public record Matrix(String name, float[] values, int offset, int rows, int columns) {
        public Matrix {
            Objects.requireNonNull(name, "name");
            Objects.checkFromIndexSize(offset, Math.multiplyExact(rows, columns), values.length);
        }

        int size() {
            return rows * columns;
        }

        List<Long> shape() {
            return List.of((long) rows, (long) columns);
        }
    }

    /**
     * Writes a whole file; equal arguments give equal bytes. The stream is not closed.
     *
     * @param metadata free text by name, in the order in which it is to be written
     * @param matrices in the order in which they are to stand in the file
     * @throws IllegalArgumentException where two matrices have one name, or names need a header that is too long
     */
    public static void write(OutputStream out, Map<String, String> metadata, List<Matrix> matrices) throws IOException {
        byte[] header = TensorHeader.render(metadata, matrices);
        int padded = (header.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (padded > MAX_HEADER_BYTES) {
            throw new IllegalArgumentException("the header of " + matrices.size() + " tensors takes " + padded
                    + " bytes, safetensors allows " + MAX_HEADER_BYTES + "; use fewer layers");
        }
        out.write(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .array());
        out.write(header);
        out.write(" ".repeat(padded - header.length).getBytes(StandardCharsets.US_ASCII));
        LittleEndian numbers = new LittleEndian();
        for (Matrix matrix : matrices) {
            numbers.write(matrix.values(), matrix.offset(), matrix.size(), out);
        }
    }
}
