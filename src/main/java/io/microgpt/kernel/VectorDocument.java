package io.microgpt.kernel;

/**
 * Some channels of the rows of one document, as panels of which the first begins with it: the panels that are there, where the document begins with
 * one, else a copy. What stands in lanes behind its last row is anything.
 */
final class VectorDocument {
    private float[] copy = {};
    private boolean copied;
    /** Where they are. */
    float[] values;

    private int first;
    private int stride;
    private float[] target;
    private int targetStride;
    private int channel;
    private int size;
    private int start;
    private int length;

    /** Of {@code size} channels from {@code channel} on, for reading. */
    void read(float[] x, int xStride, int fromChannel, int channels, int row, int rows) {
        open(x, xStride, fromChannel, channels, row, rows);
        if (copied) {
            VectorChunks.align(x, xStride, fromChannel, channels, row, rows, copy, stride);
        }
    }

    /** The same for writing, until {@link #written}; of what is there, nothing is taken over. */
    void write(float[] x, int xStride, int fromChannel, int channels, int row, int rows) {
        open(x, xStride, fromChannel, channels, row, rows);
    }

    private void open(float[] x, int xStride, int fromChannel, int channels, int row, int rows) {
        target = x;
        targetStride = xStride;
        channel = fromChannel;
        size = channels;
        start = row;
        length = rows;
        copied = row % Panels.ROWS != 0;
        if (copied) {
            stride = Panels.stride(size);
            copy = VectorChunks.grown(copy, Panels.count(length) * stride + Panels.ROWS * Panels.ROWS);
            values = copy;
            first = 0;
        } else {
            stride = xStride;
            values = x;
            first = row / Panels.ROWS * xStride + fromChannel * Panels.ROWS;
        }
    }

    /** What was written stands where it belongs. Rows before the document are as they were, those behind its last are anything. */
    void written() {
        if (copied) {
            VectorChunks.unalign(copy, stride, target, targetStride, channel, size, start, length);
        }
        forget();
    }

    /** It is not read any more: nothing holds the activations of others. */
    void forget() {
        target = null;
        values = null;
    }

    /** {@return where a panel begins} */
    int at(int panel) {
        return first + panel * stride;
    }
}
