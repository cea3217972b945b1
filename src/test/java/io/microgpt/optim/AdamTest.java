package io.microgpt.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdamTest {
    private static final double RATE = 0.01;

    private final float[] weights = {0.0f};
    private final float[] m = {0.0f};
    private final float[] v = {0.0f};

    /** The chapter's example by its own formulas: g = 1, then g = 0.5. */
    @Test
    void workedNumbersOfTheChapter() {
        Adam adam = adam(false, 0.0);
        adam.step(weights, new float[] {1.0f}, 1.0, RATE, 0);
        assertThat(m[0]).isCloseTo(0.15f, within(1e-7f));
        assertThat(v[0]).isCloseTo(0.01f, within(1e-8f));
        assertThat((double) weights[0]).isCloseTo(-1.5 * RATE, within(1e-8));

        weights[0] = 0.0f;
        adam.step(weights, new float[] {0.5f}, 1.0, RATE, 1);
        assertThat(m[0]).isCloseTo(0.2025f, within(1e-7f));
        assertThat(v[0]).isCloseTo(0.0124f, within(1e-8f));
        assertThat((double) weights[0]).isCloseTo(-0.2025 / Math.sqrt(0.0124) * RATE, within(1e-8));
    }

    @ParameterizedTest
    @ValueSource(floats = {1.0f, -1.0f, 1e-3f, -250.0f})
    void firstCorrectedStepIsTheRate(float gradient) {
        adam(true, 0.0).step(weights, new float[] {gradient}, 1.0, RATE, 0);
        assertThat((double) weights[0]).isCloseTo(-RATE * Math.signum(gradient), within(1e-6 * RATE + 1e-7));
        assertThat(m[0]).isCloseTo(0.15f * gradient, within(Math.abs(gradient) * 1e-6f));
    }

    @Test
    void correctionCountsStepsFromOne() {
        m[0] = 0.5f;
        v[0] = 0.25f;
        adam(true, 0.0).step(weights, new float[] {0.0f}, 1.0, RATE, 9);
        double first = 0.5 * 0.85 / (1.0 - Math.pow(0.85, 10));
        double second = 0.25 * 0.99 / (1.0 - Math.pow(0.99, 10));
        assertThat((double) weights[0]).isCloseTo(-RATE * first / Math.sqrt(second), within(1e-8));
    }

    @Test
    void epsilonStandsBesideTheRoot() {
        Adam adam = new Adam(new Adam.Settings(0.85, 0.99, 0.1, false, 0.0), KernelProvider.scalar(), m, v);
        adam.step(weights, new float[] {1.0f}, 1.0, RATE, 0);
        assertThat((double) weights[0]).isCloseTo(-RATE * 0.15 / (0.1 + 0.1), within(1e-8));
    }

    @Test
    void nothingHappensWithoutAGradient() {
        weights[0] = 3.0f;
        adam(true, 0.0).step(weights, new float[] {0.0f}, 1.0, RATE, 0);
        assertThat(weights[0]).isEqualTo(3.0f);
    }

    /** Clipping and the division by positions are in it; it is rounded to float32 once. */
    @ParameterizedTest
    @ValueSource(doubles = {0.2, 1.0 / 3.0, 1e-7})
    void theFactorScalesTheGradient(double factor) {
        int n = 37;
        Random random = new Random(2);
        float[] gradient = new float[n];
        float[] scaled = new float[n];
        float[] w = new float[n];
        for (int i = 0; i < n; i++) {
            gradient[i] = (float) random.nextGaussian();
            scaled[i] = gradient[i] * (float) factor;
            w[i] = (float) random.nextGaussian();
        }
        float[] before = gradient.clone();
        float[] expected = w.clone();
        Adam.Settings settings = new Adam.Settings(0.85, 0.99, 1e-8, true, 0.1);
        Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();
        Adam adam = new Adam(settings, kernels, new float[n], new float[n]);
        Adam other = new Adam(settings, kernels, new float[n], new float[n]);
        adam.step(w, gradient, factor, RATE, 3);
        other.step(expected, scaled, 1.0, RATE, 3);
        assertThat(w).isEqualTo(expected);
        assertThat(adam.firstMoment()).isEqualTo(other.firstMoment()).isNotEqualTo(new float[n]);
        assertThat(adam.secondMoment()).isEqualTo(other.secondMoment()).isNotEqualTo(new float[n]);
        assertThat(gradient).isEqualTo(before);
    }

    /** Decoupled: what decays is the weight after its update, and no moment sees it. */
    @Test
    void weightDecay() {
        weights[0] = 2.0f;
        adam(false, 0.5).step(weights, new float[] {1.0f}, 1.0, RATE, 0);
        assertThat((double) weights[0]).isCloseTo((2.0 - 1.5 * RATE) * (1.0 - RATE * 0.5), within(2e-7));
        assertThat(m[0]).isCloseTo(0.15f, within(1e-7f));
        assertThat(v[0]).isCloseTo(0.01f, within(1e-8f));
    }

    @Test
    void manyStepsFollowTheFormulas() {
        int n = 37;
        Random random = new Random(1);
        float[] w = new float[n];
        float[] first = new float[n];
        float[] second = new float[n];
        double[] expected = new double[n];
        double[] m64 = new double[n];
        double[] v64 = new double[n];
        Adam adam = new Adam(
                new Adam.Settings(0.85, 0.99, 1e-8, true, 0.1),
                KernelProvider.choose(Choice.AUTO).kernels(),
                first,
                second);
        for (int step = 0; step < 50; step++) {
            float[] gradient = new float[n];
            double rate = 0.02 / (step + 1);
            for (int i = 0; i < n; i++) {
                gradient[i] = (float) (random.nextGaussian() * Math.pow(10, i % 5 - 3));
                m64[i] = 0.85 * m64[i] + 0.15 * gradient[i];
                v64[i] = 0.99 * v64[i] + 0.01 * gradient[i] * gradient[i];
                double corrected = m64[i] / (1.0 - Math.pow(0.85, step + 1));
                double root = Math.sqrt(v64[i] / (1.0 - Math.pow(0.99, step + 1)));
                expected[i] -= rate * corrected / (root + 1e-8);
                expected[i] -= rate * 0.1 * expected[i];
            }
            adam.step(w, gradient, 1.0, rate, step);
        }
        for (int i = 0; i < n; i++) {
            assertThat((double) w[i]).as("weight %d", i).isCloseTo(expected[i], within(1e-6));
        }
        assertThat(adam.firstMoment()).isSameAs(first);
        assertThat(adam.secondMoment()).isSameAs(second);
    }

    private Adam adam(boolean corrected, double decay) {
        return new Adam(new Adam.Settings(0.85, 0.99, 1e-8, corrected, decay), KernelProvider.scalar(), m, v);
    }
}
