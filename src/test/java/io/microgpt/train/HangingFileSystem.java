package io.microgpt.train;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/** A local file system that stops answering when a test says so. One test at a time. */
public final class HangingFileSystem extends RawLocalFileSystem {
    private static volatile CountDownLatch hanging = new CountDownLatch(0);

    /** {@return a configuration with this one in place of the local file system} */
    public static Configuration configuration() {
        Configuration configuration = new Configuration(false);
        configuration.set("fs.file.impl", HangingFileSystem.class.getName());
        configuration.setBoolean("fs.file.impl.disable.cache", true);
        return configuration;
    }

    public static void hang() {
        hanging = new CountDownLatch(1);
    }

    public static void recover() {
        hanging.countDown();
    }

    @Override
    protected OutputStream createOutputStream(Path path, boolean append) throws IOException {
        awaitAnswer();
        return super.createOutputStream(path, append);
    }

    @Override
    protected OutputStream createOutputStreamWithMode(Path path, boolean append, FsPermission permission)
            throws IOException {
        awaitAnswer();
        return super.createOutputStreamWithMode(path, append, permission);
    }

    private static void awaitAnswer() throws IOException {
        try {
            hanging.await();
        } catch (InterruptedException e) {
            throw new InterruptedIOException("interrupted");
        }
    }
}
