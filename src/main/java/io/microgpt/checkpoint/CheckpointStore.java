package io.microgpt.checkpoint;

import io.microgpt.checkpoint.StepName.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * The checkpoints of a run: {@code step-00001000} and its like in one directory of any Hadoop file system. A checkpoint
 * is written beside and then renamed, so that it is whole or absent at every moment, as far as the file system renames
 * directories at once (HDFS and local disks do; where an object store does not, the manifest tells).
 *
 * <p>Any number may read; one process at a time may write, and its threads may share one store. All damage and all
 * failures of the storage are {@link CheckpointException}s.
 */
public final class CheckpointStore {
    private final Directory root;

    /**
     * A store in a directory that need not exist yet.
     *
     * @param hadoop says where file systems are
     * @param directory a URI of any Hadoop file system, or a path in the default one
     */
    public CheckpointStore(Configuration hadoop, String directory) {
        this.root = Directory.of(hadoop, directory);
    }

    /** {@return the directory of the checkpoints} */
    public Path directory() {
        return root.path();
    }

    /** {@return the checkpoint in this directory, whatever the directory is called; everything in it is verified} */
    public static Checkpoint loadDirectory(Configuration hadoop, String directory) {
        return CheckpointReader.read(Directory.of(hadoop, directory));
    }

    /**
     * Writes a checkpoint and returns its directory, when it is whole and on disk. Where its step has one already, the
     * same one is left alone, and a broken or different one is replaced.
     */
    public synchronized Path write(Checkpoint checkpoint) {
        long step = checkpoint.state().step();
        Directory target = root.child(StepName.checkpoint(step));
        Directory fresh = root.child(StepName.temporary(step));
        try {
            Manifest manifest = CheckpointWriter.write(fresh, checkpoint);
            if (!target.exists()) {
                fresh.renameTo(target);
                root.sync();
            } else if (isWhole(target, manifest)) {
                deleteIfPossible(fresh);
            } else {
                replace(target, fresh, step);
            }
            return target.path();
        } catch (IOException | FSError e) {
            deleteIfPossible(fresh);
            throw CheckpointException.storage(target.path(), "cannot be written", e);
        } catch (RuntimeException e) {
            deleteIfPossible(fresh);
            throw e;
        }
    }

    private static boolean isWhole(Directory directory, Manifest expected) {
        try {
            if (!CheckpointReader.inspect(directory).equals(expected)) {
                return false;
            }
            CheckpointReader.verify(directory);
            return true;
        } catch (CheckpointException e) {
            return false;
        }
    }

    /** Between the two renames the old directory, by its new name, still counts as the checkpoint of its step. */
    private void replace(Directory target, Directory fresh, long step) throws IOException {
        // What an earlier writer left in the same way is certainly not the checkpoint: the target is.
        deleteLeftovers(name -> name.kind() == Kind.REPLACED && name.step() == step);
        Directory old = root.child(StepName.replaced(step));
        target.renameTo(old);
        fresh.renameTo(target);
        root.sync();
        deleteIfPossible(old);
    }

    /** Where it is not possible, what stays behind is hidden, does no harm, and {@link #retain} finds it. */
    private static void deleteIfPossible(Directory directory) {
        try {
            directory.delete();
        } catch (IOException | FSError e) {
            return;
        }
    }

    /**
     * {@return the steps of checkpoints that look whole, ascending: their manifest is sound and their files have the
     * right sizes} Only loading one reads all of it.
     *
     * @throws CheckpointException where storage does not say of one what it looks like
     */
    public List<Long> steps() {
        return wholeLooking(directories(), e -> {
            throw mayBeWhole(e);
        });
    }

    /** @param unread takes what storage did not give */
    private static List<Long> wholeLooking(
            NavigableMap<Long, Directory> directories, Consumer<CheckpointException> unread) {
        List<Long> steps = new ArrayList<>();
        directories.forEach((step, directory) -> {
            try {
                if (CheckpointReader.inspect(directory).step() == step) {
                    steps.add(step);
                }
            } catch (CheckpointException e) {
                if (e.ofStorage()) {
                    unread.accept(e);
                }
                // Not whole, and so not listed; newest() and load() say why.
            }
        });
        return List.copyOf(steps);
    }

    /** {@return the checkpoint of this step; everything in it is verified} */
    public Checkpoint load(long step) {
        NavigableMap<Long, Directory> directories = directories();
        Directory directory = directories.get(step);
        if (directory == null) {
            throw new CheckpointException(
                    root.path(), "has no checkpoint of step " + step + ", only of steps " + directories.keySet());
        }
        return load(step, directory);
    }

    private static Checkpoint load(long step, Directory directory) {
        Checkpoint checkpoint = CheckpointReader.read(directory);
        if (checkpoint.state().step() != step) {
            throw new CheckpointException(
                    directory.path(),
                    "holds the checkpoint of step " + checkpoint.state().step() + ", its name says " + step);
        }
        return checkpoint;
    }

