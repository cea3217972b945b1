package io.microgpt.spark.input;

import io.microgpt.data.DatasetException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/** Lists input files and cuts those that may be cut into ranges of bytes. */
final class InputFiles {
    /** Bytes of a range: a task's worth of reading. */
    private static final long RANGE_BYTES = 64L << 20;

    private InputFiles() {}

    /**
     * The bytes {@code [start, end)} of a file; the lines that begin there belong to it.
     *
     * @param index of the file in the order of names
     */
    record Range(int index, String file, long start, long end) implements Serializable {
        /** {@return the stream from {@code offset}, unpacked from its beginning if the name says that it is packed} */
        InputStream open(Configuration hadoop, long offset) throws IOException {
            Path path = new Path(file);
            FSDataInputStream in = path.getFileSystem(hadoop).open(path);
            CompressionCodec codec = new CompressionCodecFactory(hadoop).getCodec(path);
            if (codec != null) {
                return codec.createInputStream(in);
            }
            in.seek(offset);
            return in;
        }
    }

    /**
     * {@return the files under a path, a directory or a glob, in the order of their names}; as in Spark, names that begin with
     * {@code _} or {@code .} do not count.
     *
     * @throws DatasetException if there is none, or all are empty
     */
    static List<FileStatus> list(Configuration hadoop, String input) {
        Path path = new Path(input);
        List<FileStatus> files = new ArrayList<>();
        try {
            FileSystem fs = path.getFileSystem(hadoop);
            FileStatus[] matches = fs.globStatus(path);
            if (matches == null || matches.length == 0) {
                throw new FileNotFoundException();
            }
            for (FileStatus match : matches) {
                if (match.isFile()) {
                    files.add(match);
                    continue;
                }
                RemoteIterator<LocatedFileStatus> inside = fs.listFiles(match.getPath(), true);
                while (inside.hasNext()) {
                    FileStatus file = inside.next();
                    if (!hidden(match.getPath(), file.getPath())) {
                        files.add(file);
                    }
                }
            }
        } catch (FileNotFoundException e) {
            throw new DatasetException(
                    input + ": no such file or directory (looked on " + scheme(hadoop, path) + "); check the path", e);
        } catch (IOException e) {
            throw new DatasetException(input + ": cannot be listed: " + e.getMessage(), e);
        }
        if (files.stream().allMatch(file -> file.getLen() == 0)) {
            throw new DatasetException(
                    input + (files.size() == 1 ? ": the file is empty" : ": there is no file with content")
                            + "; at least one row of text is needed");
        }
        files.sort(Comparator.comparing(file -> file.getPath().toString()));
        return files;
    }

    private static String scheme(Configuration hadoop, Path path) {
        try {
            return path.getFileSystem(hadoop).getUri().toString();
        } catch (IOException e) {
            return path.toString();
        }
    }

    private static boolean hidden(Path root, Path file) {
        for (Path path = file; path != null && !path.equals(root); path = path.getParent()) {
            if (path.getName().startsWith("_") || path.getName().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    /** {@return the ranges of the files; one a file where {@code whole}, or where a file is compressed} */
    static List<Range> ranges(Configuration hadoop, List<FileStatus> files, boolean whole) {
        CompressionCodecFactory codecs = new CompressionCodecFactory(hadoop);
        List<Range> ranges = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            FileStatus file = files.get(i);
            String name = file.getPath().toString();
            if (whole || codecs.getCodec(file.getPath()) != null) {
                ranges.add(new Range(i, name, 0, Long.MAX_VALUE));
                continue;
            }
            for (long start = 0; start < file.getLen(); start += RANGE_BYTES) {
                ranges.add(new Range(i, name, start, Math.min(file.getLen(), start + RANGE_BYTES)));
            }
        }
        return ranges;
    }
}
