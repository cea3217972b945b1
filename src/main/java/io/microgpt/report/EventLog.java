package io.microgpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.microgpt.train.MetricsLog;
import io.microgpt.train.StepReport;
import io.microgpt.train.TrainingListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;

/**
 * TensorBoard's event file, with the numbers of {@code metrics.jsonl} as scalars. Each session of a run begins a file of its own and says
 * where it goes on, so that TensorBoard drops what an earlier session did beyond that. Framing is TFRecord's: length, its checksum, data,
 * its checksum. A failure to write is warned of, once, and ends no training.
 */
public final class EventLog implements TrainingListener, AutoCloseable {
    /** A directory of a run directory. */
    public static final String DIRECTORY = "tensorboard";

    private static final long FLUSH_NANOS = 1_000_000_000L;
    /** From the second version on, TensorBoard heeds the start of a session. */
    private static final String VERSION = "brain.Event:2";

    private static final int MASK_DELTA = 0xa282ead8;

    private final Path path;
    private final Consumer<String> warnings;
    private FSDataOutputStream out; // null once it cannot be written
    private long flushed = System.nanoTime();

    /**
     * Begins a file in a directory, which is made if need be.
     *
     * @param from the step that training goes on from
     */
    public EventLog(Configuration hadoop, Path directory, long from, Consumer<String> warnings) {
        this.warnings = warnings;
        // Names sort by time. Sessions may follow each other within a second, from processes of equal number on other
        // machines.
        path = new Path(
                directory,
                "events.out.tfevents." + System.currentTimeMillis() / 1000 + ".microgpt." + UUID.randomUUID());
        try {
            out = Storage.fileSystem(hadoop, path).create(path, false);
            write(event(0).text(3, VERSION));
            begin(from);
            out.hflush();
        } catch (IOException e) {
            giveUp(e);
        }
    }

    @Override
    public void stepEnded(StepReport report) {
        if (out == null) {
            return;
        }
        Protobuf summary = new Protobuf();
        for (Map.Entry<String, JsonNode> number : MetricsLog.line(report).properties()) {
            if (!number.getKey().equals("step")) {
                summary.message(1, new Protobuf().text(1, number.getKey()).number(2, (float)
                                number.getValue().asDouble()));
            }
        }
        try {
            write(event(report.step()).message(5, summary));
            if (System.nanoTime() - flushed > FLUSH_NANOS || report.testLoss().isPresent()) {
                out.hflush();
                flushed = System.nanoTime();
            }
        } catch (IOException e) {
            giveUp(e);
        }
    }

    /** Readers forget what a file said of later steps. */
    private void begin(long from) throws IOException {
        write(event(from + 1).message(7, new Protobuf().integer(1, 1))); // session_log { status: START }
    }

    @Override
    public void rolledBack(long step) {
        if (out == null) {
            return;
        }
        try {
            begin(step);
        } catch (IOException e) {
            giveUp(e);
        }
    }

    private static Protobuf event(long step) {
        return new Protobuf().number(1, System.currentTimeMillis() * 1e-3).integer(2, step);
    }

    private void write(Protobuf event) throws IOException {
        byte[] data = event.bytes();
        ByteBuffer record = ByteBuffer.allocate(data.length + 16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data.length);
        record.putInt(maskedChecksum(record.array(), 8)).put(data).putInt(maskedChecksum(data, data.length));
        out.write(record.array());
    }

    /** A checksum of data that holds checksums is weak; hence TFRecord rotates it and adds a constant. */
    private static int maskedChecksum(byte[] data, int length) {
        CRC32C crc = new CRC32C();
        crc.update(data, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    private void giveUp(IOException e) {
        out = null;
        warnings.accept(path + ": cannot be written: " + e.getMessage() + "; the training goes on without it");
    }

    @Override
    public void close() {
        if (out != null) {
            try {
                out.close();
            } catch (IOException e) {
                giveUp(e);
            }
        }
    }
}
