package io.microgpt.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.microgpt.data.DatasetException;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.SmallHdfs;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.spark.sql.Encoders;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Input that no dataset can be made of, and preparations that do not come to their end. */
@ExtendWith(SmallHdfs.Shared.class)
class UnpreparableTest {
    @TempDir
    private Path directory;

    @Test
    void noInputIsNamedWithTheFileSystemItWasSoughtOn() {
        Path missing = directory.resolve("nothing.txt");

        assertFailure(missing, InputFormat.LINES)
                .hasMessage(missing + ": no such file or directory (looked on file:///); check the path");
        assertFailure(directory.resolve("*.csv"), InputFormat.CSV)
                .hasMessage(directory.resolve("*.csv")
                        + ": no such file or directory (looked on file:///); check the path");
    }

    @Test
    void inputWithoutContentIsRefused() throws IOException {
        Path file = Texts.write(directory.resolve("a.txt"), "");
        Path empty = Files.createDirectory(directory.resolve("empty"));
        Path hidden = Texts.write(directory.resolve("hidden/_a.txt"), "text\n").getParent();
        Texts.write(directory.resolve("several/a.txt"), "");
        Path several = Texts.write(directory.resolve("several/b.txt"), "").getParent();

        assertFailure(file, InputFormat.LINES)
                .hasMessage(file + ": the file is empty; at least one row of text is needed");
        for (Path input : List.of(empty, hidden, several)) {
            assertFailure(input, InputFormat.JSONL)
                    .hasMessage(input + ": there is no file with content; at least one row of text is needed");
        }
    }

    @Test
    void inputWithoutRowsIsRefused() {
        for (InputFormat format : List.of(InputFormat.LINES, InputFormat.BLOCKS, InputFormat.CONTINUOUS)) {
            Path packed = Texts.write(directory.resolve("a.txt.gz"), "");
            assertFailure(packed, format).hasMessage(packed + ": has no rows; training needs at least one");
        }
        Path blank = Texts.write(directory.resolve("a.txt"), "\n \n\r\n\t\n");
        assertFailure(blank, InputFormat.BLOCKS).hasMessage(blank + ": has no rows; training needs at least one");
        Path header = Texts.write(directory.resolve("a.csv"), "id,text\n");
        assertFailure(header, InputFormat.CSV).hasMessage(header + ": has no rows; training needs at least one");
    }

    @Test
    void missingCsvColumnIsNamedWithThoseThereAre() {
        Path csv = Texts.write(directory.resolve("a.csv"), "id,content\n1,a\n");

        assertFailure(csv, InputFormat.CSV)
                .hasMessageEndingWith("a.csv: has no column text in its header [id, content]; name one of them with"
                        + " data.column");
    }

    @Test
    void missingParquetColumnIsNamedWithThoseThereAre() {
        Path parquet = directory.resolve("parquet");
        LocalSpark.session()
                .createDataset(List.of(1, 2), Encoders.INT())
                .toDF("content")
                .write()
                .parquet(parquet.toString());

        assertFailure(parquet, InputFormat.PARQUET)
                .hasMessage(parquet + ": has no column text among [content]; name one of them with data.column");
        assertThatThrownBy(() -> Preparing.of(parquet, InputFormat.PARQUET)
                        .column("content")
                        .into(directory.resolve("out")))
                .hasMessage(parquet
                        + ": column content is of type integer, but must be a string; name another with data.column");
    }

    @Test
    void missingJsonFieldMakesAllRowsBad() {
        Path json = Texts.write(directory.resolve("a.jsonl"), "{\"content\":\"a\"}\n{\"content\":\"b\"}\n");

        assertFailure(json, InputFormat.JSONL)
                .hasMessageStartingWith(json + ": 2 of 2 rows are bad")
                .hasMessageContaining("a.jsonl at 0: no field text")
                .hasMessageContaining("check data.format and data.column");
    }

    @Test
    void packedFileThatIsCutOffIsNamed() throws IOException {
        Path whole = Texts.write(directory.resolve("whole.txt.gz"), Texts.lines(Texts.documents(500, 1)));
        byte[] bytes = Files.readAllBytes(whole);
        Path cut = directory.resolve("cut.txt.gz");
        Files.write(cut, java.util.Arrays.copyOf(bytes, bytes.length / 2));

        assertFailure(cut, InputFormat.LINES)
                .isInstanceOf(DatasetException.class)
                .hasMessageContaining("cut.txt.gz");
    }

    @Test
    void outputThatExistsIsLeftAlone() throws IOException {
        Path file = Texts.write(directory.resolve("a.txt"), "abc\n");
        Path out = Files.createDirectory(directory.resolve("out"));

        assertThatThrownBy(() -> Preparing.of(file, InputFormat.LINES).into(out))
                .isInstanceOf(DatasetException.class)
                .hasMessage(out + ": exists already; give another directory or remove it");
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void whatAJobThatWasKilledLeftBehindDoesNoHarm() {
        Path file = Texts.write(directory.resolve("a.txt"), "abc\ndef\n");
        Path reference = directory.resolve("reference");
        Texts.write(directory.resolve("data/.out.preparing/train/shard-00099.parquet"), "half a shard");
        Texts.write(directory.resolve("data/.out.preparing/rejected/part-0.json"), "{}");

        Prepared prepared = Preparing.of(file, InputFormat.LINES).into(directory.resolve("data/out"));

        assertThat(prepared.content())
                .isEqualTo(Preparing.of(file, InputFormat.LINES).into(reference).content());
        assertThat(directory.resolve("data")).isDirectoryContaining("glob:**/out");
        assertThat(directory.resolve("data").toFile().list()).containsExactly("out");
        assertThat(directory.resolve("data/out/rejected")).doesNotExist();
    }

    @Test
    void crashLeavesNoHalfDatasetUnderTheName(SmallHdfs hdfs) throws IOException {
        DistributedFileSystem fs = hdfs.files();
        Path file = Texts.write(directory.resolve("a.txt"), Texts.lines(Texts.documents(50, 2)));
        org.apache.hadoop.fs.Path data = new org.apache.hadoop.fs.Path("/crash");
        fs.mkdirs(data);
        // No more than six names: the storage gives out when some shards are written and some are not.
        fs.setQuota(data, 6, Long.MAX_VALUE);
        String out = hdfs.uri("/crash/out");

        assertThatThrownBy(() ->
                        Preparing.of(file.toUri().toString(), InputFormat.LINES).into(out))
                .hasStackTraceContaining("quota");
        // A task that was still running may leave something behind, but not under the name of the dataset.
        assertThat(fs.exists(new org.apache.hadoop.fs.Path(out))).isFalse();

        fs.setQuota(data, 1_000, Long.MAX_VALUE);
        Prepared onHdfs =
                Preparing.of(file.toUri().toString(), InputFormat.LINES).into(hdfs.uri("/crash/again"));
        Prepared local = Preparing.of(file, InputFormat.LINES).into(directory.resolve("local"));
        assertThat(onHdfs.content()).isEqualTo(local.content());
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertFailure(Path input, InputFormat format) {
        Path out = directory.resolve("never");
        Throwable failure = catchThrowable(() -> Preparing.of(input, format).into(out));
        assertThat(out).doesNotExist();
        assertThat(directory.resolve(".never.preparing")).doesNotExist();
        // What a task throws comes wrapped by Spark.
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DatasetException) {
                return assertThat(cause);
            }
        }
        return assertThat(failure);
    }
}
