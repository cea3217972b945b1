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

    @Test
    void anythingElseEndsItsThreadAlone() {
        assertThat(dies(new IllegalStateException("odd"))).contains("odd");
        assertThat(ends).isEmpty();
    }
}
