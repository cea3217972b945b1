package io.microgpt.cli;

import io.microgpt.data.BoundedText;
import io.microgpt.data.DatasetException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Option;

/** The options with which every command takes its configuration. */
final class ConfigOptions {
    /** With a scheme of two letters or more: one letter is a drive. */
    private static final Pattern URI = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");

    /** Every key with its comment takes a hundredth of it. */
    private static final int MOST_BYTES = 1 << 20;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "HOCON configuration, a local file or a URI of any Hadoop file system")
    String config;

    @Option(names = "--set", paramLabel = "key=value", description = "one configuration key; wins over --config")
    List<String> assignments = new ArrayList<>();

    /** {@return a builder with the file and the assignments} */
    Settings.Builder builder(Configuration hadoop) {
        Settings.Builder builder = Settings.builder();
        addTo(builder, hadoop);
        return builder;
    }

    /** Adds the file and the assignments to what a builder has already. */
    void addTo(Settings.Builder builder, Configuration hadoop) {
        if (config != null) {
            builder.config(text(hadoop, config), config);
        }
        builder.set(assignments);
    }

    static String text(Configuration hadoop, String file) {
        try {
            if (!URI.matcher(file).matches()) {
                try (InputStream in = Files.newInputStream(java.nio.file.Path.of(file))) {
                    return BoundedText.read(in, file, MOST_BYTES);
                }
            }
            Path path = new Path(file);
            FileSystem fs = path.getFileSystem(hadoop);
            FileSystem raw = fs instanceof LocalFileSystem local ? local.getRawFileSystem() : fs;
            try (InputStream in = raw.open(path)) {
                return BoundedText.read(in, file, MOST_BYTES);
            }
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw new DatasetException(file + ": no such configuration file; check --config", e);
        } catch (IOException e) {
            throw new DatasetException(file + ": the configuration cannot be read: " + e, e);
        }
    }
}
