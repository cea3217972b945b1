package io.microgpt.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loop of products that pass over zeros: for each listed element, one row of the right side, eight vectors long, is multiplied with it
 * and added to eight sums in registers. That is more than a load for each multiplication, where the dense tile has two for three. The right side
 * is copied into strips of so many columns, of which a block of rows stays in the first-level cache.
 */
final class VectorStrips {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    /** Columns of a strip. */
    static final int WIDE = 8 * WIDTH;
    /** Columns of a strip at the end. */
    static final int PAIR = 2 * WIDTH;
    /**
     * Where strips begin, in an array so {@link SparseKernels#LARGE} that G1 lets it begin with a region: so no vector lies across two cache lines, which
     * would take twice the time. Other collectors promise nothing.
     */
    static final int ALIGNED = 12;
    /** Where sums start from when nothing waits in c. */
    static final float[] ZEROS = new float[WIDE];

    private VectorStrips() {}

    /** {@return an array for strips of so many floats; a large one, but where they are so few that it would not matter} */
    static float[] room(float[] strips, int floats) {
        int needed = Math.addExact(ALIGNED, floats);
        if (needed <= strips.length) {
            return strips;
        }
        return new float[floats < SparseKernels.FEW ? needed : Math.max(needed, SparseKernels.LARGE)];
    }

    /** {@return how many columns the next strip has, of so many that are left} */
    static int width(int columns) {
        return columns >= WIDE ? WIDE : PAIR;
    }

    /** {@code b[i][o] = w[o][i]} from {@code bi} on, of {@code n} rows of w that are {@code distance} apart. */
    static void across(int columns, int n, float[] w, int offset, int distance, float[] b, int bi, int width) {
        int whole = n & -4;
        for (int o = 0; o < whole; o += 4) {
            fourAcross(columns, w, offset + o * distance, distance, b, bi + o, width);
        }
        for (int o = whole; o < n; o++) {
            for (int i = 0; i < columns; i++) {
                b[bi + i * width + o] = w[offset + o * distance + i];
            }
        }
    }

    private static void fourAcross(int columns, float[] w, int w0, int distance, float[] b, int o, int width) {
        int w1 = w0 + distance;
        int w2 = w1 + distance;
        int w3 = w2 + distance;
        for (int i = 0; i < columns; i++) {
            int at = i * width + o;
            b[at] = w[w0 + i];
            b[at + 1] = w[w1 + i];
            b[at + 2] = w[w2 + i];
            b[at + 3] = w[w3 + i];
        }
    }

    /** The way back, {@code c[o][i] = b[i][o]}: a few columns at a time, so that lines of neither leave the cache half done. */
    static void giveAcross(int columns, int n, float[] b, int bi, int width, float[] c, int ci, int distance) {
        for (int i = 0; i < columns; i += Panels.ROWS) {
            int some = Math.min(Panels.ROWS, columns - i);
            if (some == Panels.ROWS && width == Panels.ROWS) { // the gradient of fc2 is 4 % faster for it
                VectorChunks.transpose(b, bi + i * width, c, ci + i, distance, n);
                continue;
            }
            for (int o = 0; o < n; o++) {
                column(some, b, bi + i * width + o, width, c, ci + o * distance + i);
            }
        }
    }

    private static void column(int n, float[] x, int from, int distance, float[] out, int to) {
        for (int i = 0; i < n; i++) {
            out[to + i] = x[from + i * distance];
        }
    }

    /** {@code c = from + } the sum of {@code values[j] * b[list[j]]} over a part of the list, for the columns of a strip. */
    static void add(
            int width,
            byte[] list,
            int start,
            int end,
            float[] values,
            float[] b,
            int b0,
            float[] from,
            int f0,
            float[] c,
            int c0) {
        if (width == WIDE) {
            wide(list, start, end, values, b, b0, from, f0, c, c0);
        } else {
            pair(list, start, end, values, b, b0, from, f0, c, c0);
        }
    }

    private static void wide(
            byte[] list,
            int start,
            int end,
            float[] values,
            float[] b,
            int b0,
            float[] from,
            int f0,
            float[] c,
            int c0) {
        FloatVector s0 = FloatVector.fromArray(SPECIES, from, f0);
        FloatVector s1 = FloatVector.fromArray(SPECIES, from, f0 + WIDTH);
        FloatVector s2 = FloatVector.fromArray(SPECIES, from, f0 + 2 * WIDTH);
        FloatVector s3 = FloatVector.fromArray(SPECIES, from, f0 + 3 * WIDTH);
        FloatVector s4 = FloatVector.fromArray(SPECIES, from, f0 + 4 * WIDTH);
        FloatVector s5 = FloatVector.fromArray(SPECIES, from, f0 + 5 * WIDTH);
        FloatVector s6 = FloatVector.fromArray(SPECIES, from, f0 + 6 * WIDTH);
        FloatVector s7 = FloatVector.fromArray(SPECIES, from, f0 + 7 * WIDTH);
        // Two ahead, for the loads of one round wait for it.
        int next = list[start];
        int second = list[start + 1];
        for (int j = start; j < end; j++) {
            int i = next;
            next = second;
            second = list[j + 2];
            FloatVector factor = FloatVector.broadcast(SPECIES, values[j]);
            int p = b0 + i * WIDE;
            s0 = factor.fma(FloatVector.fromArray(SPECIES, b, p), s0);
            s1 = factor.fma(FloatVector.fromArray(SPECIES, b, p + WIDTH), s1);
            s2 = factor.fma(FloatVector.fromArray(SPECIES, b, p + 2 * WIDTH), s2);
            s3 = factor.fma(FloatVector.fromArray(SPECIES, b, p + 3 * WIDTH), s3);
            s4 = factor.fma(FloatVector.fromArray(SPECIES, b, p + 4 * WIDTH), s4);
            s5 = factor.fma(FloatVector.fromArray(SPECIES, b, p + 5 * WIDTH), s5);
            s6 = factor.fma(FloatVector.fromArray(SPECIES, b, p + 6 * WIDTH), s6);
            s7 = factor.fma(FloatVector.fromArray(SPECIES, b, p + 7 * WIDTH), s7);
        }
        s0.intoArray(c, c0);
        s1.intoArray(c, c0 + WIDTH);
        s2.intoArray(c, c0 + 2 * WIDTH);
        s3.intoArray(c, c0 + 3 * WIDTH);
        s4.intoArray(c, c0 + 4 * WIDTH);
        s5.intoArray(c, c0 + 5 * WIDTH);
        s6.intoArray(c, c0 + 6 * WIDTH);
        s7.intoArray(c, c0 + 7 * WIDTH);
    }

    private static void pair(
            byte[] list,
            int start,
            int end,
            float[] values,
            float[] b,
            int b0,
            float[] from,
            int f0,
            float[] c,
            int c0) {
        FloatVector s0 = FloatVector.fromArray(SPECIES, from, f0);
        FloatVector s1 = FloatVector.fromArray(SPECIES, from, f0 + WIDTH);
        for (int j = start; j < end; j++) {
            int i = list[j];
            FloatVector factor = FloatVector.broadcast(SPECIES, values[j]);
            int p = b0 + i * PAIR;
            s0 = factor.fma(FloatVector.fromArray(SPECIES, b, p), s0);
            s1 = factor.fma(FloatVector.fromArray(SPECIES, b, p + WIDTH), s1);
        }
        s0.intoArray(c, c0);
        s1.intoArray(c, c0 + WIDTH);
    }
}
