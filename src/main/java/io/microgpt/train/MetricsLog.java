package io.microgpt.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** {@code metrics.jsonl}: a line a step. */
public final class MetricsLog implements TrainingListener, AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final List<String> NUMBERS = List.of(
            "loss",
            "lr",
            "grad_norm",
            "positions",
            "tokens_per_second",
            "ms_broadcast",
            "ms_compute",
            "ms_gather",
            "ms_update");

    private final StepLog log;

    /**
     * Opens or begins the file.
     *
     * @param step the step that training goes on from; lines of later steps are dropped
     * @param patienceSeconds until a file system that does not answer is given up
     */
    public MetricsLog(Configuration hadoop, Path path, long step, int patienceSeconds) {
        log = new StepLog(hadoop, path, step, patienceSeconds);
    }

    @Override
    public void stepEnded(StepReport report) {
        log.add(report.step(), line(report).toString());
    }

    /** {@return a step as it stands in the file} */
    public static ObjectNode line(StepReport report) {
        ObjectNode line = JSON.createObjectNode();
        line.put("step", report.step());
        line.put("loss", report.loss());
        line.put("lr", report.learningRate());
        line.put("grad_norm", report.gradientNorm());
        line.put("positions", report.positions());
        line.put("tokens_per_second", rounded(report.tokensPerSecond(), 10));
        line.put("ms_broadcast", rounded(report.broadcastMillis(), 1000));
        line.put("ms_compute", rounded(report.computeMillis(), 1000));
        line.put("ms_gather", rounded(report.gatherMillis(), 1000));
        line.put("ms_update", rounded(report.updateMillis(), 1000));
        report.testLoss().ifPresent(loss -> line.put("test_loss", loss));
        report.replayTestLoss().ifPresent(loss -> line.put("replay_test_loss", loss));
        return line;
    }

    /**
     * Reads the steps of a file, from first to last, as a stream. A line that lacks a number is passed over.
     *
     * @throws java.io.UncheckedIOException if it is not there or cannot be read
     */
    public static void read(Configuration hadoop, Path path, Consumer<StepReport> steps) {
        StepLog.read(hadoop, path, line -> {
            if (NUMBERS.stream().allMatch(name -> line.path(name).isNumber())) {
                steps.accept(report(line));
            }
        });
    }

    private static StepReport report(JsonNode line) {
        long positions = line.path("positions").asLong();
        return new StepReport(
                line.path("step").asLong(),
                line.path("loss").asDouble(),
                line.path("lr").asDouble(),
                line.path("grad_norm").asDouble(),
                positions,
                positions / line.path("tokens_per_second").asDouble() * 1e3,
                line.path("ms_broadcast").asDouble(),
                line.path("ms_compute").asDouble(),
                line.path("ms_gather").asDouble(),
                line.path("ms_update").asDouble(),
                optional(line, "test_loss"),
                optional(line, "replay_test_loss"));
    }

    private static OptionalDouble optional(JsonNode line, String name) {
        JsonNode value = line.path(name);
        return value.isNumber() ? OptionalDouble.of(value.asDouble()) : OptionalDouble.empty();
    }

    /** A run that goes on from the checkpoint finds the lines of all steps before it. */
    @Override
    public void checkpointBegins(long step) {
        log.flush();
    }

    /** The lines of the steps that do not count any more go. */
    @Override
    public void rolledBack(long step) {
        log.backTo(step);
    }

    private static double rounded(double value, double parts) {
        return Math.round(value * parts) / parts;
    }

    @Override
    public void close() {
        log.close();
    }
}
