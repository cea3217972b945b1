package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.microgpt.data.Corruption;
import io.microgpt.data.DamagedDirectory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever is done to the files of a checkpoint, loading it ends in a {@link CheckpointException} and nothing else. */
class CorruptionTest {
    private static final Configuration HADOOP = new Configuration();
    /** Far more than these few kilobytes need, with the classes that are loaded for it, and far less than is claimed. */
    private static final long MOST_ALLOCATED = 32 << 20;

    @TempDir
    private Path base;

    private Path directory;
    private DamagedDirectory damaged;
    private SortedMap<String, byte[]> pristine;
    private SortedMap<String, byte[]> another;

    @BeforeEach
    void writeOne() throws IOException {
        CheckpointStore store = new CheckpointStore(HADOOP, base.toString());
        directory = Path.of(store.write(Samples.checkpoint(1)).toUri().getPath());
        damaged = new DamagedDirectory(directory);
        pristine = damaged.pristine();
        another = DamagedDirectory.read(
                Path.of(store.write(Samples.checkpoint(2, 5)).toUri().getPath()));
    }

    /** With the five thousand of {@code DatasetCorruptionTest} they are ten thousand. */
    @Test
    void fourThousandCorruptionsAreAllDetected() throws IOException {
        for (int seed = 0; seed < 4000; seed++) {
            detected(seed, Corruption.of(seed, pristine, another));
        }
        damaged.put(pristine);
        Samples.assertSame(load(), Samples.checkpoint(1));
    }

    /** By somebody who makes a manifest to match. */
    @Test
    void aThousandHostileLengthsAreAllDetected() throws IOException {
        for (int seed = 0; seed < 1000; seed++) {
            detected(seed, hostile(new Random(seed)));
        }
    }

    private void detected(int seed, Corruption corruption) throws IOException {
        damaged.put(corruption.files());
        long before = DamagedDirectory.allocated();
        Throwable thrown = catchThrowable(this::load);
        assertThat(DamagedDirectory.allocated() - before)
                .as("seed %d: %s", seed, corruption.what())
                .isLessThan(MOST_ALLOCATED);
        assertThat(thrown)
                .as("seed %d: %s", seed, corruption.what())
                .isExactlyInstanceOf(CheckpointException.class)
                .message()
                .contains(directory.toString())
                .containsAnyOf(damaged.suspects());
    }

    private Corruption hostile(Random random) {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        String tensors = random.nextBoolean() ? CheckpointFormat.MODEL : CheckpointFormat.OPTIMIZER;
        long number = Corruption.hostileNumber(random);
        switch (random.nextInt(4)) {
            case 0 -> {
                byte[] content = files.get(tensors).clone();
                // Odd, as a true length never is.
                ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putLong(number | 1);
                files.put(tensors, content);
                ForgedCheckpoint.sign(files, 1);
                return new Corruption(tensors + " with a header of " + (number | 1), files);
            }
            case 1 -> {
                byte[] content = files.get(tensors);
                int header = (int)
                        ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
                String json = new String(content, Long.BYTES, header, StandardCharsets.UTF_8);
                byte[] changed = withNumber(json, json.length(), number, random).getBytes(StandardCharsets.UTF_8);
                ByteBuffer whole = ByteBuffer.allocate(content.length - header + changed.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
                whole.putLong(changed.length).put(changed);
                whole.put(content, Long.BYTES + header, content.length - Long.BYTES - header);
                files.put(tensors, whole.array());
                ForgedCheckpoint.sign(files, 1);
                return new Corruption(tensors + " with " + number + " in its header", files);
            }
            case 2 -> {
                String config = new String(files.get(CheckpointFormat.CONFIG), StandardCharsets.UTF_8);
                int end = config.indexOf(CheckpointFormat.CONFIGURATION); // what is behind it is free
                files.put(
                        CheckpointFormat.CONFIG,
                        withNumber(config, end, number, random).getBytes(StandardCharsets.UTF_8));
                ForgedCheckpoint.sign(files, 1);
                return new Corruption(CheckpointFormat.CONFIG + " with " + number, files);
            }
            default -> {
                SortedMap<String, Manifest.Entry> entries = ForgedCheckpoint.entries(files);
                entries.computeIfPresent(tensors, (name, entry) -> new Manifest.Entry(number | 1, entry.sha256()));
                files.put(Manifest.NAME, new Manifest(1, entries).render());
                return new Corruption("manifest with " + (number | 1) + " bytes of " + tensors, files);
            }
        }
    }

    /** {@return the text with another number in place of one of those before {@code end}} */
    private static String withNumber(String text, int end, long number, Random random) {
        List<MatchResult> numbers = Pattern.compile("\\d+")
                .matcher(text)
                .region(0, end)
                .results()
                .filter(match -> !match.group().equals(Long.toString(number)))
                .toList();
        MatchResult place = numbers.get(random.nextInt(numbers.size()));
        return text.substring(0, place.start()) + number + text.substring(place.end());
    }

    @Test
    void damageUnderAMatchingManifestNeverCausesAnotherException() throws IOException {
        int detected = 0;
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            SortedMap<String, byte[]> files = new TreeMap<>(pristine);
            List<String> names = new ArrayList<>(CheckpointFormat.FILES);
            names.sort(null);
            String name = names.get(seed % names.size());
            byte[] content = files.get(name).clone();
            for (int i = 0; i <= random.nextInt(3); i++) {
                // Near the beginning, where the structure is.
                content[random.nextInt(Math.min(content.length, 400))] = (byte) random.nextInt(128);
            }
            files.put(name, content);
            ForgedCheckpoint.sign(files, 1);
            damaged.put(files);
            try {
                load();
            } catch (CheckpointException e) {
                detected++;
                assertThat(e).hasMessageContaining(directory.toString());
            }
        }
        assertThat(detected).isGreaterThan(150);
    }

