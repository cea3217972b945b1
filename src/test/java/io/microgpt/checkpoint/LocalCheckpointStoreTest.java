package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.checkpoint.FaultyFileSystem.Counted;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCheckpointStoreTest extends CheckpointStoreContract {
    @TempDir
    private Path base;

    /** Without chmod: Hadoop starts a process for it, seven times a checkpoint, and the tests write thousands. */
    public static final class LocalFileSystemWithoutChmod extends LocalFileSystem {
        public LocalFileSystemWithoutChmod() {
            super(new RawLocalFileSystem() {
                @Override
                public void setPermission(org.apache.hadoop.fs.Path path, FsPermission permission) {}
            });
        }
    }

    @Override
    Configuration hadoop() {
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.file.impl", LocalFileSystemWithoutChmod.class, FileSystem.class);
        hadoop.setBoolean("fs.file.impl.disable.cache", true);
        return hadoop;
    }

    @Override
    Counted fatalOperations() {
        return Counted.ALL;
    }

    @Override
    URI base() {
        String uri = base.toUri().toString();
        return URI.create(uri.substring(0, uri.length() - 1));
    }

    @Test
    void aPlainPathWillDoAndNoHiddenFilesAreLeft() throws IOException {
        new CheckpointStore(new Configuration(), base + "/with space").write(Samples.checkpoint(1));
        try (Stream<Path> files = Files.walk(base)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .contains("step-00000001")
                    .noneMatch(name -> name.startsWith("."));
        }
        // What "hadoop fs -get" leaves beside the files that it copies.
        Files.write(base.resolve("with space/step-00000001/.config.json.crc"), new byte[12]);
        Samples.assertSame(
                CheckpointStore.loadDirectory(new Configuration(), base + "/with space/step-00000001"),
                Samples.checkpoint(1));
    }
}
