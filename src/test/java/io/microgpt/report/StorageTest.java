package io.microgpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.spark.SmallHdfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.GlobalStorageStatistics;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.DFSOpsCountStatistics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A file that others read while it is replaced. */
@ExtendWith(SmallHdfs.Shared.class)
class StorageTest {
    @TempDir
    private java.nio.file.Path directory;

    /** Nobody who reads finds none, because nothing is deleted. */
    @Test
    void onHdfsTheNewOneTakesThePlaceOfTheOldAtOnce(SmallHdfs hdfs) throws IOException {
        Configuration hadoop = new Configuration(false);
        Path page = new Path(hdfs.uri("/report/page.html"));
        Storage.replace(hadoop, page, "old");
        long deletes = deletes();
        Storage.replace(hadoop, page, "new");
        try (var in = hdfs.files().open(page)) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("new");
        }
        assertThat(deletes()).isEqualTo(deletes);
        assertThat(hdfs.files().listStatus(page.getParent())).hasSize(1);
    }

    private static long deletes() {
        return GlobalStorageStatistics.INSTANCE.get(DFSOpsCountStatistics.NAME).getLong("op_delete");
    }

    @Test
    void onALocalDiskTheNewOneTakesThePlaceOfTheOld() throws IOException {
        java.nio.file.Path page = directory.resolve("page.html");
        for (String text : new String[] {"old", "new"}) {
            Storage.replace(new Configuration(false), new Path(page.toUri()), text);
            assertThat(Files.readString(page)).isEqualTo(text);
        }
        try (Stream<java.nio.file.Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(page);
        }
    }
}
