package io.microgpt.kernel;

/** The virtual lanes of reductions and the tree that folds them, the same for every implementation and processor. */
final class Lanes {
    private Lanes() {}

    /** Folds {@link Kernels#LANES} lanes: 16 to 8, 8 to 4, 4 to 2, 2 to 1, lane {@code j} taking lane {@code j + half}. */
    static float fold(float[] lanes) {
        for (int half = Kernels.LANES / 2; half > 0; half /= 2) {
            for (int j = 0; j < half; j++) {
                lanes[j] += lanes[j + half];
            }
        }
        return lanes[0];
    }

    /** The same for doubles. */
    static double fold(double[] lanes) {
        for (int half = Kernels.LANES / 2; half > 0; half /= 2) {
            for (int j = 0; j < half; j++) {
                lanes[j] += lanes[j + half];
            }
        }
        return lanes[0];
    }
}
