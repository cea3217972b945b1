package io.microgpt.kernel;

import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of {@link VectorMatmul}: a tile of {@value #ROWS} rows and two vectors of columns in registers, that is 12
 * sums, two vectors of b and one of a: 15 of the 16 that AVX2 has. Where two threads share a core its front end is the limit, so
 * what counts is how few instructions a vector of multiplications takes: 1.9 with four steps a round, 2.4 with one.
 *
 * <p>Written as it is for C2, the compiler of JDK 17 to 25. Indices step by powers of two, so that bounds checks leave the loop; but then
 * C2 moves all loads of a round to its front and runs out of registers, at half the speed. {@link #PIN} holds each load in
 * its place. There must be no branch on the way that sums from zero and one that sums from c are merged after, or C2 allocates them.
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
    static final int ROWS = 6;
    /** Distance of neighbouring rows in a panel of a, [k][ROWS]. */
    static final int A_ROW = 8;
    /** Columns of a tile, and of a panel of b, [k][COLUMNS]. */
    static final int COLUMNS = 2 * WIDTH;

    private VectorTile() {}

    /**
     * {@code c = from + a . b}, each element in ascending {@code k}.
     *
     * @param a0 offset of the panel of a; {@code b0} of that of b
     * @param from where the sums start: zeros, with a distance of rows of 0, or {@code c} itself
     */
    static void multiply(
            int k, float[] a, int a0, float[] b, int b0, float[] from, int f0, int fRow, float[] c, int c0, int cRow) {
        int most = k & -4;
        fourSteps(most, a, a0, b, b0, from, f0, fRow, c, c0, cRow);
        if (most < k) {
            oneStep(k - most, a, a0 + most * A_ROW, b, b0 + most * COLUMNS, c, c0, cRow, c, c0, cRow);
        }
    }

    /** @param k a multiple of four */
    private static void fourSteps(
            int k, float[] a, int a0, float[] b, int b0, float[] from, int f0, int fRow, float[] c, int c0, int cRow) {
        int f1 = f0 + fRow;
        int f2 = f1 + fRow;
        int f3 = f2 + fRow;
        int f4 = f3 + fRow;
        int f5 = f4 + fRow;
        FloatVector s00 = FloatVector.fromArray(SPECIES, from, f0);
        FloatVector s01 = FloatVector.fromArray(SPECIES, from, f0 + WIDTH);
        FloatVector s10 = FloatVector.fromArray(SPECIES, from, f1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, from, f1 + WIDTH);
        FloatVector s20 = FloatVector.fromArray(SPECIES, from, f2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, from, f2 + WIDTH);
        FloatVector s30 = FloatVector.fromArray(SPECIES, from, f3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, from, f3 + WIDTH);
        FloatVector s40 = FloatVector.fromArray(SPECIES, from, f4);
        FloatVector s41 = FloatVector.fromArray(SPECIES, from, f4 + WIDTH);
        FloatVector s50 = FloatVector.fromArray(SPECIES, from, f5);
        FloatVector s51 = FloatVector.fromArray(SPECIES, from, f5 + WIDTH);
        for (int p = 0; p < k; p += 4) {
            FloatVector y0 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS);
            FloatVector y1 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS + WIDTH);
            FloatVector x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 1]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 2]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 3]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 4]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 5]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            if (PIN) VarHandle.acquireFence();
            y0 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS + COLUMNS);
            y1 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS + COLUMNS + WIDTH);
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + A_ROW]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + A_ROW + 1]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + A_ROW + 2]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + A_ROW + 3]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + A_ROW + 4]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + A_ROW + 5]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            if (PIN) VarHandle.acquireFence();
            y0 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS + 2 * COLUMNS);
            y1 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS + 2 * COLUMNS + WIDTH);
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 2 * A_ROW]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 2 * A_ROW + 1]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 2 * A_ROW + 2]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 2 * A_ROW + 3]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 2 * A_ROW + 4]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 2 * A_ROW + 5]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
            if (PIN) VarHandle.acquireFence();
            y0 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS + 3 * COLUMNS);
            y1 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS + 3 * COLUMNS + WIDTH);
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 3 * A_ROW]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 3 * A_ROW + 1]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 3 * A_ROW + 2]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 3 * A_ROW + 3]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 3 * A_ROW + 4]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 3 * A_ROW + 5]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
        }
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        int c4 = c3 + cRow;
        int c5 = c4 + cRow;
        s00.intoArray(c, c0);
        s01.intoArray(c, c0 + WIDTH);
        s10.intoArray(c, c1);
        s11.intoArray(c, c1 + WIDTH);
        s20.intoArray(c, c2);
        s21.intoArray(c, c2 + WIDTH);
        s30.intoArray(c, c3);
        s31.intoArray(c, c3 + WIDTH);
        s40.intoArray(c, c4);
        s41.intoArray(c, c4 + WIDTH);
        s50.intoArray(c, c5);
        s51.intoArray(c, c5 + WIDTH);
    }

    /** The rest. */
    private static void oneStep(
            int k, float[] a, int a0, float[] b, int b0, float[] from, int f0, int fRow, float[] c, int c0, int cRow) {
        int f1 = f0 + fRow;
        int f2 = f1 + fRow;
        int f3 = f2 + fRow;
        int f4 = f3 + fRow;
        int f5 = f4 + fRow;
        FloatVector s00 = FloatVector.fromArray(SPECIES, from, f0);
        FloatVector s01 = FloatVector.fromArray(SPECIES, from, f0 + WIDTH);
        FloatVector s10 = FloatVector.fromArray(SPECIES, from, f1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, from, f1 + WIDTH);
        FloatVector s20 = FloatVector.fromArray(SPECIES, from, f2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, from, f2 + WIDTH);
        FloatVector s30 = FloatVector.fromArray(SPECIES, from, f3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, from, f3 + WIDTH);
        FloatVector s40 = FloatVector.fromArray(SPECIES, from, f4);
        FloatVector s41 = FloatVector.fromArray(SPECIES, from, f4 + WIDTH);
        FloatVector s50 = FloatVector.fromArray(SPECIES, from, f5);
        FloatVector s51 = FloatVector.fromArray(SPECIES, from, f5 + WIDTH);
        for (int p = 0; p < k; p++) {
            FloatVector y0 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS);
            FloatVector y1 = FloatVector.fromArray(SPECIES, b, b0 + p * COLUMNS + WIDTH);
            FloatVector x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW]);
            s00 = x.fma(y0, s00);
            s01 = x.fma(y1, s01);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 1]);
            s10 = x.fma(y0, s10);
            s11 = x.fma(y1, s11);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 2]);
            s20 = x.fma(y0, s20);
            s21 = x.fma(y1, s21);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 3]);
            s30 = x.fma(y0, s30);
            s31 = x.fma(y1, s31);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 4]);
            s40 = x.fma(y0, s40);
            s41 = x.fma(y1, s41);
            if (PIN) VarHandle.acquireFence();
            x = FloatVector.broadcast(SPECIES, a[a0 + p * A_ROW + 5]);
            s50 = x.fma(y0, s50);
            s51 = x.fma(y1, s51);
        }
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        int c4 = c3 + cRow;
        int c5 = c4 + cRow;
        s00.intoArray(c, c0);
        s01.intoArray(c, c0 + WIDTH);
        s10.intoArray(c, c1);
        s11.intoArray(c, c1 + WIDTH);
        s20.intoArray(c, c2);
        s21.intoArray(c, c2 + WIDTH);
        s30.intoArray(c, c3);
        s31.intoArray(c, c3 + WIDTH);
        s40.intoArray(c, c4);
        s41.intoArray(c, c4 + WIDTH);
        s50.intoArray(c, c5);
        s51.intoArray(c, c5 + WIDTH);
    }
}
