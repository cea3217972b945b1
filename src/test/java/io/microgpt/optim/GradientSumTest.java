package io.microgpt.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientSumTest {
    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();

    @Test
    void isDividedByPositionsNotByDocuments() {
        GradientSum sum = new GradientSum(new float[] {15.0f, 0.0f, -20.0f}, 30.0, 5, 2);
        assertThat(sum.meanLoss()).isEqualTo(6.0);
        assertThat(sum.meanNorm(kernels)).isEqualTo(5.0);
        assertThat(sum.gradient()).containsExactly(15.0f, 0.0f, -20.0f);
    }

    @Test
    void zeroHasNoNorm() {
        assertThat(new GradientSum(new float[5], 1.0, 3, 1).meanNorm(kernels)).isZero();
    }

    /** Squares of these overflow or vanish in float32. */
    @ParameterizedTest
    @ValueSource(floats = {1e30f, 1e-30f})
    void normsBeyondTheRangeOfSquares(float value) {
        float[] gradient = new float[1000];
        Arrays.fill(gradient, value);
        double norm = value * Math.sqrt(1000) / 4;
        assertThat(new GradientSum(gradient, 1.0, 4, 1).meanNorm(kernels)).isCloseTo(norm, within(1e-6 * norm));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void damageShowsInTheNorm(float value) {
        float[] gradient = new float[50];
        gradient[33] = value;
        assertThat(new GradientSum(gradient, 1.0, 7, 1).meanNorm(kernels)).isNotFinite();
    }
}
