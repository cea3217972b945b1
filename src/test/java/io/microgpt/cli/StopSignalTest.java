package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.train.StepReport;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.apache.hadoop.util.ShutdownHookManager;
import org.junit.jupiter.api.Test;

/** What is said of a training that is told to end and does not in time: here at once. */
class StopSignalTest {
    private final List<String> said = new ArrayList<>();

    private String toldToEnd(StopSignal stop) {
        try (stop) {
            stop.stopAndWait();
        }
        assertThat(stop.getAsBoolean()).isTrue();
        return String.join("\n", said);
    }

    private StopSignal from(long step) {
        return new StopSignal(step, 0, said::add);
    }

    private static void steps(StopSignal stop, long first, long last) {
        for (long step = first; step <= last; step++) {
            OptionalDouble none = OptionalDouble.empty();
            stop.stepEnded(new StepReport(step, 2.0, 0.1, 1.0, 10, 1.0, 0.0, 1.0, 0.0, 0.1, none, none));
        }
    }

    @Test
    void theLastEvaluationAloneIsCutOffWhereAllStepsAreInACheckpoint() {
        StopSignal stop = from(0);
        steps(stop, 1, 12);
        stop.checkpointWritten(12, "there");
        assertThat(toldToEnd(stop))
                .isEqualTo("the training did not stop in 0 s; only what follows its last step is cut off: all of its 12"
                        + " steps are in a checkpoint, --resume goes on");
    }

    @Test
    void stepsSinceTheLastCheckpointAreLost() {
        StopSignal stop = from(5);
        steps(stop, 6, 12);
        stop.checkpointWritten(10, "there");
        assertThat(toldToEnd(stop))
                .endsWith(
                        "; it ends with the checkpoint of step 10, from which --resume goes on; steps since are lost: 2");
    }

    @Test
    void whatWasTakenBackIsNoLoss() {
        StopSignal stop = from(0);
        steps(stop, 1, 12);
        stop.checkpointWritten(10, "there");
        stop.rolledBack(5);
        steps(stop, 6, 7);
        assertThat(toldToEnd(stop)).contains("the checkpoint of step 5, ").endsWith("lost: 2");
    }

    @Test
    void withoutACheckpointAllIsLost() {
        StopSignal stop = from(0);
        steps(stop, 1, 3);
        assertThat(toldToEnd(stop)).endsWith("; it ends without a checkpoint, and its 3 steps are lost");
    }

    @Test
    void beforeTheFirstStepNothingIs() {
        assertThat(toldToEnd(from(0))).endsWith("; it ends before its first step is done");
    }

    /** In a process of its own, which ends for it: a hook before that of the signal is where nothing is requested yet. */
    @Test
    void aSignalThatComesAsTheTrainingEndsDoesNoHarm() throws Exception {
        Process process = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Ending.class.getName())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(said).contains("closed").doesNotContain("Exception");
    }

    /** A training that ends as the process does. */
    static final class Ending {
        private static final int BEFORE_IT = 1000;

        public static void main(String[] args) {
            StopSignal stop = new StopSignal(0, 60, System.out::println);
            ShutdownHookManager.get()
                    .addShutdownHook(
                            () -> {
                                try {
                                    stop.close();
                                    System.out.println("closed");
                                } catch (RuntimeException e) {
                                    System.out.println(e);
                                }
                            },
                            BEFORE_IT);
        }
    }

    @Test
    void whatHasEndedSaysNothing() {
        StopSignal stop = from(0);
        stop.close();
        assertThat(toldToEnd(stop)).isEmpty();
    }
}
