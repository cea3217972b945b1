package io.microgpt.kernel;

/** The virtual lanes of reductions and the tree that folds them, the same for every implementation and processor. */
final class Lanes {
    private Lanes() {}

    /** Folds {@link Kernels#LANES} lanes: 16 to 8, 8 to 4, 4 to 2, 2 to 1, lane {@code j} taking lane {@code j + half}. */
    static float fold(float[] x) {
        float x0 = (x[0] + x[8]) + (x[4] + x[12]);
        float x1 = (x[1] + x[9]) + (x[5] + x[13]);
        float x2 = (x[2] + x[10]) + (x[6] + x[14]);
        float x3 = (x[3] + x[11]) + (x[7] + x[15]);
        return (x0 + x2) + (x1 + x3);
    }

    /** The same for doubles. */
    static double fold(double[] x) {
        double x0 = (x[0] + x[8]) + (x[4] + x[12]);
        double x1 = (x[1] + x[9]) + (x[5] + x[13]);
        double x2 = (x[2] + x[10]) + (x[6] + x[14]);
        double x3 = (x[3] + x[11]) + (x[7] + x[15]);
        return (x0 + x2) + (x1 + x3);
    }
}
