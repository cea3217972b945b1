package io.microgpt.checkpoint;

import io.microgpt.data.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a checkpoint consists of. Its last line is a checksum of the lines before, and it has one canonical text only,
 * so that not a bit of it can change unseen.
 *
 * @param step the step of the checkpoint
 * @param files the other files, by name
 */
record Manifest(long step, SortedMap<String, Entry> files) {
    /**
     * One file.
     *
     * @param bytes its size
     * @param sha256 of its content
     */
    record Entry(long bytes, String sha256) {}

    static final String NAME = "manifest.json";
    /** The longest manifest that is read, in bytes. */
    static final int MAX_BYTES = 1 << 20;

    private static final String FORMAT = "microgpt-spark checkpoint";
    private static final int VERSION = 1;

    Manifest {
        files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
    }

    /** {@return the one text of this manifest} Names of files are ours and need no escaping. */
    byte[] render() {
        StringBuilder text = new StringBuilder();
        text.append("{\n  \"format\": \"").append(FORMAT).append("\",\n");
        text.append("  \"version\": ").append(VERSION).append(",\n");
        text.append("  \"step\": ").append(step).append(",\n");
        text.append("  \"files\": {");
        String separator = "\n";
        for (Map.Entry<String, Entry> file : files.entrySet()) {
            text.append(separator).append("    \"").append(file.getKey()).append("\": {\"bytes\": ");
            text.append(file.getValue().bytes()).append(", \"sha256\": \"");
            text.append(file.getValue().sha256()).append("\"}");
            separator = ",\n";
        }
        text.append("\n  },\n");
        String checksum = Sha256.of(text.toString().getBytes(StandardCharsets.UTF_8));
        text.append("  \"manifest_sha256\": \"").append(checksum).append("\"\n}\n");
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    static Manifest parse(byte[] json, String path) {
        JsonFields root = Json.parse(json, path);
        String format = root.text("format");
        if (!format.equals(FORMAT)) {
            throw root.damage("is of format " + Json.brief(format) + ", " + FORMAT + " was expected");
        }
        long version = root.integer("version", 1, Integer.MAX_VALUE);
        if (version != VERSION) {
            throw root.damage("is of version " + version + ", this program reads version " + VERSION
                    + "; use the release that wrote it");
        }
        SortedMap<String, Entry> files = new TreeMap<>();
        JsonFields entries = root.object("files");
        for (String name : entries.names()) {
            JsonFields entry = entries.object(name);
            files.put(name, new Entry(entry.integer("bytes", 0, Long.MAX_VALUE), entry.sha256("sha256")));
        }
        Manifest manifest = new Manifest(root.integer("step", 0, StepName.MAX_STEP), files);
        if (!Arrays.equals(json, manifest.render())) {
            throw root.damage("does not have the checksum of its content, or is not written as it was: it is damaged");
        }
        return manifest;
    }
}
