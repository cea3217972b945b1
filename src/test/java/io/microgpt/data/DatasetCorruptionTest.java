package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.DataPageHeader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is done to the files of a dataset, reading it ends in a {@link DatasetException} and nothing else. */
class DatasetCorruptionTest {
    private static final Configuration HADOOP = new Configuration(false);
    private static final int SHARDS = 2;
    private static final int VOCABULARY = 30;
    private static final int BLOCK = 12;
    /** Far more than these few kilobytes need, with the classes that are loaded for it, and far less than is claimed. */
    private static final long MOST_ALLOCATED = 32 << 20;

    @TempDir
    private Path base;

    private Path directory;
    private DamagedDirectory damaged;
    private SortedMap<String, byte[]> another;
    private Manifest manifest;

    @BeforeEach
    void writeTwo() throws IOException {
        directory = base.resolve("one");
        write(directory, 1);
        write(base.resolve("two"), 2);
        damaged = new DamagedDirectory(directory);
        another = DamagedDirectory.read(base.resolve("two"));
        manifest = Dataset.open(HADOOP, directory.toString()).manifest();
    }

    private static void write(Path directory, long seed) throws IOException {
        Random random = new Random(seed);
        Map<Part, List<Manifest.Shard>> shards = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            shards.put(part, new ArrayList<>());
            for (int s = 0; s < SHARDS; s++) {
                Path file = directory.resolve(Manifest.file(part, s));
                try (ShardFile.Writer writer =
                        new ShardFile.Writer(HADOOP, new org.apache.hadoop.fs.Path(file.toString()))) {
                    for (int d = 0; d < 20; d++) {
                        writer.add(random.ints(2 + random.nextInt(BLOCK), 0, VOCABULARY)
                                .toArray());
                    }
                    shards.get(part).add(writer.description());
                }
            }
        }
        String tokenizer = "{\n  \"vocab\": {\"a\": 0},\n  \"seed\": " + seed + "\n}\n";
        Manifest manifest = new Manifest(
                BLOCK,
                VOCABULARY,
                Sha256.of(tokenizer),
                Map.of("data.path", "names-" + seed + ".txt", "data.seed", "1"),
                Map.of("rows", 80L, "rejected", 0L),
                shards.get(Part.TRAIN),
                shards.get(Part.TEST));
        Files.writeString(directory.resolve(Dataset.TOKENIZER), tokenizer);
        Files.writeString(directory.resolve(Manifest.FILE), manifest.toJson());
    }

    @Test
    void fourThousandCorruptionsAreAllDetected() throws IOException {
        for (int seed = 0; seed < 4000; seed++) {
            detected(seed, Corruption.of(seed, damaged.pristine(), another));
        }
        damaged.put(damaged.pristine());
        readAll();
    }

    /** By somebody who makes a manifest to match. */
    @Test
    void aThousandHostileLengthsAreAllDetected() throws IOException {
        for (int seed = 0; seed < 1000; seed++) {
            Random random = new Random(seed);
            Part part = Part.values()[random.nextInt(2)];
            detected(seed, hostile(part, random.nextInt(SHARDS), random));
        }
    }

    private void detected(int seed, Corruption corruption) throws IOException {
        damaged.put(corruption.files());
        long before = DamagedDirectory.allocated();
        Throwable thrown = catchThrowable(this::readAll);
        assertThat(DamagedDirectory.allocated() - before)
                .as("seed %d: %s", seed, corruption.what())
                .isLessThan(MOST_ALLOCATED);
        assertThat(thrown)
                .as("seed %d: %s", seed, corruption.what())
                .isExactlyInstanceOf(DatasetException.class)
                .message()
                .contains(directory.toString())
                .containsAnyOf(damaged.suspects());
    }

    private Corruption hostile(Part part, int index, Random random) throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>(damaged.pristine());
        String file = Manifest.file(part, index);
        ForgedShard forged = new ForgedShard(files.get(file));
        ColumnMetaData column = forged.column();
        DataPageHeader page = forged.pages.get(forged.pages.size() - 1).header().getData_page_header();
        long number = Corruption.hostileNumber(random);
        Manifest.Shard shard = manifest.shards(part).get(index);
        int documents = shard.documents();
        long positions = shard.positions();
        byte[] content = files.get(file);
        int claim = random.nextInt(9);
        switch (claim) {
            case 0 -> content = forged.bytesWithFooterOf((int) number | 1 << 20);
            case 1 -> column.setNum_values(column.getNum_values() ^ number | 1L << 40);
            case 2 -> column.setTotal_compressed_size(number | 1L << 40);
            case 3 -> column.setData_page_offset(number | 1L << 40);
            case 4 -> page.setNum_values((int) number | 1 << 20);
            case 5 -> forged.pages.get(0).header().setCompressed_page_size((int) number | 1 << 20);
            case 6 -> documents = (int) number & Integer.MAX_VALUE | 1 << 20;
            case 7 -> positions = number & Long.MAX_VALUE | 1 << 20;
            default -> {
                byte[] levels = forged.pages.get(forged.pages.size() - 1).content();
                ByteBuffer.wrap(levels).order(ByteOrder.LITTLE_ENDIAN).putInt((int) number | 1 << 20);
            }
        }
        if (claim >= 1 && claim <= 3) {
            content = forged.bytesAsClaimed();
        } else if (claim == 4 || claim == 5 || claim == 8) {
            content = forged.bytes();
        }
        files.put(file, content);
        Manifest.Shard signed =
                new Manifest.Shard(documents, positions, shard.sha256(), content.length, Sha256.of(content));
        files.put(Manifest.FILE, with(part, index, signed).toJson().getBytes(StandardCharsets.UTF_8));
        return new Corruption(file + " with " + number + " for claim " + claim, files);
    }

    private Manifest with(Part part, int index, Manifest.Shard shard) {
        Map<Part, List<Manifest.Shard>> shards = new EnumMap<>(Part.class);
        for (Part each : Part.values()) {
            shards.put(each, new ArrayList<>(manifest.shards(each)));
        }
        shards.get(part).set(index, shard);
        return new Manifest(
                manifest.blockSize(),
                manifest.vocabularySize(),
                manifest.tokenizerSha256(),
                manifest.settings(),
                manifest.statistics(),
                shards.get(Part.TRAIN),
                shards.get(Part.TEST));
    }

    @Test
    void aFileThatIsTooLongIsNotReadWhole() throws IOException {
        for (String name : List.of(Manifest.FILE, Dataset.TOKENIZER)) {
            try (var file = new java.io.RandomAccessFile(directory.resolve(name).toFile(), "rw")) {
                file.setLength(1L << 34); // sparse: it takes no room
            }
            long before = DamagedDirectory.allocated();
            assertThatThrownBy(this::readAll)
                    .isExactlyInstanceOf(DatasetException.class)
                    .hasMessage(directory.resolve(name) + ": is over 67108864 bytes, so it is not what it should be");
            assertThat(DamagedDirectory.allocated() - before).isLessThan(200L << 20);
            Files.write(directory.resolve(name), damaged.pristine().get(name));
        }
    }

    @Test
    void whatIsNoTextIsRefused() throws IOException {
        Files.write(directory.resolve(Dataset.TOKENIZER), new byte[] {'{', (byte) 0xFF, '}'});
        assertThatThrownBy(this::readAll)
                .hasMessage(directory.resolve(Dataset.TOKENIZER) + ": is not valid UTF-8 (Input length = 1)");
    }

    @Test
    void aDirectoryInPlaceOfAFileIsRefused() throws IOException {
        for (String name : damaged.pristine().keySet()) {
            Files.delete(directory.resolve(name));
            Files.createDirectory(directory.resolve(name));
            assertThatThrownBy(this::readAll)
                    .isExactlyInstanceOf(DatasetException.class)
                    .hasMessageStartingWith(directory.resolve(name) + ": ");
            Files.delete(directory.resolve(name));
            Files.write(directory.resolve(name), damaged.pristine().get(name));
        }
    }

    private void readAll() {
        Dataset dataset = Dataset.open(HADOOP, directory.toString());
        for (Part part : Part.values()) {
            for (int s = 0; s < dataset.manifest().shards(part).size(); s++) {
                dataset.shard(part, s);
            }
        }
    }
}
