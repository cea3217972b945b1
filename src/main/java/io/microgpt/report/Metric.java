package io.microgpt.report;

import io.microgpt.train.StepReport;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What is drawn of a step. */
enum Metric {
    LOSS(StepReport::loss),
    TEST_LOSS(report -> report.testLoss().orElse(Double.NaN)),
    LEARNING_RATE(StepReport::learningRate),
    GRADIENT_NORM(StepReport::gradientNorm),
    TOKENS_PER_SECOND(StepReport::tokensPerSecond),
    BROADCAST(StepReport::broadcastMillis),
    COMPUTE(StepReport::computeMillis),
    GATHER(StepReport::gatherMillis),
    UPDATE(StepReport::updateMillis);

    private final ToDoubleFunction<StepReport> value;

    Metric(ToDoubleFunction<StepReport> value) {
        this.value = value;
    }

    /** {@return the value of a step; NaN where it has none} */
    double of(StepReport report) {
        return value.applyAsDouble(report);
    }

    /** {@return the name for a person: {@code test loss}} */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
