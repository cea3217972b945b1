package io.microgpt.report;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/** Small files on any Hadoop file system. */
public final class Storage {
    private Storage() {}

    /** {@return the file system of a path, without the hidden checksum files of a local one} */
    static FileSystem fileSystem(Configuration hadoop, Path path) throws IOException {
        FileSystem fs = path.getFileSystem(hadoop);
        return fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs;
    }

    /** Writes a file beside and renames it into place, so that whoever opens it finds a whole one. */
    public static void replace(Configuration hadoop, Path path, String text) throws IOException {
        FileSystem fs = fileSystem(hadoop, path);
        Path beside = new Path(path.getParent(), "." + path.getName() + ".tmp");
        try (OutputStream out = fs.create(beside, true)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        if (fs.rename(beside, path)) {
            return;
        }
        fs.delete(path, false); // HDFS does not rename onto what is there
        if (!fs.rename(beside, path)) {
            throw new IOException("the file system refused to rename " + beside + " to " + path);
        }
    }
}
