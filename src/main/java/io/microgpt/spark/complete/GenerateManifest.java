package io.microgpt.spark.complete;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.microgpt.data.BoundedText;
import io.microgpt.data.DatasetException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What an output directory holds the completions of, written before the first of them: all that decides what is in the part files, and how
 * the prompts are cut into them. A run that would write the same files may go on with those that are there; another one may not.
 *
 * @param values by name, such as {@code generate.seed}
 */
record GenerateManifest(SortedMap<String, String> values) {
    private static final String FILE = "_generate.json";
    private static final int MOST_BYTES = 1 << 20;
    private static final JsonMapper JSON = new JsonMapper();

    /** {@return the manifest of a directory; empty where the directory is not there, or nothing is in it yet} */
    static Optional<GenerateManifest> of(Configuration hadoop, Path out) throws IOException {
        FileSystem fs = out.getFileSystem(hadoop);
        Path file = new Path(out, FILE);
        if (!fs.exists(out)) {
            return Optional.empty();
        }
        if (!fs.exists(file)) {
            boolean started = fs.getFileStatus(out).isFile()
                    || Arrays.stream(fs.listStatus(out))
                            .anyMatch(entry -> !entry.getPath().getName().startsWith("."));
            if (started) {
                throw new DatasetException(out + ": exists already; give another --out or remove it");
            }
            return Optional.empty();
        }
        try (InputStream in = fs.open(file)) {
            return Optional.of(new GenerateManifest(JSON.readValue(
                    BoundedText.read(in, file, MOST_BYTES), new TypeReference<TreeMap<String, String>>() {})));
        } catch (JsonProcessingException e) {
            throw new DatasetException(
                    file + ": is damaged (" + e.getOriginalMessage() + "); remove " + out + " or give another --out",
                    e);
        }
    }

    /** Begins an output directory. What a run that dies meanwhile leaves behind goes with the attempts of its tasks. */
    void write(Configuration hadoop, Path out) throws IOException {
        FileSystem fs = out.getFileSystem(hadoop);
        Path beside =
                new Path(new Path(out, PartCommit.ATTEMPTS), UUID.randomUUID().toString());
        try (OutputStream stream = fs.create(beside)) {
            stream.write(JSON.writerWithDefaultPrettyPrinter()
                    .writeValueAsString(values)
                    .getBytes(StandardCharsets.UTF_8));
        }
        if (!fs.rename(beside, new Path(out, FILE))) {
            throw new IOException(beside + " cannot be renamed to " + FILE + "; does another job write there?");
        }
    }

    /**
     * Checks that this job would write what another began.
     *
     * @throws DatasetException with what is different
     */
    void requireSame(GenerateManifest begun, Path out) {
        List<String> differences = new ArrayList<>();
        TreeSet<String> names = new TreeSet<>(values.keySet());
        names.addAll(begun.values.keySet());
        for (String name : names) {
            String was = begun.values.getOrDefault(name, "not set");
            String is = values.getOrDefault(name, "not set");
            if (!was.equals(is)) {
                differences.add(name + " was " + was + " and is " + is);
            }
        }
        if (!differences.isEmpty()) {
            throw new DatasetException(out + ": holds completions of another job: " + String.join("; ", differences)
                    + ". Give what it was begun with to go on, or another --out");
        }
    }
}
