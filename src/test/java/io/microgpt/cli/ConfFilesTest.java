package io.microgpt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ConfFilesTest {
    /** Spark's own file, under the name that Spark prescribes: properties, not HOCON. */
    private static final String SPARK_DEFAULTS = "spark-defaults.conf";

    @TestFactory
    Stream<DynamicTest> everyConfigurationFileIsValid() throws IOException {
        // basedir is Surefire's; elsewhere the working directory is the project's
        Path directory = Path.of(System.getProperty("basedir", ""), "conf");
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "*.conf")) {
            found.forEach(files::add);
        }
        files.removeIf(file -> file.endsWith(SPARK_DEFAULTS));
        assertThat(files).as("training configurations in %s", directory).isNotEmpty();
        return files.stream()
                .sorted()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> valid(file)));
    }

    private static void valid(Path file) throws IOException {
        String text = Files.readString(file);
        assertThatCode(() -> Settings.builder().config(text, file.toString()).build())
                .doesNotThrowAnyException();
    }
}
