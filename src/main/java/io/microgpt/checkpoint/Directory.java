package io.microgpt.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A place in a file system, which may or may not exist.
 *
 * @param fileSystem where it is
 * @param path its qualified path
 */
record Directory(FileSystem fileSystem, Path path) {
    /**
     * {@return the place of this name: a URI of any Hadoop file system, or a path in the default one}
     *
     * @throws CheckpointException where there is no such file system
     */
    static Directory of(Configuration hadoop, String name) {
        try {
            Path path = new Path(name);
            FileSystem fileSystem = path.getFileSystem(hadoop);
            if (fileSystem instanceof LocalFileSystem local) {
                // Beneath the layer that writes hidden .crc files: it cannot sync, and we have checksums of our own.
                fileSystem = local.getRawFileSystem();
            }
            return new Directory(fileSystem, fileSystem.makeQualified(path));
        } catch (IOException | IllegalArgumentException e) {
            throw CheckpointException.storage(
                    name, "cannot be opened, check the URI and the cluster's configuration", e);
        }
    }

    Directory child(String name) {
        return new Directory(fileSystem, new Path(path, name));
    }

    Path file(String name) {
        return new Path(path, name);
    }

    boolean exists() throws IOException {
        return fileSystem.exists(path);
    }

    /** {@return what is in here; nothing if this does not exist} */
    List<FileStatus> list() throws IOException {
        try {
            if (!fileSystem.getFileStatus(path).isDirectory()) {
                throw new CheckpointException(path, "is a file, a directory was expected");
            }
            return Stream.of(fileSystem.listStatus(path)).toList();
        } catch (FileNotFoundException e) {
            return List.of();
        }
    }

    void create() throws IOException {
        if (!fileSystem.mkdirs(path)) {
            throw new IOException("the file system refused to make the directory " + path);
        }
    }

    /**
     * Renames this to a sibling that must not exist. Where it does, Hadoop's rename would answer false, or move this
     * <em>into</em> it, depending on the file system.
     */
    void renameTo(Directory target) throws IOException {
        if (target.exists()) {
            throw new FileAlreadyExistsException(target.path().toString());
        }
        if (!fileSystem.rename(path, target.path())) {
            throw new IOException("the file system refused to rename " + path + " to " + target.path());
        }
        Directory inside = target.child(path.getName());
        if (inside.exists()) {
            // Somebody made the target since we looked.
            inside.delete();
            throw new FileAlreadyExistsException(target.path().toString());
        }
    }

    /** Deletes this and all that is in it, if it exists. */
    void delete() throws IOException {
        if (!fileSystem.delete(path, true) && exists()) {
            throw new IOException("the file system refused to delete " + path);
        }
    }

    /** Makes the entries of this directory outlive a power cut. Only local disks need it. */
    void sync() {
        if (fileSystem instanceof RawLocalFileSystem local) {
            try (FileChannel channel = FileChannel.open(local.pathToFile(path).toPath(), StandardOpenOption.READ)) {
                channel.force(true);
            } catch (IOException e) {
                // Some platforms cannot open directories. What is lost is protection against power cuts alone, and
                // a reader would notice.
                return;
            }
        }
    }
}
