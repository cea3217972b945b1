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

class ClipTest {
    private final Kernels kernels = KernelProvider.choose(Choice.AUTO).kernels();

    @Test
    void scalesDownToTheLargestNorm() {
        float[] gradient = {3.0f, 0.0f, -4.0f};
        assertThat(new Clip(1.0, kernels).apply(gradient)).isEqualTo(5.0);
        assertThat(gradient[0]).isCloseTo(0.6f, within(1e-7f));
        assertThat(gradient[1]).isEqualTo(0.0f);
        assertThat(gradient[2]).isCloseTo(-0.8f, within(1e-7f));
    }

    @ParameterizedTest
    @ValueSource(doubles = {5.0, 5.1, 1e30, 0.0})
    void leavesWhatIsNotAbove(double maxNorm) {
        float[] gradient = {3.0f, 0.0f, -4.0f};
        assertThat(new Clip(maxNorm, kernels).apply(gradient)).isEqualTo(5.0);
        assertThat(gradient).containsExactly(3.0f, 0.0f, -4.0f);
    }

    @Test
    void zeroStaysZero() {
        float[] gradient = new float[5];
        assertThat(new Clip(1.0, kernels).apply(gradient)).isEqualTo(0.0);
        assertThat(gradient).containsOnly(0.0f);
    }

    /** Squares of these overflow or vanish in float32. */
    @ParameterizedTest
    @ValueSource(floats = {1e30f, 1e-30f})
    void normsBeyondTheRangeOfSquares(float value) {
        float[] gradient = new float[1000];
        Arrays.fill(gradient, value);
        double norm = value * Math.sqrt(1000);
        assertThat(new Clip(norm / 2, kernels).apply(gradient)).isCloseTo(norm, within(1e-6 * norm));
        assertThat(gradient[999]).isCloseTo(value / 2, within(value * 1e-6f));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void damageShowsInTheNorm(float value) {
        float[] gradient = new float[50];
        gradient[33] = value;
        assertThat(new Clip(1.0, kernels).apply(gradient)).isNotFinite();
    }
}
