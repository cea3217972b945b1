package io.microgpt.kernel;

import java.util.Arrays;

/** Rows of numbers, one after another, in and out of panels, for the tests of what works on them. */
final class PanelRows {
    private PanelRows() {}

    /** {@return panels from {@code offset} on with these rows of {@code n}, and what is no number everywhere else} */
    static float[] panels(float[] rowMajor, int rows, int n, int offset) {
        float[] x = new float[offset + Panels.size(rows, n)];
        Arrays.fill(x, Float.NaN);
        set(x, offset, 0, rows, n, rowMajor);
        return x;
    }

    /** {@return random panels from {@code offset} on, and what is no number everywhere else} */
    static float[] random(int rows, int n, int offset, int seed, boolean specials) {
        return panels(Floats.random(rows * n, seed, specials), rows, n, offset);
    }

    /** Writes rows over those from {@code from} on. */
    static void set(float[] x, int offset, int from, int rows, int n, float[] rowMajor) {
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < n; i++) {
                x[at(offset, from + row, i, n)] = rowMajor[row * n + i];
            }
        }
    }

    /** {@return rows one after another, without what stands between them} */
    static float[] rows(float[] x, int offset, int from, int rows, int n) {
        float[] result = new float[rows * n];
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < n; i++) {
                result[row * n + i] = x[at(offset, from + row, i, n)];
            }
        }
        return result;
    }

    static float[] rows(float[] x, int rows, int n) {
        return rows(x, 0, 0, rows, n);
    }

    static int at(int offset, int row, int channel, int n) {
        return offset + Panels.index(row, n) + channel * Panels.ROWS;
    }
}
