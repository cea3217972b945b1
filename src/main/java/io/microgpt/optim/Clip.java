package io.microgpt.optim;

/**
 * Clipping by the global norm.
 *
 * @param maxNorm the largest Euclidean norm a gradient may keep; 0 for any
 */
public record Clip(double maxNorm) {
    /** {@return what to multiply a gradient of this norm by} */
    public double factor(double norm) {
        return maxNorm > 0.0 && norm > maxNorm ? maxNorm / norm : 1.0;
    }
}
