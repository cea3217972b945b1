package io.microgpt.checkpoint;

import io.microgpt.data.Sha256;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The files of a checkpoint by their names, changed by somebody who makes a manifest to match. */
public final class ForgedCheckpoint {
    private ForgedCheckpoint() {}

    /** Puts a manifest beside the files that fits them. */
    public static void sign(Map<String, byte[]> files, long step) {
        files.put(Manifest.NAME, new Manifest(step, entries(files)).render());
    }

    static SortedMap<String, Manifest.Entry> entries(Map<String, byte[]> files) {
        SortedMap<String, Manifest.Entry> entries = new TreeMap<>();
        for (String name : CheckpointFormat.FILES) {
            entries.put(name, new Manifest.Entry(files.get(name).length, Sha256.of(files.get(name))));
        }
        return entries;
    }
}
