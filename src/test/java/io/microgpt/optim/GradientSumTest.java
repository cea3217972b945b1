package io.microgpt.optim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GradientSumTest {
    @Test
    void isDividedByPositionsNotByDocuments() {
        GradientSum sum = new GradientSum(new float[] {10.0f, -2.5f, 0.0f}, 30.0, 5, 2);
        assertThat(sum.meanLoss()).isEqualTo(6.0);
        assertThat(sum.mean()).isSameAs(sum.gradient()).containsExactly(2.0f, -0.5f, 0.0f);
    }
}