    /**
     * {@return the newest whole checkpoint, verified; nothing where there is no checkpoint at all} Passed over is only
     * what was read and is wrong: an older one in place of one that storage does not give would be another training.
     *
     * @param warnings is told of every newer one that is broken: its path, the file and the reason
     * @throws CheckpointException where there are checkpoints and all are broken, and it names them all; or where
     *     storage fails
     */
    public Optional<Checkpoint> newest(Consumer<String> warnings) {
        List<CheckpointException> broken = new ArrayList<>();
        NavigableMap<Long, Directory> directories = directories();
        for (long step : directories.descendingKeySet()) {
            try {
                return Optional.of(load(step, directories.get(step)));
            } catch (CheckpointException e) {
                if (e.ofStorage()) {
                    throw mayBeWhole(e);
                }
                broken.add(e);
                warnings.accept(
                        "checkpoint " + directories.get(step).path() + " is broken and passed over: " + e.getMessage());
            }
        }
        if (broken.isEmpty()) {
            return Optional.empty();
        }
        String reasons = broken.stream().map(CheckpointException::getMessage).collect(Collectors.joining("; "));
        CheckpointException none = new CheckpointException(
                root.path(),
                "none of its " + broken.size() + " checkpoints is whole; restore one, or delete them to start anew: "
                        + reasons);
        broken.forEach(none::addSuppressed);
        throw none;
    }

    private static CheckpointException mayBeWhole(CheckpointException e) {
        return e.with("it may well be whole, so no older one is taken in its place. Try again when its storage answers;"
                + " delete it if it is lost for good");
    }

    /**
     * Deletes checkpoints that are older than the last ones, and what writers left behind that died. Broken ones, and
     * those that storage does not give now, do not count as any of the last, so that whole ones never go for their sake.
     *
     * @param last how many of the newest to keep, at least 1
     * @param others the steps of those to keep in any case
     */
    public synchronized void retain(int last, Collection<Long> others) {
        if (last < 1) {
            throw new IllegalArgumentException("the number of checkpoints to keep = " + last + " must be at least 1");
        }
        NavigableMap<Long, Directory> directories = directories();
        List<Long> whole = wholeLooking(directories, unread -> {});
        try {
            deleteLeftovers(name -> name.kind() == Kind.TEMPORARY
                    || name.kind() == Kind.REPLACED && isVisible(directories.get(name.step())));
            if (whole.size() > last) {
                long oldest = whole.get(whole.size() - last);
                for (var entry : directories.headMap(oldest, false).entrySet()) {
                    if (!others.contains(entry.getKey())) {
                        vanish(entry.getKey(), entry.getValue());
                    }
                }
            }
        } catch (IOException | FSError e) {
            throw CheckpointException.storage(root.path(), "cannot be cleared of old checkpoints", e);
        }
    }

    /** Deletes the checkpoints of later steps, whole or not: those of a training that went another way from {@code step} on. */
    public synchronized void discardAfter(long step) {
        try {
            for (var later : directories().tailMap(step, false).descendingMap().entrySet()) {
                vanish(later.getKey(), later.getValue());
            }
        } catch (IOException | FSError e) {
            throw CheckpointException.storage(root.path(), "cannot be cleared of the steps after " + step, e);
        }
    }

    private static boolean isVisible(Directory directory) {
        return StepName.parse(directory.path().getName())
                .filter(name -> name.kind() == Kind.CHECKPOINT)
                .isPresent();
    }

    private void deleteLeftovers(Predicate<StepName> unwanted) throws IOException {
        for (FileStatus status : root.list()) {
            String entry = status.getPath().getName();
            if (StepName.parse(entry).filter(unwanted).isPresent()) {
                root.child(entry).delete();
            }
        }
    }

    /** Deletes at once, as others see it: deleting takes a file system many steps. */
    private void vanish(long step, Directory directory) throws IOException {
        Directory hidden = root.child(StepName.temporary(step));
        directory.renameTo(hidden);
        hidden.delete();
    }

    /** {@return the directory that counts for each step, whole or not} */
    private NavigableMap<Long, Directory> directories() {
        NavigableMap<Long, Directory> directories = new TreeMap<>();
        try {
            for (FileStatus status : root.list()) {
                String entry = status.getPath().getName();
                StepName name = StepName.parse(entry).orElse(null);
                if (name != null && name.kind() == Kind.CHECKPOINT) {
                    directories.put(name.step(), root.child(entry));
                } else if (name != null && name.kind() == Kind.REPLACED) {
                    directories.putIfAbsent(name.step(), root.child(entry));
                }
            }
        } catch (IOException | FSError e) {
            throw CheckpointException.storage(root.path(), "cannot be listed", e);
        }
        return directories;
    }
}