    @ParameterizedTest
    @CsvSource({
        "n_layer, 2, 8000000, the architecture of config.json has 48000003",
        "n_layer, 2, 2147483647, fit one array",
        "n_embd, 6, 2147483646, fit one array",
        "vocabulary_size, 7, 8, the architecture of config.json has F32 wte",
        "n_head, 2, 4, is not divisible by model.n-head = 4",
        "n_head, 2, 3, architecture = ",
        "mlp_dim, 9, 0, field architecture.mlp_dim is 0"
    })
    void anotherArchitectureIsRefused(String field, int actual, int other, String reason) throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        replace(files, CheckpointFormat.CONFIG, "\"" + field + "\" : " + actual, "\"" + field + "\" : " + other);
        ForgedCheckpoint.sign(files, 1);
        damaged.put(files);
        assertThatThrownBy(this::load).isInstanceOf(CheckpointException.class).hasMessageContaining(reason);
    }

    @Test
    void anOptimizerOfOtherWeightsIsRefusedEvenUnderAMatchingManifest() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        files.put(CheckpointFormat.OPTIMIZER, another.get(CheckpointFormat.OPTIMIZER));
        ForgedCheckpoint.sign(files, 1);
        damaged.put(files);
        assertThatThrownBy(this::load)
                .hasMessageContaining("optimizer.safetensors: has weights_sha256 = ")
                .hasMessageContaining("the rest of the checkpoint has "
                        + WeightsHash.sha256Hex(Samples.checkpoint(1).weights()));
    }

    @Test
    void aDirectoryInPlaceOfAFileIsRefused() throws IOException {
        for (String name : pristine.keySet()) {
            Files.delete(directory.resolve(name));
            Files.createDirectory(directory.resolve(name));
            assertThatThrownBy(this::load)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageEndingWith("/" + name + ": is a directory, a file was expected");
            Files.delete(directory.resolve(name));
            Files.write(directory.resolve(name), pristine.get(name));
        }
    }

    @Test
    void anotherVersionIsNamed() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        replace(files, Manifest.NAME, "\"version\": 1", "\"version\": 2");
        damaged.put(files);
        assertThatThrownBy(this::load)
                .hasMessageEndingWith(
                        "manifest.json: is of version 2, this program reads version 1; use the release that wrote it");
    }

    @Test
    void aTruncatedFileIsNamedWithBothSizes() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        int length = files.get(CheckpointFormat.MODEL).length;
        files.put(CheckpointFormat.MODEL, Arrays.copyOf(files.get(CheckpointFormat.MODEL), length - 1));
        damaged.put(files);
        assertThatThrownBy(this::load)
                .hasMessage("file:" + directory + "/model.safetensors: is " + (length - 1)
                        + " bytes long, its manifest says " + length + ": the file was truncated");
    }

    @Test
    void aManifestThatIsTooLongIsNotRead() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        files.put(Manifest.NAME, new byte[Manifest.MAX_BYTES + 1]);
        damaged.put(files);
        assertThatThrownBy(this::load).hasMessageEndingWith("is 1048577 bytes long, a manifest has at most 1048576");
    }

    /** Each alone would fit; sparse, so that the disk has room for it. */
    @Test
    void whatMemoryCannotHoldTogetherIsNotRead() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        SortedMap<String, Manifest.Entry> entries = ForgedCheckpoint.entries(files);
        long memory = Runtime.getRuntime().maxMemory();
        entries.put(CheckpointFormat.OPTIMIZER, new Manifest.Entry(memory, "0".repeat(64)));
        files.put(Manifest.NAME, new Manifest(1, entries).render());
        damaged.put(files);
        try (RandomAccessFile file = new RandomAccessFile(
                directory.resolve(CheckpointFormat.OPTIMIZER).toFile(), "rw")) {
            file.setLength(memory);
        }
        assertThatThrownBy(this::load)
                .isInstanceOf(CheckpointException.class)
                .hasMessage("file:" + directory + ": takes " + (memory + files.get(CheckpointFormat.MODEL).length)
                        + " bytes of memory, weights and moments, this process has " + memory
                        + "; give it more, with spark.driver.memory or -Xmx");
    }

    @Test
    void whatCannotBeWrittenLeavesNothingBehind() throws IOException {
        CheckpointStore store = new CheckpointStore(HADOOP, base + "/other");
        Checkpoint sound = Samples.checkpoint(1);
        assertThatThrownBy(() -> store.write(with(sound, "\uD83D", "{}")))
                .hasMessageContaining("half a surrogate pair");
        assertThatThrownBy(() -> store.write(with(sound, "{}", "[1]")))
                .hasMessageContaining("a JSON object was expected");
        try (var left = Files.list(base.resolve("other"))) {
            assertThat(left).isEmpty();
        }
    }

    private static Checkpoint with(Checkpoint c, String tokenizerJson, String configJson) {
        return new Checkpoint(
                c.model(), c.weights(), c.firstMoment(), c.secondMoment(), c.state(), tokenizerJson, configJson);
    }

    private static void replace(Map<String, byte[]> files, String name, String original, String replacement) {
        String text = new String(files.get(name), StandardCharsets.UTF_8);
        assertThat(text).contains(original);
        files.put(name, text.replace(original, replacement).getBytes(StandardCharsets.UTF_8));
    }

    private Checkpoint load() {
        return CheckpointStore.loadDirectory(HADOOP, directory.toString());
    }
}
