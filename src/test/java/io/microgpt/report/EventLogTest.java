package io.microgpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.microgpt.train.HangingFileSystem;
import io.microgpt.train.MetricsLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.apache.hadoop.util.PureJavaCrc32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Event files, read back by others' code: Hadoop's checksum and Google's protobuf. */
class EventLogTest {
    @TempDir
    private Path directory;

    private record Event(long step, String version, int session, Map<String, Float> scalars) {}

    private EventLog log(long from) {
        return new EventLog(
                new Configuration(false),
                new org.apache.hadoop.fs.Path(directory.toString(), "tb"),
                from,
                60,
                warning -> {
                    throw new AssertionError(warning);
                });
    }

    @Test
    void eachSessionWritesAFileOfItsOwn() throws IOException {
        try (EventLog log = log(0)) {
            log.stepEnded(Steps.step(9));
            log.stepEnded(Steps.step(10));
        }
        try (EventLog log = log(9)) {
            log.stepEnded(Steps.step(10));
        }
        List<Path> files;
        try (Stream<Path> list = Files.list(directory.resolve("tb"))) {
            files = list.toList();
        }
        assertThat(files)
                .hasSize(2)
                .allSatisfy(file ->
                        assertThat(file.getFileName().toString()).matches("events\\.out\\.tfevents\\.\\d{10}\\..*"));
        List<List<Event>> sessions = new ArrayList<>();
        for (Path file : files) {
            sessions.add(read(Files.readAllBytes(file)));
        }
        sessions.sort((a, b) -> Long.compare(a.get(1).step(), b.get(1).step()));

        List<Event> first = sessions.get(0);
        assertThat(first).hasSize(4);
        assertThat(first.get(0).version()).isEqualTo("brain.Event:2");
        assertThat(first.get(1).session()).isEqualTo(1);
        assertThat(first.get(1).step()).isEqualTo(1);
        assertThat(first.get(3)).isEqualTo(new Event(10, null, 0, numbers(10)));
        assertThat(first.get(2).scalars()).doesNotContainKey("test_loss").containsKey("grad_norm");

        // The second says that what was done from step 10 on is done again.
        List<Event> second = sessions.get(1);
        assertThat(second).hasSize(3);
        assertThat(second.get(1)).isEqualTo(new Event(10, null, 1, Map.of()));
        assertThat(second.get(2)).isEqualTo(first.get(3));
    }

