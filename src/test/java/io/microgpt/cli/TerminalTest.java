package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TerminalTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String written() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void aLiveLineIsReplacedByTheNextAndByALineThatStays() {
        Terminal terminal = new Terminal(out, true, 0, false);
        terminal.show("step 10");
        terminal.show("step 9");
        terminal.print("done");
        assertThat(written()).isEqualTo("\rstep 10\rstep 9 \r      \rdone\n");
    }

    @Test
    void aLiveLineNeverWraps() {
        Terminal terminal = new Terminal(out, true, 8, false);
        terminal.show("step 10/3000  loss 2.5");
        terminal.print("a line that stays may be of any length");
        assertThat(written()).isEqualTo("\rstep 10\r       \ra line that stays may be of any length\n");
    }

    @Test
    void aQuietOneOnlyWarns() {
        Terminal terminal = new Terminal(out, true, 0, true);
        terminal.show("step 10");
        terminal.print("done");
        terminal.warn("the disk is nearly full");
        assertThat(written()).isEqualTo("warning: the disk is nearly full\n");
    }
}
