package io.microgpt.cli;

import io.microgpt.checkpoint.Models;
import io.microgpt.data.DatasetException;
import io.microgpt.report.Storage;
import java.io.IOException;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A run on any Hadoop file system: {@code checkpoints/}, {@code dataset/}, {@code config.conf}, {@code metrics.jsonl}, and what
 * {@link io.microgpt.report.LiveReport} and {@link io.microgpt.report.EventLog} keep there.
 */
final class RunDirectory {
    static final String CHECKPOINTS = Models.CHECKPOINTS;
    private static final String DATASET = "dataset";
    private static final String CONFIG = "config.conf";
    private static final String METRICS = "metrics.jsonl";

    private final Configuration hadoop;
    private final Path root;
    private final FileSystem fs;

    RunDirectory(Configuration hadoop, String directory) throws IOException {
        this.hadoop = hadoop;
        Path path = new Path(directory);
        // Without the hidden checksum files that would refuse a configuration edited by hand.
        FileSystem fs = path.getFileSystem(hadoop);
        this.fs = fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs;
        this.root = fs.makeQualified(path);
    }

    /** {@return a directory that does not exist yet: {@code runs/NAME}, or {@code runs/NAME-2} and so on} */
    static RunDirectory fresh(Configuration hadoop, String parent, String name) throws IOException {
        RunDirectory run = new RunDirectory(hadoop, parent + "/" + name);
        for (int i = 2; run.exists(); i++) {
            run = new RunDirectory(hadoop, parent + "/" + name + "-" + i);
        }
        return run;
    }

    boolean exists() throws IOException {
        // A configuration alone is left by a training that found nothing to prepare.
        return fs.exists(root)
                && Arrays.stream(fs.listStatus(root))
                        .anyMatch(file -> !file.getPath().getName().contains(CONFIG));
    }

    /** Removes the directory if there is nothing in it but a configuration. */
    void discardIfEmpty() throws IOException {
        if (!exists()) {
            fs.delete(root, true);
        }
    }

    String checkpoints() {
        return new Path(root, CHECKPOINTS).toString();
    }

    String dataset() {
        return new Path(root, DATASET).toString();
    }

    Path config() {
        return new Path(root, CONFIG);
    }

    Path metrics() {
        return new Path(root, METRICS);
    }

    Path root() {
        return root;
    }

    /** {@return a file or directory of the run} */
    Path file(String name) {
        return new Path(root, name);
    }

    boolean hasCheckpoints() throws IOException {
        Path checkpoints = new Path(root, CHECKPOINTS);
        return fs.exists(checkpoints) && fs.listStatus(checkpoints).length > 0;
    }

    boolean hasConfig() throws IOException {
        return fs.exists(config());
    }

    void writeConfig(Settings settings) {
        try {
            Storage.replace(
                    hadoop, config(), settings.render()); // a training that dies now can be resumed all the same
        } catch (IOException e) {
            throw new DatasetException(config() + ": cannot be written: " + e.getMessage(), e);
        }
    }

    /** {@return the directory as the user would write it: without {@code file:} where that is the default} */
    @Override
    public String toString() {
        return shown(root, hadoop);
    }

    private static String shown(Path path, Configuration hadoop) {
        boolean local = "file".equals(path.toUri().getScheme())
                && "file".equals(FileSystem.getDefaultUri(hadoop).getScheme());
        return local ? path.toUri().getPath() : path.toString();
    }
}
