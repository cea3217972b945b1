package io.microgpt.optim;

import io.microgpt.kernel.Kernels;

/**
 * Adam (Kingma and Ba, 2015) with decoupled weight decay (Loshchilov and Hutter, 2019): {@code m = b1 m + (1-b1) g},
 * {@code v = b2 v + (1-b2) g^2}, {@code w -= lr * m / (sqrt(v) + eps)}, then {@code w -= lr * decay * w}. With bias correction
 * {@code m} and {@code v} are divided by {@code 1 - b^t} in the update, t counting from 1.
 */
public final class Adam {
    /** The settings, in the words of the configuration. */
    public record Settings(double beta1, double beta2, double epsilon, boolean biasCorrection, double weightDecay) {}

    private final Settings settings;
    private final Kernels kernels;
    private final float[] firstMoment;
    private final float[] secondMoment;

    /** @param firstMoment m, and {@code secondMoment} v: zero at the start of a run; updated in place */
    public Adam(Settings settings, Kernels kernels, float[] firstMoment, float[] secondMoment) {
        this.settings = settings;
        this.kernels = kernels;
        this.firstMoment = firstMoment;
        this.secondMoment = secondMoment;
    }

    public float[] firstMoment() {
        return firstMoment;
    }

    public float[] secondMoment() {
        return secondMoment;
    }

    /**
     * Updates {@code weights} in place by {@code factor * gradient}, in one pass.
     *
     * @param factor what makes the mean, clipped gradient of a sum: the one division of a step is in it
     * @param step steps taken before this one, from 0
     * @param rate learning rate
     */
    public void step(float[] weights, float[] gradient, double factor, double rate, long step) {
        double correction1 = 1.0;
        double correction2 = 1.0;
        if (settings.biasCorrection()) {
            correction1 = 1.0 - StrictMath.pow(settings.beta1(), step + 1.0);
            correction2 = 1.0 - StrictMath.pow(settings.beta2(), step + 1.0);
        }
        Kernels.AdamStep scalars = new Kernels.AdamStep(
                (float) factor,
                (float) settings.beta1(),
                (float) (1.0 - settings.beta1()),
                (float) settings.beta2(),
                (float) (1.0 - settings.beta2()),
                (float) (rate / correction1),
                (float) (1.0 / correction2),
                (float) settings.epsilon(),
                (float) (rate * settings.weightDecay()));
        kernels.adam(weights, firstMoment, secondMoment, gradient, 0, weights.length, scalars);
    }
}
