package io.microgpt.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A file of JSON objects, one a line, each of a {@code step}. A resumed run keeps the lines up to the step that it goes on from, so that
 * the file reads as if nothing had happened. It can be followed while it grows.
 */
public final class StepLog implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** In characters; of ours, none has a thousand. */
    private static final int LONGEST_LINE = 1 << 16;
    /** Between two flushes, so that a small model's steps do not wait for the disk. */
    private static final long FLUSH_NANOS = 1_000_000_000L;

    private final Configuration hadoop;
    private final Path path;
    private FSDataOutputStream out;
    private long flushed = System.nanoTime();
    /** The last step whose line is on storage. */
    private long kept;
    /** The lines since, which are not. */
    private final StringBuilder since = new StringBuilder();

    private long last;
    private final StorageThread storage;

    /**
     * Opens or begins the file.
     *
     * @param step the step that training goes on from; lines of later steps are dropped
     * @param patienceSeconds until a file system that does not answer is given up
     */
    public StepLog(Configuration hadoop, Path path, long step, int patienceSeconds) {
        this.hadoop = hadoop;
        this.path = path;
        storage = new StorageThread("step-log", patienceSeconds);
        kept = step;
        last = step;
        call(this::open);
    }

    /** What is to be done on storage. */
    private interface Work {
        void run() throws IOException;
    }

    private void call(Work work) {
        try {
            storage.call(() -> {
                work.run();
                return null;
            });
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be written: " + e.getMessage(), e);
        }
    }

    /** Begins the file anew with the lines that are to be kept of the one that is there. */
    private void open() throws IOException {
        FileSystem fs = path.getFileSystem(hadoop);
        // The checksummed local file system holds back what does not fill a block.
        FileSystem raw = fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs;
        Path before = path.suffix(".before");
        if (raw.exists(path) && !raw.exists(before) && !raw.rename(path, before)) {
            throw new IOException("cannot be renamed to " + before);
        }
        out = raw.create(path, true);
        if (raw.exists(before)) {
            copy(raw, before, kept);
            out.hflush();
            raw.delete(before, false);
        }
    }

    private void copy(FileSystem fs, Path before, long step) throws IOException {
        try (BufferedReader lines = reader(fs, before)) {
            for (String line = line(lines); line != null; line = line(lines)) {
                if (stepOf(parsed(line)) <= step) {
                    out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                }
            }
        }
    }

    /**
     * Reads a file line by line, from first to last. What is no line of ours is passed over: it may just be being written.
     *
     * @throws UncheckedIOException if it is not there or cannot be read
     */
    public static void read(Configuration hadoop, Path path, Consumer<JsonNode> lines) {
        try {
            FileSystem fs = path.getFileSystem(hadoop);
            try (BufferedReader in =
                    reader(fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs, path)) {
                for (String line = line(in); line != null; line = line(in)) {
                    JsonNode node = parsed(line);
                    if (stepOf(node) < Long.MAX_VALUE) {
                        lines.accept(node);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static BufferedReader reader(FileSystem fs, Path path) throws IOException {
        return new BufferedReader(new InputStreamReader(fs.open(path), StandardCharsets.UTF_8));
    }

    /** {@return the next line, null at the end} One that is too long to be ours comes cut off, and so is dropped. */
    private static String line(Reader in) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = in.read();
        if (next < 0) {
            return null;
        }
        for (; next >= 0 && next != '\n'; next = in.read()) {
            if (line.length() < LONGEST_LINE) {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    /** {@return the object of a line; something without a step where a crash cut the line off} */
    private static JsonNode parsed(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            return MissingNode.getInstance();
        }
    }

    private static long stepOf(JsonNode line) {
        return line.path("step").asLong(Long.MAX_VALUE);
    }

    /**
     * Adds a line; on storage within about a second, as long as lines are added.
     *
     * @param line a JSON object without line feeds, with a {@code step}
     */
    public void add(long step, String line) {
        since.append(line).append('\n');
        last = step;
        if (System.nanoTime() - flushed > FLUSH_NANOS) {
            flush();
        }
    }

    /** Drops the lines of later steps. */
    public void backTo(long step) {
        flush();
        kept = step;
        last = step;
        call(() -> {
            try {
                out.close();
                open();
            } catch (IOException e) {
                reopen("", e);
            }
        });
    }

    /**
     * Puts all lines on storage.
     *
     * @throws UncheckedIOException if they cannot be written, or not in time
     */
    public void flush() {
        String lines = since.toString();
        call(() -> write(lines));
        flushed = System.nanoTime();
        kept = last;
        since.setLength(0);
    }

    private void write(String lines) throws IOException {
        try {
            out.write(lines.getBytes(StandardCharsets.UTF_8));
            out.hflush();
        } catch (IOException e) {
            reopen(lines, e);
        }
    }

    /**
     * A file that stays open as long as the training may break where its checkpoints do not: HDFS gives it up when a DataNode dies
     * and no other is left to take its place. A new file finds others.
     *
     * @param lines that may be lost with it
     */
    private void reopen(String lines, IOException cause) throws IOException {
        try {
            out.close();
        } catch (IOException e) {
            suppress(e, cause);
        }
        try {
            open();
            out.write(lines.getBytes(StandardCharsets.UTF_8));
            out.hflush();
        } catch (IOException e) {
            suppress(cause, e);
            throw e;
        }
    }

    /** HDFS throws one exception object more than once, which Java does not let suppress itself. */
    private static void suppress(IOException suppressed, IOException by) {
        if (suppressed != by) {
            by.addSuppressed(suppressed);
        }
    }

    /** Where storage did not answer before, there is no further wait; whoever waited then knows. */
    @Override
    public void close() {
        try {
            if (!storage.isHung()) {
                flush();
                call(this::closeWhole);
            }
        } finally {
            storage.close();
        }
    }

    private void closeWhole() throws IOException {
        try {
            out.close();
        } catch (IOException e) {
            reopen("", e);
            out.close();
        }
    }
}
