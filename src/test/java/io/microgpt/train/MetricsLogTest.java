package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.Syncable;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
    private static final Pattern STEP = Pattern.compile("\\{\"step\":(\\d+),.*\\}");

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void storageIsSound() {
        file = directory.resolve("metrics.jsonl");
        Breaking.streams = 0;
    }

    private MetricsLog log(long step) {
        Configuration hadoop = new Configuration(false);
        hadoop.set("fs.breaking.impl", Breaking.class.getName());
        return new MetricsLog(hadoop, new org.apache.hadoop.fs.Path("breaking://" + file), step, 60);
    }

    private static void ended(MetricsLog log, long... steps) {
        for (long step : steps) {
            log.stepEnded(new StepReport(
                    step,
                    2.5,
                    0.01,
                    1.0,
                    100,
                    1.0,
                    0.0,
                    1.0,
                    0.0,
                    0.1,
                    OptionalDouble.empty(),
                    OptionalDouble.empty()));
        }
    }

    private List<Long> steps() throws IOException {
        return Files.readAllLines(file).stream()
                .map(STEP::matcher)
                .peek(line -> assertThat(line.matches()).isTrue())
                .map(line -> Long.parseLong(line.group(1)))
                .toList();
    }

    @Test
    void aResumedRunKeepsTheLinesUpToItsStepAndNothingThatIsNoLine() throws IOException {
        String first = "{\"step\":1,\"loss\":2.5}\n";
        String second = "{\"step\":2,\"loss\":2.25}\n";
        String endless = "{\"step\":1,\"loss\":" + "9".repeat(5_000_000) + "}\n";
        String cutOff = "{\"step\":3,\"lo";
        Files.writeString(file, first + endless + "\n[1]\nno JSON\n" + second + "{\"step\":3,\"loss\":2.0}\n" + cutOff);
        log(2).close();
        assertThat(file).hasContent(first + second);
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).containsExactly(file);
        }
    }

    /** Whoever goes on from the checkpoint will not do these steps again. */
    @Test
    void noCheckpointIsAheadOfTheMetrics() throws IOException {
        try (MetricsLog log = log(0)) {
            ended(log, 1, 2, 3);
            log.checkpointBegins(3);
            assertThat(steps()).containsExactly(1L, 2L, 3L);
        }
    }

    @Test
    void aFileThatBreaksIsBegunAgainWithAllItsLines() throws IOException {
        try (MetricsLog log = log(0)) {
            ended(log, 1, 2);
            log.checkpointBegins(2);
            ended(log, 3);
            Breaking.streams = 1;
            ended(log, 4);
            log.checkpointBegins(4);
            assertThat(Breaking.streams).isZero();
            assertThat(steps()).containsExactly(1L, 2L, 3L, 4L);
            ended(log, 5);
            Breaking.streams = 1;
        }
        assertThat(Breaking.streams).isZero();
        assertThat(steps()).containsExactly(1L, 2L, 3L, 4L, 5L);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void storageThatStaysBrokenIsNamed() {
        MetricsLog log = log(0);
        ended(log, 1);
        Breaking.streams = 2;
        assertThatThrownBy(() -> log.checkpointBegins(1))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("breaking:" + file + ": cannot be written: no more good datanodes");
    }

    /** A local file system of which what is open breaks, as on HDFS when a DataNode dies and no other is left. */
    public static final class Breaking extends RawLocalFileSystem {
        /** How many streams are still to break. */
        private static int streams;

        @Override
        public URI getUri() {
            return URI.create("breaking:///");
        }

        @Override
        public FSDataOutputStream create(
                org.apache.hadoop.fs.Path path,
                boolean overwrite,
                int bufferSize,
                short replication,
                long blockSize,
                Progressable progress)
                throws IOException {
            FSDataOutputStream sound = super.create(path, overwrite, bufferSize, replication, blockSize, progress);
            return new FSDataOutputStream(new BreakingStream(sound), null);
        }
    }

    private static final class BreakingStream extends FilterOutputStream implements Syncable {
        private final FSDataOutputStream sound;
        /** One object, thrown again and again, as HDFS does. */
        private final IOException broken = new IOException("no more good datanodes");

        private boolean isBroken;

        BreakingStream(FSDataOutputStream sound) {
            super(sound);
            this.sound = sound;
        }

        private void breaks() throws IOException {
            if (!isBroken && Breaking.streams > 0) {
                Breaking.streams--;
                isBroken = true;
            }
            if (isBroken) {
                throw broken;
            }
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            breaks();
            sound.write(bytes, offset, length);
        }

        @Override
        public void hflush() throws IOException {
            breaks();
            sound.hflush();
        }

        @Override
        public void hsync() throws IOException {
            hflush();
        }

        @Override
        public void close() throws IOException {
            try {
                breaks();
            } finally {
                sound.close();
            }
        }
    }
}
