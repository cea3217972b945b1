package io.microgpt.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.Syncable;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The file system of a process that dies in the middle of something: from a chosen operation on, everything fails. The
 * fatal operation itself is done or not; either way nobody hears of it. Or one that fails for a while. Not for tests that run at the same time.
 */
public final class FaultyFileSystem extends FilterFileSystem {
    /** Whether the operation that the process dies in takes effect. */
    enum Fatal {
        NOT_DONE,
        DONE
    }

    private static final String SCHEME = "faulty";
    private static final String INNER = "fs.faulty.inner";

    /** Which operations are counted. */
    enum Counted {
        ALL,
        /** Dying in a read leaves what dying in the next change leaves. */
        CHANGES
    }

    private static int operations;
    private static int fatalOperation;
    private static int failures; // from that one on
    private static Fatal fatal;
    private static Counted counted;
    /** One object, thrown again and again, as HDFS does by a stream that broke and is closed. */
    private static IOException death;

    /** {@return a configuration in which {@link #uri} goes to the file system of another URI} */
    static Configuration configuration(Configuration base, URI inner) {
        Configuration configuration = new Configuration(base);
        configuration.set("fs." + SCHEME + ".impl", FaultyFileSystem.class.getName());
        configuration.setBoolean("fs." + SCHEME + ".impl.disable.cache", true);
        configuration.set(INNER, inner.toString());
        return configuration;
    }

    static String uri(URI inner) {
        return SCHEME + "://" + inner.getPath();
    }

    /** The process dies in the n-th operation from now, counted from 1. */
    static void dieIn(int operation, Counted ofThese, Fatal how) {
        operations = 0;
        fatalOperation = operation;
        failures = Integer.MAX_VALUE;
        counted = ofThese;
        fatal = how;
        death = new IOException("the process died");
    }

    /** The n-th operation from now, counted from 1, and those after it, so many in all, fail with this. */
    static void failIn(int operation, int times, IOException failure) {
        dieIn(operation, Counted.ALL, Fatal.NOT_DONE);
        failures = times;
        death = failure;
    }

    /** {@return whether the process has died} */
    static boolean died() {
        return operations >= fatalOperation;
    }

    @Override
    public void initialize(URI name, Configuration configuration) throws IOException {
        FileSystem inner = FileSystem.get(URI.create(configuration.get(INNER)), configuration);
        fs = inner instanceof LocalFileSystem local ? local.getRawFileSystem() : inner;
        setConf(configuration);
    }

    @Override
    public URI getUri() {
        return URI.create(SCHEME + ":///");
    }

    @Override
    public Path makeQualified(Path path) {
        return path;
    }

    @Override
    public FSDataOutputStream create(
            Path path,
            FsPermission permission,
            boolean overwrite,
            int bufferSize,
            short replication,
            long blockSize,
            Progressable progress)
            throws IOException {
        return new FSDataOutputStream(
                new FaultyStream(
                        change(() -> fs.create(inner(path), overwrite, bufferSize, replication, blockSize, progress))),
                null);
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        return read(() -> super.open(inner(path), bufferSize));
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
        return change(() -> super.mkdirs(inner(path)));
    }

    @Override
    public boolean mkdirs(Path path, FsPermission permission) throws IOException {
        return change(() -> super.mkdirs(inner(path), permission));
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        return change(() -> super.rename(inner(from), inner(to)));
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        return change(() -> super.delete(inner(path), recursive));
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        return read(() -> super.listStatus(inner(path)));
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        return read(() -> super.getFileStatus(inner(path)));
    }

    private Path inner(Path path) {
        return fs.makeQualified(new Path(path.toUri().getPath()));
    }

    private static <T> T read(Operation<T> operation) throws IOException {
        if (counted == Counted.ALL) {
            return change(operation);
        }
        if (died()) {
            throw death;
        }
        return operation.run();
    }

    private static <T> T change(Operation<T> operation) throws IOException {
        operations++;
        int past = operations - fatalOperation;
        if (past < failures && (past > 0 || past == 0 && fatal == Fatal.NOT_DONE)) {
            throw death;
        }
        T result = operation.run();
        if (past == 0) {
            throw death;
        }
        return result;
    }

    private interface Operation<T> {
        T run() throws IOException;
    }

    private static final class FaultyStream extends OutputStream implements Syncable, StreamCapabilities {
        private final FSDataOutputStream out;

        FaultyStream(FSDataOutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            change(() -> {
                out.write(bytes, offset, length);
                return null;
            });
        }

        @Override
        public void hflush() throws IOException {
            change(() -> {
                out.hflush();
                return null;
            });
        }

        @Override
        public void hsync() throws IOException {
            change(() -> {
                out.hsync();
                return null;
            });
        }

        @Override
        public void close() throws IOException {
            change(() -> {
                out.close();
                return null;
            });
        }

        @Override
        public boolean hasCapability(String capability) {
            return out.hasCapability(capability);
        }
    }
}
