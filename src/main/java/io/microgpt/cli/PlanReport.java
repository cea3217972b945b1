package io.microgpt.cli;

import io.microgpt.spark.training.Footprint;
import io.microgpt.spark.training.Preflight;
import io.microgpt.spark.training.Scaling;
import java.util.ArrayList;
import java.util.List;

/** What {@code train --plan} says of a training, without taking a step. */
final class PlanReport {
    /** A rate that is known to work, and the parameters that it works for; the rule scales it. */
    private static final double KNOWN_RATE = 0.001;

    private static final double KNOWN_PARAMETERS = 460_000;

    private PlanReport() {}

    /** {@return a learning rate to begin with, by the rule lr ~ 1/sqrt(parameters)} */
    private static String suggestedRate(long parameters, double baseRate) {
        return Summaries.format(
                "suggested schedule.base-lr for %,d parameters: %.2g, by lr ~ 1/sqrt(parameters) from %s at %,.0f; configured: %s",
                parameters,
                KNOWN_RATE * Math.sqrt(KNOWN_PARAMETERS / parameters),
                KNOWN_RATE,
                KNOWN_PARAMETERS,
                baseRate);
    }

    /**
     * @param baseRate the learning rate that is configured
     * @param networkGbit between driver and executors, for the table
     */
    static List<String> lines(Preflight preflight, int shards, long steps, double baseRate, double networkGbit) {
        Footprint footprint = preflight.footprint();
        List<String> lines = new ArrayList<>();
        lines.add(Summaries.format(
                "a step: %,.0f positions, %,.1f GFLOP; a model of %s; tasks: %d, which send %d sums, gathered %s",
                footprint.positions(),
                footprint.flops() * 1e-9,
                Preflight.bytes(footprint.modelBytes()),
                footprint.tasks(),
                footprint.subtrees(),
                footprint.gather().name().toLowerCase(java.util.Locale.ROOT)));
        lines.add(preflight.line());
        lines.add(suggestedRate(footprint.model().parameters(), baseRate));
        lines.add("");
        lines.add("the same training on other clusters, an estimate:");
        lines.add("executors   compute  broadcast    gather       job   ms a step  overhead    tokens/s    the run");
        for (Scaling.Step step : preflight.scaling(networkGbit).table(shards)) {
            lines.add(Summaries.format(
                    "%9d %9.1f %10.1f %9.1f %9.1f %11.1f %8.0f%% %11s %10s",
                    step.executors(),
                    step.compute(),
                    step.broadcast(),
                    step.gather(),
                    step.job(),
                    step.millis(),
                    100 * step.overhead(),
                    Summaries.format("%,.0f", step.tokensPerSecond()),
                    Progress.duration(steps * step.millis() * 1e-3)));
        }
        lines.add(Summaries.format(
                "assumed: executors of one core with %.0f GFLOP/s x E / (E + 64) (AVX2, a core of its own; half of it where two threads share one);",
                Scaling.GFLOPS_A_CORE));
        lines.add(Summaries.format(
                "  %.0f Gbit/s to and from the driver (--network); a Spark job of %.0f ms and %.1f ms for every task over two; a byte costs %.1f ns",
                networkGbit, Scaling.JOB_MILLIS, Scaling.TASK_MILLIS, Scaling.FETCHED_NANOS));
        lines.add(Summaries.format(
                "  where it is sent, as many where it is received, %.1f ns broadcast, %.1f ns fetched and added by the driver;",
                Scaling.BROADCAST_NANOS, Scaling.TAKEN_NANOS));
        lines.add("  documents spread evenly; evaluations and checkpoints not counted");
        lines.add(Summaries.format(
                "  a step can use %d tasks at most: data.shards, fixed when the data were prepared", shards));
        return lines;
    }
}
