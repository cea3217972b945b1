package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What a user sees of a job of completions. */
class GenerateProgressTest {
    @Test
    void lineTellsRowsPartsRateAndTheTimeLeft() {
        assertThat(GenerateProgress.line(1_234_000, 25, 100, 617))
                .isEqualTo("1,234,000 rows  25/100 parts  2,000 rows/s  30:51 left");
        assertThat(GenerateProgress.line(300, 0, 4, 10)).isEqualTo("300 rows  0/4 parts  30 rows/s  ? left");
        assertThat(GenerateProgress.line(300, 4, 4, 10)).isEqualTo("300 rows  4/4 parts  30 rows/s  0:00 left");
    }

    @Test
    void lastLineStaysOnATerminalAndInALog() {
        for (boolean live : new boolean[] {true, false}) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            new GenerateProgress(new Terminal(new PrintStream(out, true, StandardCharsets.UTF_8), live, 0, false))
                    .at(7, 1, 1);

            assertThat(out.toString(StandardCharsets.UTF_8))
                    .startsWith("7 rows  1/1 parts  ")
                    .endsWith(" left" + System.lineSeparator());
        }
    }
}
