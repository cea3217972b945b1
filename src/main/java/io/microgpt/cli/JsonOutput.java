package io.microgpt.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.microgpt.train.LossSum;
import io.microgpt.train.MetricsLog;
import io.microgpt.train.StepReport;
import io.microgpt.train.Trainer;
import java.io.PrintStream;

/**
 * Speaks to a program: a JSON object a line, each with its {@code event}. Steps that evaluate and the last are always said, of the others
 * about one a second. The last line is {@code end}, with the final numbers, or {@code error}, with what a person is told.
 */
final class JsonOutput implements TrainingOutput {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long STEP_NANOS = 1_000_000_000L;

    private final PrintStream out;
    private final Terminal terminal;
    private Pace pace;
    private long said;

    /** @param terminal for warnings, which are for a person too */
    JsonOutput(PrintStream out, Terminal terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public void begins(Beginning b) {
        ObjectNode event = event("begin");
        event.put("run", b.run());
        event.put("parameters", b.model().parameters());
        event.put("steps", b.config().steps());
        event.put("batch_size", b.config().batchSize());
        event.put("epochs", b.epochs());
        event.put("from_step", b.from());
        event.put("on", b.source());
        say(event);
        pace = new Pace(b.config().steps());
        said = System.nanoTime();
    }

    @Override
    public void stepEnded(StepReport report) {
        pace.stepEnded(report);
        long now = System.nanoTime();
        if (report.testLoss().isPresent() || pace.isLast(report.step()) || now - said > STEP_NANOS) {
            said = now;
            ObjectNode event = event("step");
            event.setAll(MetricsLog.line(report));
            event.put("seconds_left", Math.round(pace.secondsLeft(report.step())));
            say(event);
        }
    }

    @Override
    public void checkpointWritten(long step, String path) {
        say(event("checkpoint").put("step", step).put("path", path));
    }

    @Override
    public void rolledBack(long step) {
        say(event("rollback").put("to_step", step));
    }

    @Override
    public void warning(String message) {
        terminal.warn(message);
        say(event("warning").put("message", message));
    }

    @Override
    public void ends(Ending e) {
        ObjectNode event = event("end");
        event.put("run", e.run());
        event.put("step", e.result().step());
        event.put("stopped", e.result().stopped());
        event.put("early", e.result().ending() == Trainer.Ending.EARLY);
        e.result().bestStep().ifPresent(step -> event.put("best_step", step));
        e.result().bestTestLoss().ifPresent(loss -> event.put("best_test_loss", loss));
        e.result().replayTestLoss().ifPresent(loss -> event.put("replay_test_loss", loss));
        put(event, "loss", e.result().trainLoss());
        put(event, "train", e.result().train());
        put(event, "test", e.result().test());
        event.put("verdict", e.verdict().key());
        e.samples().forEach(event.putArray("samples")::add);
        event.put("weights_sha256", e.result().sha256());
        say(event);
    }

    /** Says that a training failed, whether or not it had begun. */
    static void failed(PrintStream out, String message) {
        saysLast(out, error(message));
    }

    /** {@return what is said of a training that failed} */
    static String error(String message) {
        return event("error").put("message", message).toString();
    }

    /** Says a line that was made before, which takes hardly any memory. */
    static void saysLast(PrintStream out, String line) {
        synchronized (out) {
            out.println(line);
        }
    }

    private static void put(ObjectNode event, String part, LossSum sum) {
        put(event, part + "_loss", sum.mean());
        put(event, part + "_perplexity", sum.perplexity());
    }

    /** JSON has no NaN. */
    private static void put(ObjectNode event, String name, double value) {
        if (Double.isFinite(value)) {
            event.put(name, value);
        } else {
            event.putNull(name);
        }
    }

    private static ObjectNode event(String name) {
        return JSON.createObjectNode().put("event", name);
    }

    /** Whole lines, from whichever thread. */
    private void say(ObjectNode event) {
        synchronized (out) {
            out.println(event);
        }
    }
}
