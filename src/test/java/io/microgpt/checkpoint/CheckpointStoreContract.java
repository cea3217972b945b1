package io.microgpt.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.checkpoint.FaultyFileSystem.Counted;
import io.microgpt.checkpoint.FaultyFileSystem.Fatal;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a store does on every file system. */
abstract class CheckpointStoreContract {
    private Configuration hadoop;
    private URI directory;
    private FileSystem fileSystem;
    private CheckpointStore store;

    abstract Configuration hadoop();

    /** {@return a directory of the file system under test, for everything that is tested} */
    abstract URI base();

    /** {@return which of its operations a process dies in} */
    abstract Counted fatalOperations();

    /** {@return whether it is worth the time to let it die in the n-th of them} */
    boolean isWorthDying(int operation) {
        return true;
    }

    @BeforeEach
    void open() throws IOException {
        hadoop = hadoop();
        startAnew();
    }

    private void startAnew() throws IOException {
        directory = URI.create(base() + "/" + UUID.randomUUID() + "/checkpoints");
        fileSystem = FileSystem.get(directory, hadoop);
        store = new CheckpointStore(hadoop, directory.toString());
    }

    @Test
    void whatIsWrittenComesBackToTheLastBit() {
        Checkpoint checkpoint = Samples.checkpoint(1000);
        Path path = store.write(checkpoint);
        assertThat(path.getName()).isEqualTo("step-00001000");
        Samples.assertSame(store.load(1000), checkpoint);
        Samples.assertSame(CheckpointStore.loadDirectory(hadoop, path.toString()), checkpoint);
        Samples.assertSame(newest(), checkpoint);
        assertThat(store.steps()).containsExactly(1000L);
    }

    @Test
    void aCheckpointIsTheSixFilesOfItsFormatAndNothingElse() throws IOException {
        Path path = store.write(Samples.checkpoint(7));
        assertThat(names(path))
                .containsExactlyInAnyOrder(
                        "config.json",
                        "manifest.json",
                        "model.safetensors",
                        "optimizer.safetensors",
                        "tokenizer.json",
                        "trainer_state.json");
        assertThat(names(path.getParent())).containsExactly("step-00000007");
    }

    @Test
    void aStoreThatDoesNotExistIsEmpty() {
        assertThat(store.steps()).isEmpty();
        assertThat(store.newest(warning -> {})).isEmpty();
        store.retain(1, Set.of());
        assertThatThrownBy(() -> store.load(5))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("has no checkpoint of step 5, only of steps []");
    }

    @Test
    void theSameCheckpointAgainIsLeftAlone() throws IOException {
        Path path = store.write(Samples.checkpoint(3));
        long before = fileSystem.getFileStatus(new Path(path, "manifest.json")).getModificationTime();
        Path stranger = new Path(path, "notes.txt");
        fileSystem.create(stranger).close();
        store.write(Samples.checkpoint(3));
        assertThat(fileSystem.getFileStatus(new Path(path, "manifest.json")).getModificationTime())
                .isEqualTo(before);
        assertThat(fileSystem.exists(stranger)).isTrue();
        assertThat(names(path.getParent())).containsExactly("step-00000003");
        Samples.assertSame(store.load(3), Samples.checkpoint(3));
    }

    @Test
    void anotherCheckpointOfTheSameStepTakesItsPlace() throws IOException {
        store.write(Samples.checkpoint(3, 1));
        Path path = store.write(Samples.checkpoint(3, 2));
        Samples.assertSame(store.load(3), Samples.checkpoint(3, 2));
        assertThat(names(path.getParent())).containsExactly("step-00000003");
        assertThat(names(path)).hasSize(6);
    }

    @Test
    void aBrokenOneOfTheSameContentIsReplaced() throws IOException {
        Path path = store.write(Samples.checkpoint(3));
        Path tokenizer = new Path(path, "tokenizer.json");
        byte[] content = new byte[(int) fileSystem.getFileStatus(tokenizer).getLen()];
        overwrite(tokenizer, content);
        assertThatThrownBy(() -> store.load(3)).hasMessageContaining("the content is damaged");
        store.write(Samples.checkpoint(3));
        Samples.assertSame(newest(), Samples.checkpoint(3));
    }

    @Test
    void aFileWhereADirectoryShouldBeIsReplaced() throws IOException {
        Path path = new Path(new Path(directory), "step-00000003");
        overwrite(path, new byte[10]);
        assertThatThrownBy(() -> store.newest(warning -> {})).hasMessageContaining("is a file");
        store.write(Samples.checkpoint(3));
        Samples.assertSame(newest(), Samples.checkpoint(3));
    }

