package io.microgpt.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.microgpt.train.MetricsLog;
import io.microgpt.train.StepReport;
import io.microgpt.train.StorageThread;
import io.microgpt.train.TrainingListener;
import java.io.ByteArrayOutputStream;
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
 * its checksum. It is written off the training thread; a failure is warned of, once, and ends no training.
 */
public final class EventLog implements TrainingListener, AutoCloseable {
    /** A directory of a run directory. */
    public static final String DIRECTORY = "tensorboard";

    private static final long FLUSH_NANOS = 1_000_000_000L;
    /** From the second version on, TensorBoard heeds the start of a session. */
    private static final String VERSION = "brain.Event:2";

    private static final int MASK_DELTA = 0xa282ead8;
    /** Of events that wait for storage: more are not kept for it. */
    private static final int MOST_WAITING_BYTES = 1 << 24;

    private static final int MOST_WAIT_SECONDS = 30;

    private final Path path;
    private final Consumer<String> warnings;
    private final StorageThread storage;
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private boolean givenUp;
    private FSDataOutputStream out; // of the storage thread
    private long flushed = System.nanoTime();

    /**
     * Begins a file in a directory, which is made if need be.
     *
     * @param from the step that training goes on from
     * @param patienceSeconds until a file system that does not answer is given up
     */
    public EventLog(Configuration hadoop, Path directory, long from, int patienceSeconds, Consumer<String> warnings) {
        this.warnings = warnings;
        storage = new StorageThread("event-log", patienceSeconds);
        // Names sort by time. Sessions may follow each other within a second, from processes of equal number on other
        // machines.
        path = new Path(
                directory,
                "events.out.tfevents." + System.currentTimeMillis() / 1000 + ".microgpt." + UUID.randomUUID());
        storage.begin(() -> out = Storage.fileSystem(hadoop, path).create(path, false));
        write(event(0).text(3, VERSION));
        begin(from);
    }

    @Override
    public void stepEnded(StepReport report) {
        Protobuf summary = new Protobuf();
        for (Map.Entry<String, JsonNode> number : MetricsLog.line(report).properties()) {
            if (!number.getKey().equals("step")) {
                summary.message(1, new Protobuf().text(1, number.getKey()).number(2, (float)
                                number.getValue().asDouble()));
            }
        }
        write(event(report.step()).message(5, summary));
        if (System.nanoTime() - flushed > FLUSH_NANOS || report.testLoss().isPresent()) {
            flush();
        }
    }

    /** Has storage take what waits, unless it still has to do with what it took before. */
    private void flush() {
        try {
            if (!givenUp && storage.isIdle()) {
                byte[] events = waiting.toByteArray();
                waiting.reset();
                flushed = System.nanoTime();
                storage.begin(() -> {
                    out.write(events);
                    out.hflush();
                    return null;
                });
            }
        } catch (IOException | RuntimeException e) { // some stores have no hflush
            giveUp(e);
        }
    }

    /** Readers forget what a file said of later steps. */
    private void begin(long from) {
        write(event(from + 1).message(7, new Protobuf().integer(1, 1))); // session_log { status: START }
    }

    @Override
    public void rolledBack(long step) {
        begin(step);
    }

    private static Protobuf event(long step) {
        return new Protobuf().number(1, System.currentTimeMillis() * 1e-3).integer(2, step);
    }

    private void write(Protobuf event) {
        byte[] data = event.bytes();
        if (givenUp) {
            return;
        }
        if (waiting.size() > MOST_WAITING_BYTES) {
            giveUp(new IOException("the file system does not keep up"));
            return;
        }
        ByteBuffer record = ByteBuffer.allocate(data.length + 16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data.length);
        record.putInt(maskedChecksum(record.array(), 8)).put(data).putInt(maskedChecksum(data, data.length));
        waiting.writeBytes(record.array());
    }

    /** A checksum of data that holds checksums is weak; hence TFRecord rotates it and adds a constant. */
    private static int maskedChecksum(byte[] data, int length) {
        CRC32C crc = new CRC32C();
        crc.update(data, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    private void giveUp(Exception e) {
        givenUp = true;
        waiting.reset();
        warnings.accept(path + ": cannot be written: " + e.getMessage() + "; the training goes on without it");
    }

    /** Writes what waits, with a bounded wait. */
    @Override
    public void close() {
        if (!givenUp) {
            try {
                storage.await(MOST_WAIT_SECONDS);
                byte[] events = waiting.toByteArray();
                storage.begin(() -> {
                    out.write(events);
                    out.close();
                    return null;
                });
                storage.await(MOST_WAIT_SECONDS);
            } catch (IOException | RuntimeException e) {
                giveUp(e);
            }
        }
        storage.close();
    }
}