    @Test
    void whatCannotBeWrittenIsWarnedOfOnce() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");
        List<String> warnings = new ArrayList<>();
        try (EventLog log = new EventLog(
                new Configuration(false), new org.apache.hadoop.fs.Path(file.toString(), "tb"), 0, 60, warnings::add)) {
            log.stepEnded(Steps.step(1));
            log.stepEnded(Steps.step(2));
        }
        assertThat(warnings).singleElement().asString().contains(file.toString(), "the training goes on without it");
    }

    /** As a store that has no hflush may. */
    @Test
    void aFileSystemThatThrowsWhateverItLikesIsWarnedOfOnce() {
        for (boolean creates : new boolean[] {true, false}) {
            Configuration hadoop = new Configuration(false);
            hadoop.set("fs.file.impl", RefusingFlush.class.getName());
            hadoop.setBoolean("fs.file.impl.disable.cache", true);
            hadoop.setBoolean(RefusingFlush.CREATES, creates);
            List<String> warnings = new ArrayList<>();
            try (EventLog log = new EventLog(
                    hadoop, new org.apache.hadoop.fs.Path(directory.toString(), "tb"), 0, 60, warnings::add)) {
                for (long step = 10; step <= 30; step += 10) {
                    log.stepEnded(Steps.step(step)); // with an evaluation, and so with a flush
                }
            }
            assertThat(warnings)
                    .singleElement()
                    .asString()
                    .contains("cannot be written: " + (creates ? "no hflush" : "no files") + "; the training goes on");
        }
    }

    /** Of a file that it begins, if it does, it takes all but a flush. */
    public static final class RefusingFlush extends RawLocalFileSystem {
        static final String CREATES = "test.creates";

        @Override
        public FSDataOutputStream create(
                org.apache.hadoop.fs.Path path,
                boolean overwrite,
                int bufferSize,
                short replication,
                long blockSize,
                Progressable progress)
                throws IOException {
            if (!getConf().getBoolean(CREATES, true)) {
                throw new UnsupportedOperationException("no files");
            }
            return new FSDataOutputStream(
                    super.create(path, overwrite, bufferSize, replication, blockSize, progress), null) {
                @Override
                public void hflush() {
                    throw new UnsupportedOperationException("no hflush");
                }

                @Override
                public void close() throws IOException {
                    super.close();
                    throw new UnsupportedOperationException("no hflush");
                }
            };
        }
    }

    @Test
    @Timeout(60)
    void storageThatDoesNotAnswerHoldsNoStepUpAndIsWarnedOfOnce() {
        List<String> warnings = new ArrayList<>();
        HangingFileSystem.hang();
        try (EventLog log = new EventLog(
                HangingFileSystem.configuration(),
                new org.apache.hadoop.fs.Path(directory.toString(), "tb"),
                0,
                1,
                warnings::add)) {
            for (long step = 1; step <= 30; step++) {
                log.stepEnded(Steps.step(step));
            }
            log.rolledBack(20);
            log.stepEnded(Steps.step(21));
        } finally {
            HangingFileSystem.recover();
        }
        assertThat(warnings)
                .singleElement()
                .asString()
                .contains("cannot be written: the file system did not answer within 1 s (engine.patience)");
    }

    private static Map<String, Float> numbers(long step) {
        Map<String, Float> numbers = new LinkedHashMap<>();
        MetricsLog.line(Steps.step(step))
                .properties()
                .forEach(number ->
                        numbers.put(number.getKey(), (float) number.getValue().asDouble()));
        numbers.remove("step");
        return numbers;
    }

    private static List<Event> read(byte[] file) throws IOException {
        List<Event> events = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            int begin = in.position();
            byte[] data = new byte[(int) in.getLong()];
            assertThat(in.getInt()).isEqualTo(masked(file, begin, 8));
            in.get(data);
            assertThat(in.getInt()).isEqualTo(masked(data, 0, data.length));
            events.add(event(CodedInputStream.newInstance(data)));
        }
        return events;
    }

    private static int masked(byte[] data, int offset, int length) {
        PureJavaCrc32C crc = new PureJavaCrc32C();
        crc.update(data, offset, length);
        int value = (int) crc.getValue();
        return (value >>> 15 | value << 17) + 0xa282ead8;
    }

    private static Event event(CodedInputStream in) throws IOException {
        long step = 0;
        String version = null;
        int session = 0;
        double time = 0.0;
        Map<String, Float> scalars = new LinkedHashMap<>();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case 1 -> time = in.readDouble();
                case 2 -> step = in.readInt64();
                case 3 -> version = in.readString();
                case 5 -> scalars(in.readBytes().newCodedInput(), scalars);
                case 7 -> {
                    CodedInputStream log = in.readBytes().newCodedInput();
                    assertThat(WireFormat.getTagFieldNumber(log.readTag())).isEqualTo(1);
                    session = log.readEnum();
                }
                default -> throw new AssertionError("field " + tag);
            }
        }
        assertThat(time).isBetween(1.7e9, 1e10);
        return new Event(step, version, session, scalars);
    }

    private static void scalars(CodedInputStream summary, Map<String, Float> scalars) throws IOException {
        for (int tag = summary.readTag(); tag != 0; tag = summary.readTag()) {
            assertThat(WireFormat.getTagFieldNumber(tag)).isEqualTo(1);
            CodedInputStream value = summary.readBytes().newCodedInput();
            assertThat(WireFormat.getTagFieldNumber(value.readTag())).isEqualTo(1);
            String name = value.readString();
            assertThat(WireFormat.getTagFieldNumber(value.readTag())).isEqualTo(2);
            scalars.put(name, value.readFloat());
        }
    }
}
