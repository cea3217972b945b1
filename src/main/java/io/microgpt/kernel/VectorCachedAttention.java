package io.microgpt.kernel;

import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention of one position over the pages of a cache. A vector holds neighbouring positions while scores are summed, neighbouring
 * columns while values are. The loops are short and do not depend on each other, so that the processor overlaps them; what counts
 * is how few instructions a vector takes (with the pages and fewer sequences at a time, decoding of 64 a third faster). Hence the fences: between them C2 makes a load part of its multiplication.
 */
final class VectorCachedAttention {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    private static final int POSITIONS = CachePage.POSITIONS;
    private static final boolean PIN = VectorTile.PIN;

    private VectorCachedAttention() {}

    /** The scores of all positions of a page, before they are scaled, to {@code scores[head][padded]} from {@code at}. */
    static void scores(
            float[] q, int qOffset, int heads, int size, float[] page, int keys, float[] scores, int at, int padded) {
        for (int head = 0; head < heads; head++) {
            int k = keys + head * size * POSITIONS;
            int to = at + head * padded;
            java.util.Arrays.fill(scores, to, to + POSITIONS, 0.0f);
            sum(size, q, qOffset + head * size, page, k, scores, to);
        }
    }

    /**
     * Adds the values of the first {@code slots} positions of a page, weighted by {@code weights[head][padded]} from {@code at}, to
     * {@code out} (heads * size).
     */
    static void values(
            int heads,
            int size,
            int slots,
            float[] weights,
            int at,
            int padded,
            float[] page,
            int values,
            float[] out,
            int outOffset) {
        int e = heads * size;
        // A panel of columns has one weight a position where it lies in one head.
        int whole = size % POSITIONS == 0 ? e : 0;
        for (int j = 0; j < whole; j += POSITIONS) {
            sum(slots, weights, at + j / size * padded, page, values + j * POSITIONS, out, outOffset + j);
        }
        for (int j = whole; j < e; j++) {
            int v = values + j / POSITIONS * POSITIONS * POSITIONS + j % POSITIONS;
            int w = at + j / size * padded;
            float sum = out[outOffset + j];
            for (int t = 0; t < slots; t++) {
                sum = Math.fma(weights[w + t], page[v + t * POSITIONS], sum);
            }
            out[outOffset + j] = sum;
        }
    }

    /** {@code c[POSITIONS] += a[n] . b[n, POSITIONS]}. */
    private static void sum(int n, float[] a, int a0, float[] b, int b0, float[] c, int c0) {
        int l = 0;
        for (; l + 2 * WIDTH <= POSITIONS; l += 2 * WIDTH) {
            twoVectors(n, a, a0, b, b0 + l, c, c0 + l);
        }
        for (; l < POSITIONS; l += WIDTH) {
            oneVector(n, a, a0, b, b0 + l, c, c0 + l);
        }
    }

    private static void twoVectors(int n, float[] a, int a0, float[] b, int b0, float[] c, int c0) {
        FloatVector s0 = FloatVector.fromArray(SPECIES, c, c0);
        FloatVector s1 = FloatVector.fromArray(SPECIES, c, c0 + WIDTH);
        for (int i = 0; i < n; i++) {
            FloatVector x = FloatVector.broadcast(SPECIES, a[a0 + i]);
            s0 = x.fma(FloatVector.fromArray(SPECIES, b, b0 + i * POSITIONS), s0);
            s1 = x.fma(FloatVector.fromArray(SPECIES, b, b0 + i * POSITIONS + WIDTH), s1);
            if (PIN) VarHandle.acquireFence();
        }
        s0.intoArray(c, c0);
        s1.intoArray(c, c0 + WIDTH);
    }

    private static void oneVector(int n, float[] a, int a0, float[] b, int b0, float[] c, int c0) {
        FloatVector s = FloatVector.fromArray(SPECIES, c, c0);
        for (int i = 0; i < n; i++) {
            s = FloatVector.broadcast(SPECIES, a[a0 + i]).fma(FloatVector.fromArray(SPECIES, b, b0 + i * POSITIONS), s);
        }
        s.intoArray(c, c0);
    }
}
