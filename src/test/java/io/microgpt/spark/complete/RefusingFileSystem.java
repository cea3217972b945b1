package io.microgpt.spark.complete;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** The local disk under another name, which refuses to give files the names that a test says. One test at a time. */
public final class RefusingFileSystem extends RawLocalFileSystem {
    private static final URI NAME = URI.create("refusing:///");

    private static volatile String refused = "";

    static void configure(Configuration hadoop) {
        hadoop.set("fs.refusing.impl", RefusingFileSystem.class.getName());
    }

    static String uri(java.nio.file.Path path) {
        return "refusing://" + path;
    }

    /** Names that begin so cannot be given any more. */
    static void refuse(String prefix) {
        refused = prefix;
    }

    static void recover() {
        refused = "";
    }

    @Override
    public URI getUri() {
        return NAME;
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        if (!refused.isEmpty() && to.getName().startsWith(refused)) {
            throw new IOException("the disk is gone");
        }
        return super.rename(from, to);
    }
}
