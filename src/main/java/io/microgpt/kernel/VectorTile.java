package io.microgpt.kernel;

import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of every matrix product: a tile of {@value #TILE} rows and two vectors of columns in registers, that is 12
 * sums, two vectors of b and one of a: 15 of the 16 that AVX2 has. Where two threads share a core its front end is the limit, so
 * what counts is how few instructions a vector of multiplications takes: 1.8 with four steps a round, 2.4 with one.
 *
 * <p>The right side is read as {@code [k][ROWS]}, as a panel of activations lies. The left side comes in chunks of {@value #STEPS} steps,
 * {@code [k / STEPS][A_ROWS][STEPS]}, which copies of whole vectors make of rows of a matrix and of panels ({@link VectorChunks}). (To read panels
 * where they lie, a loop over panels around one over their steps, takes 2.3 instructions a vector: C2 keeps the arrays on the stack.)
 *
 * <p>Written as it is for C2, the compiler of JDK 17 to 25. Indices step by powers of two, so that bounds checks leave the loop; but then
 * C2 moves all loads of a round to its front and runs out of registers, at half the speed. {@link #PIN} holds each load in
 * its place. There must be no branch on the way that sums from zero and one that sums from c are merged after, or C2 allocates them; and no
 * second method of this size in the program: of two, one in six JVMs allocated the vectors of one.
 */
final class VectorTile {
    private static final VectorSpecies<Float> SPECIES = VectorKernels.SPECIES;
    private static final int WIDTH = SPECIES.length();
    /**
     * Whether to hold loads in their place by a fence. On x86 that is no instruction, only a line that C2 moves no load over;
     * elsewhere it would be one, and there are registers enough. (In a method of its own it would not be inlined.)
     */
    static final boolean PIN = System.getProperty("os.arch").matches("amd64|x86_64");

    /** Rows of a tile. */
    static final int TILE = Panels.TILE;
    /** Steps of a chunk of the left side. */
    static final int STEPS = 4;
    /** Rows of a chunk, of which the last are padding. */
    static final int A_ROWS = 8;
    /** Columns of a panel. */
    static final int ROWS = Panels.ROWS;
    /** Panels that a tile spans: two where a vector is as long as a panel is wide. */
    static final int SPAN = WIDTH < ROWS ? 1 : 2;
    /** Where sums start from when nothing waits in c, with distances of 0: loading it is cheaper than a branch that C2 must merge. */
    static final float[] ZEROS = new float[ROWS];

    private VectorTile() {}

    /**
     * {@code c = from + a . b}, each element in ascending {@code k}: {@value #TILE} rows by the columns of {@link #SPAN} panels.
     *
     * @param a0 offset of the first chunk; {@code b0} that of the first step
     * @param bNext distance of the second panel, 0 where there is none
     * @param from where the sums start: {@link #ZEROS} or {@code c} itself; {@code fRow} is the distance of its rows, {@code fNext} of its panels
     */
    static void multiply(
            int k,
            float[] a,
            int a0,
            float[] b,
            int b0,
            int bNext,
            float[] from,
            int f0,
            int fRow,
            int fNext,
            float[] c,
            int c0,
            int cRow,
            int cNext) {
        int most = k & -STEPS;
        for (int h = 0; h < ROWS; h += 2 * WIDTH) {
            int f = fRow == 0 ? f0 : f0 + h;
            chunks(most, a, a0, b, b0 + h, bNext, from, f, fRow, fNext, c, c0 + h, cRow, cNext);
            if (most < k) {
                int at = a0 + most * A_ROWS;
                int b1 = b0 + most * ROWS + h;
                rest(k - most, a, at, b, b1, bNext, c, c0 + h, cRow, cNext, c, c0 + h, cRow, cNext);
            }
        }
    }

    /**
     * The loop counts the floats of a, of which a step has half as many as of b: with one index less to compute, it is 3 % faster than one
     * that counts steps.
     *
     * @param k a multiple of four
     */
    private static void chunks(
            int k,
            float[] a,
            int a0,
            float[] b,
            int b0,
            int bNext,
            float[] from,
            int f0,
            int fRow,
            int fNext,
            float[] c,
            int c0,
            int cRow,
            int cNext) {
        int second = WIDTH < ROWS ? WIDTH : bNext;
        int fSecond = WIDTH < ROWS ? WIDTH : fNext;
        int cSecond = WIDTH < ROWS ? WIDTH : cNext;
        int f1 = f0 + fRow;
        int f2 = f1 + fRow;
        int f3 = f2 + fRow;
        int f4 = f3 + fRow;
        int f5 = f4 + fRow;
        FloatVector s00 = FloatVector.fromArray(SPECIES, from, f0);
        FloatVector s01 = FloatVector.fromArray(SPECIES, from, f0 + fSecond);
        FloatVector s10 = FloatVector.fromArray(SPECIES, from, f1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, from, f1 + fSecond);
        FloatVector s20 = FloatVector.fromArray(SPECIES, from, f2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, from, f2 + fSecond);
        FloatVector s30 = FloatVector.fromArray(SPECIES, from, f3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, from, f3 + fSecond);
        FloatVector s40 = FloatVector.fromArray(SPECIES, from, f4);
        FloatVector s41 = FloatVector.fromArray(SPECIES, from, f4 + fSecond);
        FloatVector s50 = FloatVector.fromArray(SPECIES, from, f5);
        FloatVector s51 = FloatVector.fromArray(SPECIES, from, f5 + fSecond);
        FloatVector x;
        FloatVector y0;
        FloatVector y1;
        int end = a0 + k * A_ROWS;
        int b1 = b0 - 2 * a0;
        for (int p = a0; p < end; p += STEPS * A_ROWS) {
            y0 = FloatVector.fromArray(SPECIES, b, b1 + 2 * p);
            y1 = FloatVector.fromArray(SPECIES, b, b1 + 2 * p + second);
            x = FloatVector.broadcast(SPECIES, a[p]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + STEPS]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 2 * STEPS]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 3 * STEPS]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 4 * STEPS]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 5 * STEPS]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            if (PIN) VarHandle.acquireFence();
            y0 = FloatVector.fromArray(SPECIES, b, b1 + 2 * p + ROWS);
            y1 = FloatVector.fromArray(SPECIES, b, b1 + 2 * p + ROWS + second);
            x = FloatVector.broadcast(SPECIES, a[p + 1]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 1 + STEPS]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 1 + 2 * STEPS]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 1 + 3 * STEPS]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 1 + 4 * STEPS]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 1 + 5 * STEPS]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            if (PIN) VarHandle.acquireFence();
            y0 = FloatVector.fromArray(SPECIES, b, b1 + 2 * p + 2 * ROWS);
            y1 = FloatVector.fromArray(SPECIES, b, b1 + 2 * p + 2 * ROWS + second);
            x = FloatVector.broadcast(SPECIES, a[p + 2]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 2 + STEPS]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 2 + 2 * STEPS]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 2 + 3 * STEPS]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 2 + 4 * STEPS]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 2 + 5 * STEPS]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            if (PIN) VarHandle.acquireFence();
            y0 = FloatVector.fromArray(SPECIES, b, b1 + 2 * p + 3 * ROWS);
            y1 = FloatVector.fromArray(SPECIES, b, b1 + 2 * p + 3 * ROWS + second);
            x = FloatVector.broadcast(SPECIES, a[p + 3]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 3 + STEPS]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 3 + 2 * STEPS]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 3 + 3 * STEPS]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 3 + 4 * STEPS]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[p + 3 + 5 * STEPS]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            if (PIN) VarHandle.acquireFence();
        }
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        int c4 = c3 + cRow;
        int c5 = c4 + cRow;
        s00.intoArray(c, c0);
        s01.intoArray(c, c0 + cSecond);
        s10.intoArray(c, c1);
        s11.intoArray(c, c1 + cSecond);
        s20.intoArray(c, c2);
        s21.intoArray(c, c2 + cSecond);
        s30.intoArray(c, c3);
        s31.intoArray(c, c3 + cSecond);
        s40.intoArray(c, c4);
        s41.intoArray(c, c4 + cSecond);
        s50.intoArray(c, c5);
        s51.intoArray(c, c5 + cSecond);
    }

    /** Steps of less than a chunk. */
    private static void rest(
            int k,
            float[] a,
            int a0,
            float[] b,
            int b0,
            int bNext,
            float[] from,
            int f0,
            int fRow,
            int fNext,
            float[] c,
            int c0,
            int cRow,
            int cNext) {
        int second = WIDTH < ROWS ? WIDTH : bNext;
        int fSecond = WIDTH < ROWS ? WIDTH : fNext;
        int cSecond = WIDTH < ROWS ? WIDTH : cNext;
        int f1 = f0 + fRow;
        int f2 = f1 + fRow;
        int f3 = f2 + fRow;
        int f4 = f3 + fRow;
        int f5 = f4 + fRow;
        FloatVector s00 = FloatVector.fromArray(SPECIES, from, f0);
        FloatVector s01 = FloatVector.fromArray(SPECIES, from, f0 + fSecond);
        FloatVector s10 = FloatVector.fromArray(SPECIES, from, f1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, from, f1 + fSecond);
        FloatVector s20 = FloatVector.fromArray(SPECIES, from, f2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, from, f2 + fSecond);
        FloatVector s30 = FloatVector.fromArray(SPECIES, from, f3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, from, f3 + fSecond);
        FloatVector s40 = FloatVector.fromArray(SPECIES, from, f4);
        FloatVector s41 = FloatVector.fromArray(SPECIES, from, f4 + fSecond);
        FloatVector s50 = FloatVector.fromArray(SPECIES, from, f5);
        FloatVector s51 = FloatVector.fromArray(SPECIES, from, f5 + fSecond);
        FloatVector x;
        FloatVector y0;
        FloatVector y1;
        for (int p = 0; p < k; p++) {
            y0 = FloatVector.fromArray(SPECIES, b, b0 + p * ROWS);
            y1 = FloatVector.fromArray(SPECIES, b, b0 + p * ROWS + second);
            x = FloatVector.broadcast(SPECIES, a[a0 + p]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p + STEPS]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p + 2 * STEPS]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p + 3 * STEPS]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p + 4 * STEPS]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p + 5 * STEPS]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            if (PIN) VarHandle.acquireFence();
        }
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        int c4 = c3 + cRow;
        int c5 = c4 + cRow;
        s00.intoArray(c, c0);
        s01.intoArray(c, c0 + cSecond);
        s10.intoArray(c, c1);
        s11.intoArray(c, c1 + cSecond);
        s20.intoArray(c, c2);
        s21.intoArray(c, c2 + cSecond);
        s30.intoArray(c, c3);
        s31.intoArray(c, c3 + cSecond);
        s40.intoArray(c, c4);
        s41.intoArray(c, c4 + cSecond);
        s50.intoArray(c, c5);
        s51.intoArray(c, c5 + cSecond);
    }
}
