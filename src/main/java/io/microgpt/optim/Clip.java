package io.microgpt.optim;

import io.microgpt.kernel.Kernels;

/**
 * Clipping by the global norm.
 *
 * @param maxNorm the largest Euclidean norm a gradient may keep; 0 only measures
 */
public record Clip(double maxNorm, Kernels kernels) {
    /** Scales {@code gradient} down to the largest norm if it is above. {@return its norm before} */
    public double apply(float[] gradient) {
        double norm = Math.sqrt(kernels.sumOfSquares(gradient, 0, gradient.length));
        if (maxNorm > 0.0 && norm > maxNorm) {
            kernels.scale(gradient, 0, gradient.length, (float) (maxNorm / norm));
        }
        return norm;
    }
}
