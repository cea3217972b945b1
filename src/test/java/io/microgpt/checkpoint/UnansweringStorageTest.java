package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Storage that does not give the newer of two checkpoints, which is whole. */
class UnansweringStorageTest {
    /** Operations until it is known what there is. */
    private static final int LISTING = 2;

    @TempDir
    private Path temporary;

    private CheckpointStore faulty;

    @BeforeEach
    void write() {
        Configuration hadoop = new Configuration();
        URI directory = temporary.resolve("checkpoints").toUri();
        CheckpointStore store = new CheckpointStore(hadoop, directory.toString());
        store.write(Samples.checkpoint(1));
        store.write(Samples.checkpoint(2));
        faulty =
                new CheckpointStore(FaultyFileSystem.configuration(hadoop, directory), FaultyFileSystem.uri(directory));
    }

    /** Whatever it is that fails, and wherever: an older one in its place would be another training. */
    @Test
    void whatStorageDoesNotGiveIsNotPassedOver() {
        List<IOException> failures = List.of(
                new IOException("Could not obtain block"),
                new EOFException("Premature EOF from inputStream"),
                new SocketTimeoutException("60000 millis timeout"));
        for (IOException failure : failures) {
            int operation = 0;
            do {
                operation++;
                FaultyFileSystem.failIn(operation, Integer.MAX_VALUE, failure);
                try {
                    Samples.assertSame(
                            faulty.newest(CheckpointStoreContract::noWarning).orElseThrow(), Samples.checkpoint(2));
                    assertThat(FaultyFileSystem.died()).isFalse();
                } catch (CheckpointException e) {
                    assertThat(e.ofStorage()).as("%s", e).isTrue();
                    assertThat(e).hasMessageContaining(failure.getMessage());
                    if (operation > LISTING) {
                        assertThat(e)
                                .hasMessageContaining("/step-00000002: cannot be read: ")
                                .hasMessageEndingWith("; it may well be whole, so no older one is taken in its place."
                                        + " Try again when its storage answers; delete it if it is lost for good");
                    }
                }
            } while (FaultyFileSystem.died());
            assertThat(operation).isGreaterThan(LISTING + 6);
        }
        FaultyFileSystem.failIn(LISTING + 1, Integer.MAX_VALUE, failures.get(0));
        assertThatThrownBy(faulty::steps).hasMessageContaining("no older one is taken in its place");
    }

    @Test
    void whatFailsOnceIsReadAgain() {
        for (int operation = LISTING + 1; operation <= LISTING + 10; operation++) {
            FaultyFileSystem.failIn(operation, 1, new IOException("Connection reset"));
            Samples.assertSame(faulty.newest(CheckpointStoreContract::noWarning).orElseThrow(), Samples.checkpoint(2));
            assertThat(FaultyFileSystem.died()).isTrue();
        }
    }

    /** Of a file system that keeps checksums. */
    @Test
    void whatDoesNotHaveItsChecksumIsDamaged() {
        FaultyFileSystem.failIn(LISTING + 5, 1, new ChecksumException("Checksum error", 512));
        List<String> warnings = new ArrayList<>();
        Samples.assertSame(faulty.newest(warnings::add).orElseThrow(), Samples.checkpoint(1));
        assertThat(warnings).singleElement().asString().endsWith("/step-00000002: is damaged: Checksum error");
    }
}
