package io.microgpt.data;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The files of a directory in memory; on disk, whatever a test puts there instead of them. */
public final class DamagedDirectory {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Path directory;
    private final SortedMap<String, byte[]> pristine;
    private SortedMap<String, byte[]> there;

    public DamagedDirectory(Path directory) throws IOException {
        this.directory = directory;
        this.pristine = read(directory);
        this.there = pristine;
    }

    /** {@return all files beneath a directory by their names in it} Without the checksums that the local file system keeps, which would find damage first. */
    public static SortedMap<String, byte[]> read(Path directory) throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                if (path.getFileName().toString().endsWith(".crc")) {
                    Files.delete(path);
                } else {
                    files.put(directory.relativize(path).toString(), Files.readAllBytes(path));
                }
            }
        }
        return files;
    }

    public SortedMap<String, byte[]> pristine() {
        return pristine;
    }

    /** Makes the directory hold these files and no others; writes those that differ from what is there. */
    public void put(SortedMap<String, byte[]> files) throws IOException {
        for (String name : there.keySet()) {
            if (!files.containsKey(name)) {
                Files.delete(directory.resolve(name));
            }
        }
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            if (there.get(file.getKey()) != file.getValue()) {
                Files.write(directory.resolve(file.getKey()), file.getValue());
            }
        }
        there = files;
    }

    /** {@return the names of which an error must give one: of what was touched; of anything where the manifest was, which says what the others should be} */
    public String[] suspects() {
        List<String> touched = pristine.keySet().stream()
                .filter(name -> there.get(name) != pristine.get(name))
                .toList();
        return (touched.contains(Manifest.FILE) ? pristine.keySet() : touched).toArray(String[]::new);
    }

    /** {@return how many bytes this thread has allocated in its life} */
    public static long allocated() {
        return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
    }
}
