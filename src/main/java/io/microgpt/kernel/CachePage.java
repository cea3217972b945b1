package io.microgpt.kernel;

/**
 * A page of a key-value cache: keys and values of {@value #POSITIONS} neighbouring positions of one sequence, layer after layer.
 * Keys stand transposed, (E, POSITIONS), so that the scores of all its positions are one vector sum. Values stand in panels of as many
 * columns, (E / POSITIONS rounded up, POSITIONS positions, POSITIONS columns). Both are read from end to end.
 */
public final class CachePage {
    /** Positions of a page. */
    public static final int POSITIONS = Kernels.LANES;

    private CachePage() {}

    /** {@return the floats of a page of a model of {@code layers} layers and {@code e} embedding channels} */
    public static int floats(int layers, int e) {
        return Math.multiplyExact(layers, layer(e));
    }

    /** Takes the key and the value that stand at {@code k} and {@code v} in {@code from} (E each) for {@code slot} of the page. */
    public static void store(float[] page, int layer, int e, int slot, float[] from, int k, int v) {
        int keys = keys(layer, e);
        for (int i = 0; i < e; i++) {
            page[keys + i * POSITIONS + slot] = from[k + i];
        }
        for (int j = 0; j < e; j += POSITIONS) {
            int at = values(layer, e) + j * POSITIONS + slot * POSITIONS;
            System.arraycopy(from, v + j, page, at, Math.min(POSITIONS, e - j));
        }
    }

    static int keys(int layer, int e) {
        return layer * layer(e);
    }

    static int values(int layer, int e) {
        return layer * layer(e) + e * POSITIONS;
    }

    private static int layer(int e) {
        return (e + Kernels.padded(e)) * POSITIONS;
    }
}
