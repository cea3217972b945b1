package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardFileTest {
    private static final Configuration HADOOP = new Configuration(false);

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {2, 300, 65_536, 100_000, Integer.MAX_VALUE})
    void documentsComeBack(int vocabularySize) throws IOException {
        List<int[]> documents = documents(vocabularySize, 500);
        Path file = directory.resolve("train/shard-00000.parquet");
        Manifest.Shard description = write(file, documents);
        TokenShard shard = read(file, vocabularySize);
        assertThat(description).isEqualTo(new Manifest.Shard(shard.documents(), shard.positions(), shard.sha256()));
        assertThat(shard.documents()).isEqualTo(500);
        for (int d = 0; d < 500; d++) {
            assertThat(shard.document(d)).isEqualTo(documents.get(d));
        }
    }

    @Test
    void aShardWithoutDocuments() throws IOException {
        Path file = directory.resolve("empty.parquet");
        Manifest.Shard description = write(file, List.of());
        assertThat(read(file, 10).documents()).isZero();
        assertThat(description).isEqualTo(new Manifest.Shard(0, 0, new TokenShard(10).sha256()));
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
        write(file, List.of(new int[] {1, 2}));
        assertThat(read(file, 300).documents()).isEqualTo(1);
    }

    @Test
    void aTokenOutsideTheVocabulary() throws IOException {
        Path file = directory.resolve("a.parquet");
        write(file, List.of(new int[] {1, 2}, new int[] {3, 7, 1}));
        assertThat(read(file, 8).documents()).isEqualTo(2);
        assertThatThrownBy(() -> read(file, 7))
                .isInstanceOf(DatasetException.class)
                .hasMessage(file.toUri().getPath()
                        + ": document 1 holds token 7, outside the vocabulary of 7; prepare the dataset again");
        write(file, List.of(new int[] {1, -1}));
        assertThatThrownBy(() -> read(file, 7)).hasMessageContaining("document 0 holds token -1, outside");
    }

    @Test
    void noSuchFile() {
        Path file = directory.resolve("gone.parquet");
        assertThatThrownBy(() -> read(file, 7))
                .isInstanceOf(DatasetException.class)
                .hasMessageStartingWith(file + ": cannot be read as a token shard (")
                .hasMessageEndingWith("; prepare the dataset again");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "PAR1", "PAR1PAR1", "this is a text and no Parquet file at all"})
    void anotherKindOfFile(String content) throws IOException {
        Path file = directory.resolve("a.parquet");
        Files.writeString(file, content);
        assertThatThrownBy(() -> read(file, 7))
                .isInstanceOf(DatasetException.class)
                .hasMessageStartingWith(file + ": cannot be read as a token shard (");
    }

    @Test
    void aFileCutOff() throws IOException {
        Path file = directory.resolve("a.parquet");
        write(file, documents(300, 50));
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length += 1 + whole.length / 25) {
            replace(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> read(file, 300))
                    .as("the first %d of %d bytes", length, whole.length)
                    .isInstanceOf(DatasetException.class)
                    .hasMessageStartingWith(file + ": ");
        }
    }

    /** The footer, which ends the file, says where everything is. */
    @Test
    void aDamagedFooter() throws IOException {
        Path file = directory.resolve("a.parquet");
        write(file, documents(300, 50));
        byte[] whole = Files.readAllBytes(file);
        List<String> refused = new ArrayList<>();
        for (int at = whole.length - 300; at < whole.length; at += 7) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 1;
            replace(file, damaged);
            try {
                assertThat(read(file, 300).documents()).isLessThanOrEqualTo(50);
            } catch (DatasetException e) {
                refused.add(e.getMessage());
            }
        }
        assertThat(refused).hasSizeGreaterThan(5).allMatch(message -> message.startsWith(file + ": "));
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
                .isEqualTo(read(file, 300).sha256());
    }

    /** Beside the checksum that the local file system keeps, which would find the damage first. */
    private static void replace(Path file, byte[] content) throws IOException {
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
        Files.write(file, content);
    }

    private static Manifest.Shard write(Path file, List<int[]> documents) throws IOException {
        try (ShardFile.Writer writer = new ShardFile.Writer(HADOOP, new org.apache.hadoop.fs.Path(file.toString()))) {
            for (int[] document : documents) {
                writer.add(document);
            }
            return writer.description();
        }
    }

    private static TokenShard read(Path file, int vocabularySize) {
        return ShardFile.read(HADOOP, new org.apache.hadoop.fs.Path(file.toString()), vocabularySize);
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
