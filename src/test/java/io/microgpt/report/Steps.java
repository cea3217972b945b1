package io.microgpt.report;

import io.microgpt.train.StepReport;
import java.util.OptionalDouble;

/** Made-up steps of a training: each number a function of the step. */
final class Steps {
    private Steps() {}

    static StepReport step(long step) {
        double loss = 2.0 + 1.3 / Math.sqrt(step) + 0.1 * Math.sin(step * 12.9898);
        return new StepReport(
                step,
                loss,
                0.01 * (1 + Math.cos(step * 1e-3)),
                0.5 + 0.2 * Math.cos(step),
                120 + step % 7,
                12.5,
                1.0,
                6.0 + step % 3,
                2.0,
                0.5,
                step % 10 == 0 ? OptionalDouble.of(loss + 0.05) : OptionalDouble.empty(),
                OptionalDouble.empty());
    }
}
