package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A heap that is short, in a thread that nobody hears of. */
class OutOfMemoryTest {
    private final List<Integer> ends = new ArrayList<>();

    private String dies(Throwable e) {
        PrintStream err = System.err;
        ByteArrayOutputStream captured = new ByteArrayOutputStream();
        System.setErr(new PrintStream(captured, true, StandardCharsets.UTF_8));
        try {
            Main.endWhenOutOfMemory(e, ends::add);
        } finally {
            System.setErr(err);
        }
        return captured.toString(StandardCharsets.UTF_8);
    }

    @Test
    void endsTheProcessWithWhatToGive() {
        assertThat(dies(new OutOfMemoryError("Java heap space")))
                .startsWith("error: the heap of this process, ")
                .contains(" is short (Java heap space); give it more, by --driver-memory ");
        assertThat(ends).containsExactly(1);
    }

    /** And a program that listens has its last line. */
    @Test
    void endsTheEventsOfATraining() {
        PrintStream out = System.out;
        ByteArrayOutputStream captured = new ByteArrayOutputStream();
        System.setOut(new PrintStream(captured, true, StandardCharsets.UTF_8));
        Main.listens(true);
        try {
            dies(new OutOfMemoryError("Java heap space"));
        } finally {
            Main.listens(false);
            System.setOut(out);
        }
        assertThat(captured.toString(StandardCharsets.UTF_8).lines())
                .singleElement()
                .satisfies(line -> {
                    assertThat(Cli.json(line).path("event").asText()).isEqualTo("error");
                    assertThat(Cli.json(line).path("message").asText())
                            .startsWith("the heap of this process, ")
                            .contains(" is short (Java heap space); give it more");
                });
        assertThat(ends).containsExactly(1);
    }

    @Test
    void anythingElseEndsItsThreadAlone() {
        assertThat(dies(new IllegalStateException("odd"))).contains("odd");
        assertThat(ends).isEmpty();
    }
}
