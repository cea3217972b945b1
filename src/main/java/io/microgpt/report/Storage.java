package io.microgpt.report;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.hdfs.DistributedFileSystem;

/** Small files on any Hadoop file system. */
public final class Storage {
    private Storage() {}

    /** {@return the file system of a path, without the hidden checksum files of a local one} */
    static FileSystem fileSystem(Configuration hadoop, Path path) throws IOException {
        FileSystem fs = path.getFileSystem(hadoop);
        return fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs;
    }

    /** Writes a file beside and renames it into place, so that whoever opens it finds a whole one, the old or the new. */
    public static void replace(Configuration hadoop, Path path, String text) throws IOException {
        FileSystem fs = fileSystem(hadoop, path);
        Path beside = new Path(path.getParent(), "." + path.getName() + ".tmp");
        try (OutputStream out = fs.create(beside, true)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        if (fs instanceof DistributedFileSystem hdfs) { // whose plain rename refuses where a file is
            hdfs.rename(beside, path, Options.Rename.OVERWRITE);
        } else if (!fs.rename(beside, path)) {
            overwrite(hadoop, fs.makeQualified(beside), fs.makeQualified(path));
        }
    }

    private static void overwrite(Configuration hadoop, Path beside, Path path) throws IOException {
        try {
            FileContext.getFileContext(path.toUri(), hadoop).rename(beside, path, Options.Rename.OVERWRITE);
        } catch (UnsupportedFileSystemException e) { // no other way is left than to be without for a moment
            FileSystem fs = fileSystem(hadoop, path);
            fs.delete(path, false);
            if (!fs.rename(beside, path)) {
                throw new IOException("the file system refused to rename " + beside + " to " + path);
            }
        }
    }
}
