package io.microgpt.train;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/** A local file system that stops answering, or fails, when a test says so. One test at a time. */
public final class HangingFileSystem extends RawLocalFileSystem {
    private static volatile CountDownLatch hanging = new CountDownLatch(0);
    private static volatile CountDownLatch writesHanging = new CountDownLatch(0);
    private static volatile CountDownLatch readsHanging = new CountDownLatch(0);
    private static final AtomicInteger failingReads = new AtomicInteger();

    /** {@return a configuration with this one in place of the local file system} */
    public static Configuration configuration() {
        Configuration configuration = new Configuration(false);
        configuration.set("fs.file.impl", HangingFileSystem.class.getName());
        configuration.setBoolean("fs.file.impl.disable.cache", true);
        return configuration;
    }

    /** No new file is begun any more. */
    public static void hang() {
        hanging = new CountDownLatch(1);
    }

    /** What is open takes nothing more. */
    public static void hangWrites() {
        writesHanging = new CountDownLatch(1);
    }

    /** Nothing is read any more. */
    public static void hangReads() {
        readsHanging = new CountDownLatch(1);
    }

    /** The next files to be read cannot be opened. */
    public static void failReads(int files) {
        failingReads.set(files);
    }

    public static void recover() {
        failingReads.set(0);
        hanging.countDown();
        readsHanging.countDown();
        writesHanging.countDown();
    }

    @Override
    protected OutputStream createOutputStream(Path path, boolean append) throws IOException {
        await(hanging);
        return new Hanging(super.createOutputStream(path, append));
    }

    @Override
    protected OutputStream createOutputStreamWithMode(Path path, boolean append, FsPermission permission)
            throws IOException {
        await(hanging);
        return new Hanging(super.createOutputStreamWithMode(path, append, permission));
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        await(readsHanging);
        if (failingReads.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new IOException("Connection reset");
        }
        return super.open(path, bufferSize);
    }

    private static final class Hanging extends FilterOutputStream {
        Hanging(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            HangingFileSystem.await(writesHanging);
            out.write(bytes, offset, length);
        }
    }

    private static void await(CountDownLatch answer) throws IOException {
        try {
            answer.await();
        } catch (InterruptedException e) {
            throw new InterruptedIOException("interrupted");
        }
    }
}
