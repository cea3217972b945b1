package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
    @TempDir
    private Path directory;

    @Test
    void aResumedRunKeepsTheLinesUpToItsStepAndNothingThatIsNoLine() throws IOException {
        Path file = directory.resolve("metrics.jsonl");
        String first = "{\"step\":1,\"loss\":2.5}\n";
        String second = "{\"step\":2,\"loss\":2.25}\n";
        String endless = "{\"step\":1,\"loss\":" + "9".repeat(5_000_000) + "}\n";
        String cutOff = "{\"step\":3,\"lo";
        Files.writeString(file, first + endless + "\n[1]\nno JSON\n" + second + "{\"step\":3,\"loss\":2.0}\n" + cutOff);
        new MetricsLog(new Configuration(false), new org.apache.hadoop.fs.Path(file.toString()), 2).close();
        assertThat(file).hasContent(first + second);
        try (var left = Files.list(directory)) {
            assertThat(left).containsExactly(file);
        }
    }
}