    @Test
    void newestFallsBackAndSaysSo() throws IOException {
        store.write(Samples.checkpoint(1));
        Path second = store.write(Samples.checkpoint(2));
        Path third = store.write(Samples.checkpoint(3));
        fileSystem.delete(new Path(second, "config.json"), false);
        Path model = new Path(third, "model.safetensors");
        overwrite(model, new byte[100]);
        assertThat(store.steps()).containsExactly(1L);

        List<String> warnings = new ArrayList<>();
        Samples.assertSame(store.newest(warnings::add).orElseThrow(), Samples.checkpoint(1));
        assertThat(warnings).hasSize(2);
        assertThat(warnings.get(0))
                .startsWith("checkpoint ")
                .contains("/step-00000003 is broken and passed over: ")
                .contains("/step-00000003/model.safetensors: is 100 bytes long, its manifest says ")
                .endsWith(": the file was truncated");
        assertThat(warnings.get(1))
                .contains("/step-00000002 is broken and passed over: ")
                .endsWith("/step-00000002/config.json: does not exist, every checkpoint has one");
    }

    @Test
    void whereAllAreBrokenTheErrorNamesThemAll() throws IOException {
        for (long step = 1; step <= 2; step++) {
            Path path = store.write(Samples.checkpoint(step));
            fileSystem.delete(new Path(path, "manifest.json"), false);
        }
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> store.newest(warning -> {}))
                .withMessageContaining(
                        "none of its 2 checkpoints is whole; restore one, or delete them to start anew: ")
                .withMessageContaining("/step-00000001/manifest.json: does not exist")
                .withMessageContaining("/step-00000002/manifest.json: does not exist");
    }

    @Test
    void aCheckpointUnderTheNameOfAnotherStepIsRefused() throws IOException {
        Path path = store.write(Samples.checkpoint(1));
        fileSystem.rename(path, new Path(path.getParent(), "step-00000009"));
        assertThat(store.steps()).isEmpty();
        assertThatThrownBy(() -> store.load(9)).hasMessageContaining("holds the checkpoint of step 1, its name says 9");
        Samples.assertSame(
                CheckpointStore.loadDirectory(hadoop, path.getParent() + "/step-00000009"), Samples.checkpoint(1));
    }

    @Test
    void retentionKeepsTheLastAndTheBest() throws IOException {
        for (long step = 1; step <= 6; step++) {
            store.write(Samples.checkpoint(step));
        }
        store.retain(2, Set.of(3L));
        assertThat(names(new Path(directory)))
                .containsExactlyInAnyOrder("step-00000003", "step-00000005", "step-00000006");
        store.retain(5, Set.of());
        assertThat(store.steps()).containsExactly(3L, 5L, 6L);
        store.retain(1, Set.of());
        assertThat(store.steps()).containsExactly(6L);
        assertThatThrownBy(() -> store.retain(0, Set.of()))
                .hasMessage("the number of checkpoints to keep = 0 must be at least 1");
    }

    @Test
    void brokenOnesNeverDriveOutWholeOnes() throws IOException {
        for (long step = 1; step <= 4; step++) {
            Path path = store.write(Samples.checkpoint(step));
            if (step >= 3) {
                overwrite(new Path(path, "manifest.json"), new byte[0]);
            }
        }
        store.retain(1, Set.of());
        assertThat(names(new Path(directory)))
                .containsExactlyInAnyOrder("step-00000002", "step-00000003", "step-00000004");
        Samples.assertSame(newestAfterWarnings(), Samples.checkpoint(2));
    }

    @Test
    void leftoversAreIgnoredAndCleared() throws IOException {
        Path path = store.write(Samples.checkpoint(1));
        Path left = new Path(path.getParent(), StepName.temporary(9));
        fileSystem.mkdirs(left);
        overwrite(new Path(left, "model.safetensors"), new byte[10]);
        fileSystem.mkdirs(new Path(path.getParent(), StepName.replaced(1)));
        fileSystem.mkdirs(new Path(path.getParent(), "somebody-elses"));
        assertThat(store.steps()).containsExactly(1L);
        Samples.assertSame(newest(), Samples.checkpoint(1));
        store.retain(3, Set.of());
        assertThat(names(path.getParent())).containsExactlyInAnyOrder("somebody-elses", "step-00000001");
    }

    @Test
    void whoLosesTheRaceForANameDoesNotEndUpInsideTheWinner() throws IOException {
        Path winner = store.write(Samples.checkpoint(1));
        Path loser = new Path(winner.getParent(), StepName.temporary(1));
        fileSystem.mkdirs(loser);
        FileSystem late = new FilterFileSystem(fileSystem) {
            private boolean looked;

            @Override
            public FileStatus getFileStatus(Path path) throws IOException {
                if (path.equals(winner) && !looked) {
                    looked = true;
                    throw new FileNotFoundException(path + " is not there yet");
                }
                return super.getFileStatus(path);
            }
        };
        assertThatThrownBy(() -> new Directory(late, loser).renameTo(new Directory(late, winner)))
                .isInstanceOf(FileAlreadyExistsException.class)
                .hasMessageContaining("step-00000001");
        assertThat(names(winner)).hasSize(6);
        Samples.assertSame(newest(), Samples.checkpoint(1));
    }

    @ParameterizedTest
    @EnumSource(Fatal.class)
    void aFirstWriteIsWholeOrAbsentWhereverItDies(Fatal fatal) throws IOException {
        dieEverywhere(fatal, store -> {}, store -> store.write(Samples.checkpoint(1)), () -> {
            Optional<Checkpoint> newest = store.newest(CheckpointStoreContract::noWarning);
            newest.ifPresent(checkpoint -> Samples.assertSame(checkpoint, Samples.checkpoint(1)));
        });
    }

    @ParameterizedTest
    @EnumSource(Fatal.class)
    void replacingLeavesTheOldOrTheNewWhereverItDies(Fatal fatal) throws IOException {
        dieEverywhere(
                fatal,
                store -> {
                    store.write(Samples.checkpoint(1));
                    store.write(Samples.checkpoint(2, 1));
                },
                store -> store.write(Samples.checkpoint(2, 2)),
                () -> {
                    Checkpoint newest = newest();
                    Samples.assertSame(
                            newest, Samples.checkpoint(2, newest.state().seed()));
                    assertThat(store.steps()).containsExactly(1L, 2L);
                });
    }

    @ParameterizedTest
    @EnumSource(Fatal.class)
    void retentionLosesNothingThatItKeepsWhereverItDies(Fatal fatal) throws IOException {
        dieEverywhere(
                fatal,
                store -> {
                    for (long step = 1; step <= 3; step++) {
                        store.write(Samples.checkpoint(step));
                    }
                },
                store -> store.retain(1, Set.of(1L)),
                () -> {
                    assertThat(store.steps()).contains(1L, 3L);
                    Samples.assertSame(newest(), Samples.checkpoint(3));
                    Samples.assertSame(store.load(1), Samples.checkpoint(1));
                });
    }

    /** Lets a process die in each operation of an action in turn; sound writers go on afterwards. */
    private void dieEverywhere(Fatal fatal, Action before, Action action, Runnable check) throws IOException {
        boolean died = true;
        for (int operation = 1; died; operation++) {
            if (!isWorthDying(operation)) {
                continue;
            }
            startAnew();
            before.run(store);
            Configuration faulty = FaultyFileSystem.configuration(hadoop, base());
            FaultyFileSystem.dieIn(operation, fatalOperations(), fatal);
            try {
                action.run(new CheckpointStore(faulty, FaultyFileSystem.uri(directory)));
            } catch (CheckpointException e) {
                assertThat(e).hasRootCauseMessage("the process died");
            }
            died = FaultyFileSystem.died();
            check.run();
            store.write(Samples.checkpoint(9));
            store.retain(1, Set.of());
            Samples.assertSame(newest(), Samples.checkpoint(9));
            assertThat(names(new Path(directory)))
                    .as("after death in %d", operation)
                    .containsExactly("step-00000009");
        }
    }

    private interface Action {
        void run(CheckpointStore store);
    }

    private Checkpoint newest() {
        return store.newest(CheckpointStoreContract::noWarning).orElseThrow();
    }

    private Checkpoint newestAfterWarnings() {
        return store.newest(warning -> {}).orElseThrow();
    }

    static void noWarning(String warning) {
        throw new AssertionError("unexpected warning: " + warning);
    }

    private void overwrite(Path path, byte[] content) throws IOException {
        // Deleted first, so that a local .crc of other content cannot stand in the way.
        fileSystem.delete(path, true);
        try (OutputStream out = fileSystem.create(path, true)) {
            out.write(content);
        }
    }

    private List<String> names(Path path) throws IOException {
        return Stream.of(fileSystem.listStatus(path))
                .map(FileStatus::getPath)
                .map(Path::getName)
                .toList();
    }
}
