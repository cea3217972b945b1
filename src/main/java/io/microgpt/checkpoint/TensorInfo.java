package io.microgpt.checkpoint;

import java.util.List;

/**
 * What a safetensors header says about one tensor, already held against the size of the file.
 *
 * @param name unique in its file
 * @param type the type of every element
 * @param shape the extent of each dimension, row-major; empty for a scalar
 * @param begin where its bytes begin, counted from the end of the header
 * @param end where its bytes end, exclusive: {@code elements * type.bytes()} after the beginning
 */
public record TensorInfo(String name, Type type, List<Long> shape, long begin, long end) {
    /** The element types that are read. Only {@link #F32} is ever written. */
    public enum Type {
        F32(Float.BYTES),
        F64(Double.BYTES),
        I32(Integer.BYTES);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        /** {@return the size of one element in bytes} */
        public int bytes() {
            return bytes;
        }
    }

    public TensorInfo {
        shape = List.copyOf(shape);
    }

    /** {@return the number of elements: the product of the shape} */
    public long elements() {
        return (end - begin) / type.bytes();
    }
}
