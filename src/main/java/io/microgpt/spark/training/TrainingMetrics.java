package io.microgpt.spark.training;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.microgpt.train.StepReport;
import io.microgpt.train.TrainingListener;
import java.util.function.ToDoubleFunction;
import org.apache.spark.SparkEnv;
import org.apache.spark.metrics.MetricsSystem;
import org.apache.spark.metrics.source.Source;

/**
 * The last step as gauges of Spark's own metrics system, under {@code training} of the driver, so that whatever watches the cluster
 * watches the training. The names are those of {@code metrics.jsonl}. Before the first step all are NaN.
 */
public final class TrainingMetrics implements TrainingListener, Source, AutoCloseable {
    private final MetricRegistry registry = new MetricRegistry();
    private final MetricsSystem system = SparkEnv.get().metricsSystem();
    private volatile StepReport last;
    private volatile double testLoss = Double.NaN;

    /** Registers with the Spark of this JVM. */
    public TrainingMetrics() {
        gauge("step", StepReport::step);
        gauge("loss", StepReport::loss);
        gauge("lr", StepReport::learningRate);
        gauge("grad_norm", StepReport::gradientNorm);
        gauge("positions", StepReport::positions);
        gauge("tokens_per_second", StepReport::tokensPerSecond);
        gauge("ms_broadcast", StepReport::broadcastMillis);
        gauge("ms_compute", StepReport::computeMillis);
        gauge("ms_gather", StepReport::gatherMillis);
        gauge("ms_update", StepReport::updateMillis);
        registry.register("test_loss", (Gauge<Double>) () -> testLoss);
        system.registerSource(this);
    }

    private void gauge(String name, ToDoubleFunction<StepReport> value) {
        registry.register(name, (Gauge<Double>) () -> last == null ? Double.NaN : value.applyAsDouble(last));
    }

    @Override
    public void stepEnded(StepReport report) {
        last = report;
        report.testLoss().ifPresent(loss -> testLoss = loss);
    }

    @Override
    public String sourceName() {
        return "training";
    }

    @Override
    public MetricRegistry metricRegistry() {
        return registry;
    }

    @Override
    public void close() {
        system.removeSource(this);
    }
}
