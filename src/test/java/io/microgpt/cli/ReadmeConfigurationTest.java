package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ReadmeConfigurationTest {
    private static final String BEGIN = "<!-- configuration:begin -->";
    private static final String END = "<!-- configuration:end -->";

    @Test
    void readmeHasTheTableOfAllKeys() throws IOException {
        // basedir is Surefire's; elsewhere the working directory is the project's
        Path readme = Path.of(System.getProperty("basedir", ""), "README.md");
        String expected = ConfigKey.markdownTable().strip();
        String repair = "%s must have this table between %s and %s:%n%n%s%n".formatted(readme, BEGIN, END, expected);

        assertThat(readme)
                .withFailMessage(() -> "There is no " + readme + ". " + repair)
                .isRegularFile();
        String text = Files.readString(readme).replace("\r\n", "\n");
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END, Math.max(begin, 0));
        assertThat(begin >= 0 && end >= 0).withFailMessage(() -> repair).isTrue();
        assertThat(text.substring(begin + BEGIN.length(), end).strip())
                .as("%s", repair)
                .isEqualTo(expected);
    }
}
