package io.microgpt.checkpoint;

import io.microgpt.checkpoint.TensorInfo.Type;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Reads a safetensors file from front to back, as {@link SafeTensors} or the PyTorch world wrote it. The header is
 * checked against the size of the file before anything is allocated; tensors are read in the order of
 * {@link #tensors()}, and those not asked for are passed over. All failures but those of the storage itself are
 * {@link CheckpointException}s.
 */
public final class SafeTensorsReader implements Closeable {
    private static final int MIN_HEADER_BYTES = 2;
    /** Some virtual machines cannot make arrays of {@code Integer.MAX_VALUE}. */
    private static final int MAX_ELEMENTS = Integer.MAX_VALUE - 64;

    private final InputStream in;
    private final String path;
    private final TensorHeader header;
    private final long dataBytes;
    private final LittleEndian numbers = new LittleEndian();
    private long position;

    private SafeTensorsReader(InputStream in, String path, TensorHeader header, long dataBytes) {
        this.in = in;
        this.path = path;
        this.header = header;
        this.dataBytes = dataBytes;
    }

    /** Opens a local file. */
    public static SafeTensorsReader open(Path file) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file));
        try {
            return open(in, Files.size(file), file.toString());
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    /**
     * Reads the header of a stream that stands at the beginning of a file.
     *
     * @param in is closed with the reader
     * @param length the size of the file in bytes
     * @param path what errors call the file
     */
    public static SafeTensorsReader open(InputStream in, long length, String path) throws IOException {
        if (length < Long.BYTES + MIN_HEADER_BYTES) {
            throw new CheckpointException(path, "is " + length + " bytes long, too short for a safetensors file");
        }
        long headerBytes = ByteBuffer.wrap(exactly(in, Long.BYTES, path))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        long most = Math.min(SafeTensors.MAX_HEADER_BYTES, length - Long.BYTES);
        if (headerBytes < MIN_HEADER_BYTES || headerBytes > most) {
            throw new CheckpointException(
                    path,
                    "claims a header of " + Long.toUnsignedString(headerBytes) + " bytes, from " + MIN_HEADER_BYTES
                            + " to " + most + " are possible in a file of " + length);
        }
        long dataBytes = length - Long.BYTES - headerBytes;
        TensorHeader header = TensorHeader.parse(exactly(in, (int) headerBytes, path), dataBytes, path);
        return new SafeTensorsReader(in, path, header, dataBytes);
    }

    private static byte[] exactly(InputStream in, int count, String path) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new CheckpointException(path, "ends within its header");
        }
        return bytes;
    }

    /** {@return the free text of the header, by name} */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** {@return every tensor, in the order in which they can be read} */
    public List<TensorInfo> tensors() {
        return header.tensors();
    }

    /** Reads an F32 tensor to {@code target[offset ..]}; every bit pattern survives. */
    public void readFloats(TensorInfo tensor, float[] target, int offset) throws IOException {
        int elements = seek(tensor, Type.F32);
        Objects.checkFromIndexSize(offset, elements, target.length);
        consume(tensor, () -> numbers.read(in, target, offset, elements));
    }

    /** {@return the elements of an F32 tensor, row-major} */
    public float[] readFloats(TensorInfo tensor) throws IOException {
        float[] values = new float[seek(tensor, Type.F32)];
        readFloats(tensor, values, 0);
        return values;
    }

    /** {@return the elements of an F64 tensor, row-major} */
    public double[] readDoubles(TensorInfo tensor) throws IOException {
        double[] values = new double[seek(tensor, Type.F64)];
        consume(tensor, () -> numbers.read(in, values));
        return values;
    }

    /** {@return the elements of an I32 tensor, row-major} */
    public int[] readInts(TensorInfo tensor) throws IOException {
        int[] values = new int[seek(tensor, Type.I32)];
        consume(tensor, () -> numbers.read(in, values));
        return values;
    }

    /** Reads what is left and makes sure that the file ends where its header says. */
    public void finish() throws IOException {
        pass(dataBytes);
        if (in.read() >= 0) {
            throw new CheckpointException(path, "goes on after its last tensor");
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    /** Moves to a tensor's first byte and returns how many elements it has. */
    private int seek(TensorInfo tensor, Type type) throws IOException {
        if (tensor.type() != type) {
            throw new CheckpointException(
                    path, "tensor " + tensor.name() + " is " + tensor.type() + ", " + type + " was expected");
        }
        if (tensor.elements() > MAX_ELEMENTS) {
            throw new CheckpointException(
                    path,
                    "tensor " + tensor.name() + " has " + tensor.elements() + " elements, an array holds at most "
                            + MAX_ELEMENTS);
        }
        if (tensor.begin() < position) {
            throw new IllegalStateException("tensor " + tensor.name() + " of " + path + " lies before byte " + position
                    + " of the data; read tensors in the order of tensors()");
        }
        pass(tensor.begin());
        return (int) tensor.elements();
    }

    private void pass(long to) throws IOException {
        atLeast(() -> numbers.pass(in, to - position));
        position = to;
    }

    private void consume(TensorInfo tensor, Transfer transfer) throws IOException {
        atLeast(transfer);
        position = tensor.end();
    }

    private void atLeast(Transfer transfer) throws IOException {
        try {
            transfer.run();
        } catch (LittleEndian.Ended e) {
            throw new CheckpointException(path, "is shorter than it was when it was opened", e);
        }
    }

    private interface Transfer {
        void run() throws IOException;
    }
}
