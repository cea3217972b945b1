package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.Sha256;
import java.io.IOException;
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
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever is done to the files of a checkpoint, loading it ends in a {@link CheckpointException} and nothing else. */
class CorruptionTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private Path base;

    private Path directory;
    private final SortedMap<String, byte[]> pristine = new TreeMap<>();
    private final SortedMap<String, byte[]> another = new TreeMap<>();

    @BeforeEach
    void writeOne() throws IOException {
        CheckpointStore store = new CheckpointStore(HADOOP, base.toString());
        directory = Path.of(store.write(Samples.checkpoint(1)).toUri().getPath());
        readAll(directory, pristine);
        readAll(Path.of(store.write(Samples.checkpoint(2, 5)).toUri().getPath()), another);
    }

    private static void readAll(Path from, Map<String, byte[]> files) throws IOException {
        for (String name : CheckpointFormat.FILES) {
            files.put(name, Files.readAllBytes(from.resolve(name)));
        }
        files.put(Manifest.NAME, Files.readAllBytes(from.resolve(Manifest.NAME)));
    }

    @Test
    void threeHundredCorruptionsAreAllDetected() throws IOException {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            SortedMap<String, byte[]> files = new TreeMap<>(pristine);
            String what = corrupt(files, random, seed % 6);
            restore(files);
            assertThatThrownBy(this::load)
                    .as("seed %d: %s", seed, what)
                    .isExactlyInstanceOf(CheckpointException.class)
                    .hasMessageContaining(directory.toString());
        }
        restore(pristine);
        Samples.assertSame(load(), Samples.checkpoint(1));
    }

    private String corrupt(Map<String, byte[]> files, Random random, int kind) {
        List<String> names = new ArrayList<>(files.keySet());
        String name = names.get(random.nextInt(names.size()));
        byte[] content = files.get(name).clone();
        switch (kind) {
            case 0 -> {
                int bit = random.nextInt(content.length * 8);
                content[bit / 8] ^= (byte) (1 << bit % 8);
                files.put(name, content);
                return "bit " + bit + " of " + name;
            }
            case 1 -> {
                int length = random.nextInt(content.length);
                files.put(name, Arrays.copyOf(content, length));
                return name + " cut to " + length;
            }
            case 2 -> {
                String tensors = random.nextBoolean() ? CheckpointFormat.MODEL : CheckpointFormat.OPTIMIZER;
                long length = random.nextLong() >>> random.nextInt(64);
                byte[] hostile = files.get(tensors).clone();
                // Odd, as a true length never is.
                ByteBuffer.wrap(hostile).order(ByteOrder.LITTLE_ENDIAN).putLong(length | 1);
                files.put(tensors, hostile);
                sign(files);
                return tensors + " with a header of " + (length | 1) + " and a manifest to match";
            }
            case 3 -> {
                String other = names.get((names.indexOf(name) + 1 + random.nextInt(names.size() - 1)) % names.size());
                files.put(name, files.put(other, content));
                return name + " swapped with " + other;
            }
            case 4 -> {
                if (random.nextBoolean() || Arrays.equals(content, another.get(name))) {
                    files.remove(name);
                    return name + " missing";
                }
                files.put(name, another.get(name));
                return name + " of another checkpoint";
            }
            default -> {
                files.put(name, Arrays.copyOf(content, content.length + 1 + random.nextInt(9)));
                return name + " with bytes appended";
            }
        }
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
            sign(files);
            restore(files);
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
        sign(files);
        restore(files);
        assertThatThrownBy(this::load).isInstanceOf(CheckpointException.class).hasMessageContaining(reason);
    }

    @Test
    void anOptimizerOfOtherWeightsIsRefusedEvenUnderAMatchingManifest() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        files.put(CheckpointFormat.OPTIMIZER, another.get(CheckpointFormat.OPTIMIZER));
        sign(files);
        restore(files);
        assertThatThrownBy(this::load)
                .hasMessageContaining("optimizer.safetensors: has weights_sha256 = ")
                .hasMessageContaining("the rest of the checkpoint has "
                        + WeightsHash.sha256Hex(Samples.checkpoint(1).weights()));
    }

    @Test
    void aDirectoryInPlaceOfAFileIsRefused() throws IOException {
        for (String name : pristine.keySet()) {
            restore(pristine);
            Files.delete(directory.resolve(name));
            Files.createDirectory(directory.resolve(name));
            assertThatThrownBy(this::load)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageEndingWith("/" + name + ": is a directory, a file was expected");
        }
    }

    @Test
    void anotherVersionIsNamed() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        replace(files, Manifest.NAME, "\"version\": 1", "\"version\": 2");
        restore(files);
        assertThatThrownBy(this::load)
                .hasMessageEndingWith(
                        "manifest.json: is of version 2, this program reads version 1; use the release that wrote it");
    }

    @Test
    void aTruncatedFileIsNamedWithBothSizes() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        int length = files.get(CheckpointFormat.MODEL).length;
        files.put(CheckpointFormat.MODEL, Arrays.copyOf(files.get(CheckpointFormat.MODEL), length - 1));
        restore(files);
        assertThatThrownBy(this::load)
                .hasMessage("file:" + directory + "/model.safetensors: is " + (length - 1)
                        + " bytes long, its manifest says " + length + ": the file was truncated");
    }

    @Test
    void aManifestThatIsTooLongIsNotRead() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(pristine);
        files.put(Manifest.NAME, new byte[Manifest.MAX_BYTES + 1]);
        restore(files);
        assertThatThrownBy(this::load).hasMessageEndingWith("is 1048577 bytes long, a manifest has at most 1048576");
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

    /** Makes a manifest that fits the files, as somebody would who means harm. */
    private static void sign(Map<String, byte[]> files) {
        SortedMap<String, Manifest.Entry> entries = new TreeMap<>();
        for (String name : CheckpointFormat.FILES) {
            entries.put(name, new Manifest.Entry(files.get(name).length, Sha256.of(files.get(name))));
        }
        files.put(Manifest.NAME, new Manifest(1, entries).render());
    }

    private void restore(Map<String, byte[]> files) throws IOException {
        for (String name : pristine.keySet()) {
            Files.deleteIfExists(directory.resolve(name));
        }
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(directory.resolve(file.getKey()), file.getValue());
        }
    }

    private Checkpoint load() {
        return CheckpointStore.loadDirectory(HADOOP, directory.toString());
    }
}
