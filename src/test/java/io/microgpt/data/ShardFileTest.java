package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.train.HangingFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardFileTest {
    private static final Configuration HADOOP = new Configuration(false);
    private static final int BLOCK = 20;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {2, 300, 65_536, 100_000, Integer.MAX_VALUE})
    void documentsComeBack(int vocabularySize) throws IOException {
        List<int[]> documents = documents(vocabularySize, 500);
        Path file = directory.resolve("train/shard-00000.parquet");
        Manifest.Shard description = write(file, documents);
        TokenShard shard = read(file, description, vocabularySize);
        assertThat(description).isEqualTo(describe(file, shard));
        assertThat(shard.documents()).isEqualTo(500);
        assertThat(shard.heldBytes()).isEqualTo(TokenShard.bytes(vocabularySize, 500, shard.positions()));
        for (int d = 0; d < 500; d++) {
            assertThat(shard.document(d)).isEqualTo(documents.get(d));
        }
    }

    @Test
    void aShardWithoutDocuments() throws IOException {
        Path file = directory.resolve("empty.parquet");
        Manifest.Shard description = write(file, List.of());
        assertThat(read(file, description, 10).documents()).isZero();
        assertThat(description).isEqualTo(describe(file, new TokenShard(10)));
    }

    @Test
    void theSameDocumentsMakeTheSameBytes() throws IOException {
        List<int[]> documents = documents(300, 2000);
        write(directory.resolve("a.parquet"), documents);
        write(directory.resolve("b.parquet"), documents);
        assertThat(directory.resolve("a.parquet")).hasSameBinaryContentAs(directory.resolve("b.parquet"));
    }

    @Test
    void aTaskThatRunsAgainReplacesItsFile() throws IOException {
        Path file = directory.resolve("a.parquet");
        write(file, documents(300, 2000));
        Manifest.Shard again = write(file, List.of(new int[] {1, 2}));
        assertThat(read(file, again, 300).documents()).isEqualTo(1);
    }

    /** Pages of both encodings: the dictionary of a large vocabulary grows too large, and numbers are then written as they are. */
    @ParameterizedTest
    @ValueSource(ints = {3, 3000, 10_000_000})
    void groupsOfRowsAndPagesFollowEachOther(int vocabularySize) throws IOException {
        Path file = directory.resolve("a.parquet");
        List<int[]> documents = documents(vocabularySize, 25_000);
        Manifest.Shard description;
        try (ShardFile.Writer writer = new ShardFile.Writer(HADOOP, hadoop(file), 1 << 19)) {
            for (int[] document : documents) {
                writer.add(document);
            }
            description = writer.description();
        }
        TokenShard shard = read(file, description, vocabularySize);
        assertThat(description).isEqualTo(describe(file, shard));
        assertThat(byParquet(file)).hasSize(25_000).containsExactlyElementsOf(documents);
    }

    @Test
    void aTokenOutsideTheVocabulary() throws IOException {
        Path file = directory.resolve("a.parquet");
        Manifest.Shard two = write(file, List.of(new int[] {1, 2}, new int[] {3, 7, 1}));
        assertThat(read(file, two, 8).documents()).isEqualTo(2);
        refused(file, two, 7, BLOCK, "document 1 holds token 7, outside the vocabulary of 7");
        Manifest.Shard negative = write(file, List.of(new int[] {1, -1}));
        refused(file, negative, 7, BLOCK, "document 0 holds token -1, outside the vocabulary of 7");
    }

    @Test
    void aDocumentOutsideTheBlockSize() throws IOException {
        Path file = directory.resolve("a.parquet");
        Manifest.Shard three = write(file, List.of(new int[] {1, 2}, new int[] {3, 4, 5}));
        refused(file, three, 7, 1, "document 1 is longer than the block size of 1");
        Manifest.Shard one = write(file, List.of(new int[] {1, 2}, new int[] {3}));
        refused(file, one, 7, BLOCK, "document 1 is one token, with nothing to predict");
        Manifest.Shard none = write(file, List.of(new int[] {1, 2}, new int[0], new int[] {3, 4, 5}));
        // An empty list has a place of its own among the tokens.
        refused(file, none, 7, BLOCK, "num_values of a column is 6, but must be an integer from 0 to 5");
    }

    @Test
    void noSuchFile() {
        Path file = directory.resolve("gone.parquet");
        refused(file, new Manifest.Shard(0, 0, "", 12, ""), 7, BLOCK, "File " + file + " does not exist");
    }

    @ParameterizedTest
    @CsvSource({
        "'', its 0 bytes are too few for a Parquet file",
        "PAR1, its 4 bytes are too few for a Parquet file",
        "PAR1PAR1, its 8 bytes are too few for a Parquet file",
        "this is a text and no Parquet file at all, it does not end as a Parquet file does"
    })
    void anotherKindOfFile(String content, String reason) throws IOException {
        Path file = Files.writeString(directory.resolve("a.parquet"), content);
        refused(file, new Manifest.Shard(0, 0, "", content.length(), ""), 7, BLOCK, reason);
    }

    @Test
    void aFileOfAnotherLength() throws IOException {
        Path file = directory.resolve("a.parquet");
        Manifest.Shard description = write(file, documents(300, 50));
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length <= whole.length + 40; length += 1 + whole.length / 25) {
            replace(file, Arrays.copyOf(whole, length));
            refused(
                    file,
                    description,
                    300,
                    BLOCK,
                    "it is " + length + " bytes long, the manifest says " + whole.length);
        }
    }

    @Test
    void aByteThatNothingIsReadFromIsHashedToo() throws IOException {
        Path file = directory.resolve("a.parquet");
        Manifest.Shard description = write(file, documents(300, 50));
        byte[] damaged = Files.readAllBytes(file);
        damaged[0] ^= 1; // Parquet's own reader takes no notice of how a file begins
        replace(file, damaged);
        refused(
                file,
                description,
                300,
                BLOCK,
                "its SHA-256 is " + Sha256.of(damaged) + ", the manifest says " + description.fileSha256());
    }

    @Test
    void whatStorageDoesNotGiveIsNotCalledDamaged() throws IOException {
        Path file = directory.resolve("a.parquet");
        Manifest.Shard description = write(file, documents(300, 50));
        Configuration failing = HangingFileSystem.configuration();
        HangingFileSystem.failReads(1);
        try {
            assertThatThrownBy(() -> ShardFile.read(failing, hadoop(file), description, 300, BLOCK))
                    .isExactlyInstanceOf(DatasetException.class)
                    .hasMessage(
                            file + ": storage does not give this token shard (java.io.IOException: Connection reset),"
                                    + " which may well be whole: try again when it answers");
        } finally {
            HangingFileSystem.recover();
        }
        assertThat(ShardFile.read(failing, hadoop(file), description, 300, BLOCK)
                        .sha256())
                .isEqualTo(description.sha256());
    }

    @Test
    void whatDoesNotHaveTheChecksumOfItsFileSystemIs() throws IOException {
        Path file = directory.resolve("a.parquet");
        Manifest.Shard description = write(file, documents(300, 50));
        byte[] damaged = Files.readAllBytes(file);
        damaged[20] ^= 1;
        Files.write(file, damaged);
        assertThatThrownBy(() -> read(file, description, 300))
                .isExactlyInstanceOf(DatasetException.class)
                .hasMessageContaining("Checksum error")
                .hasMessageEndingWith("); prepare the dataset again");
    }

    @Test
    void aTokenThatWasChangedMakesAnotherShard() throws IOException {
        Path file = directory.resolve("a.parquet");
        List<int[]> documents = documents(300, 50);
        Manifest.Shard before = write(file, documents);
        documents.get(20)[1] = (documents.get(20)[1] + 1) % 300;
        Manifest.Shard after = write(file, documents);
        assertThat(after.documents()).isEqualTo(before.documents());
        assertThat(after.positions()).isEqualTo(before.positions());
        assertThat(after.sha256())
                .isNotEqualTo(before.sha256())
                .isEqualTo(read(file, after, 300).sha256());
    }

    /** Beside the checksum that the local file system keeps, which would find the damage first. */
    private static void replace(Path file, byte[] content) throws IOException {
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
        Files.write(file, content);
    }

    private static org.apache.hadoop.fs.Path hadoop(Path file) {
        return new org.apache.hadoop.fs.Path(file.toString());
    }

    private static Manifest.Shard write(Path file, List<int[]> documents) throws IOException {
        try (ShardFile.Writer writer = new ShardFile.Writer(HADOOP, hadoop(file))) {
            for (int[] document : documents) {
                writer.add(document);
            }
            return writer.description();
        }
    }

    private static TokenShard read(Path file, Manifest.Shard expected, int vocabularySize) {
        return ShardFile.read(HADOOP, hadoop(file), expected, vocabularySize, BLOCK);
    }

    private static void refused(Path file, Manifest.Shard expected, int vocabularySize, int blockSize, String reason) {
        assertThatThrownBy(() -> ShardFile.read(HADOOP, hadoop(file), expected, vocabularySize, blockSize))
                .isExactlyInstanceOf(DatasetException.class)
                .hasMessage(file + ": cannot be read as a token shard (" + reason + "); prepare the dataset again");
    }

    /** {@return what the manifest should say of this file and these documents} */
    private static Manifest.Shard describe(Path file, TokenShard shard) throws IOException {
        return new Manifest.Shard(
                shard.documents(),
                shard.positions(),
                shard.sha256(),
                Files.size(file),
                Sha256.of(Files.readAllBytes(file)));
    }

    /** {@return the documents as any reader of Parquet sees them} */
    private static List<int[]> byParquet(Path file) throws IOException {
        List<int[]> documents = new ArrayList<>();
        try (ParquetReader<Group> reader =
                ParquetReader.builder(new GroupReadSupport(), hadoop(file)).build()) {
            for (Group row = reader.read(); row != null; row = reader.read()) {
                Group list = row.getGroup("tokens", 0);
                int[] document = new int[list.getFieldRepetitionCount(0)];
                for (int i = 0; i < document.length; i++) {
                    document[i] = list.getGroup(0, i).getInteger(0, 0);
                }
                documents.add(document);
            }
        }
        return documents;
    }

    private static List<int[]> documents(int vocabularySize, int count) {
        Random random = new Random(vocabularySize);
        List<int[]> documents = new ArrayList<>();
        documents.add(new int[] {0, vocabularySize - 1});
        for (int d = 1; d < count; d++) {
            documents.add(random.ints(2 + random.nextInt(20), 0, vocabularySize).toArray());
        }
        return documents;
    }
}
