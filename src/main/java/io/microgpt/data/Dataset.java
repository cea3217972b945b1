package io.microgpt.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.Path;

/**
 * A prepared dataset on any Hadoop file system: a directory with {@code manifest.json}, {@code tokenizer.json}, and a Parquet
 * file for each shard of both parts.
 */
public final class Dataset {
    /** File name of the tokenizer inside the directory. */
    public static final String TOKENIZER = "tokenizer.json";

    /** As many as a checkpoint, which keeps the tokenizer, reads of one. */
    private static final int MOST_BYTES = 64 << 20;

    private final Configuration hadoop;
    private final Path directory;
    private final Manifest manifest;
    private final String tokenizerJson;

    private Dataset(Configuration hadoop, Path directory, Manifest manifest, String tokenizerJson) {
        this.hadoop = hadoop;
        this.directory = directory;
        this.manifest = manifest;
        this.tokenizerJson = tokenizerJson;
    }

    /**
     * {@return whether {@code directory} holds a prepared dataset}
     *
     * @throws DatasetException if its file system does not answer
     */
    public static boolean exists(Configuration hadoop, String directory) {
        Path path = new Path(directory, Manifest.FILE);
        try {
            return path.getFileSystem(hadoop).exists(path);
        } catch (IOException e) {
            throw new DatasetException(directory + ": cannot be reached: " + e.getMessage(), e);
        }
    }

    /**
     * Opens a prepared dataset.
     *
     * @throws DatasetException if it is not there or its parts do not fit each other
     */
    public static Dataset open(Configuration hadoop, String directory) {
        Path root = new Path(directory);
        String manifestText = read(hadoop, new Path(root, Manifest.FILE));
        Manifest manifest = Manifest.parse(manifestText, root + "/" + Manifest.FILE);
        String tokenizerJson = read(hadoop, new Path(root, TOKENIZER));
        if (!Sha256.of(tokenizerJson).equals(manifest.tokenizerSha256())) {
            throw new DatasetException(root + "/" + TOKENIZER + ": SHA-256 " + Sha256.of(tokenizerJson)
                    + " is not the one in the manifest, " + manifest.tokenizerSha256() + "; prepare the dataset again");
        }
        return new Dataset(hadoop, root, manifest, tokenizerJson);
    }

    private static String read(Configuration hadoop, Path path) {
        try (InputStream in = path.getFileSystem(hadoop).open(path)) {
            return BoundedText.read(in, path, MOST_BYTES);
        } catch (FileNotFoundException e) {
            throw new DatasetException(
                    path + ": no such file; is " + path.getParent() + " a dataset made by prepare?", e);
        } catch (IOException | FSError e) {
            throw new DatasetException(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    public Path directory() {
        return directory;
    }

    public Manifest manifest() {
        return manifest;
    }

    public String tokenizerJson() {
        return tokenizerJson;
    }

    /**
     * Reads one shard and checks it against the manifest.
     *
     * @throws DatasetException if it is damaged or another one
     */
    public TokenShard shard(Part part, int index) {
        return shard(hadoop, directory, manifest, part, index);
    }

    /** The same from the parts of a dataset, for an executor that has no {@code Dataset} of its own. */
    public static TokenShard shard(Configuration hadoop, Path directory, Manifest manifest, Part part, int index) {
        Path file = new Path(directory, Manifest.file(part, index));
        Manifest.Shard expected = manifest.shards(part).get(index);
        TokenShard shard = ShardFile.read(hadoop, file, expected, manifest.vocabularySize(), manifest.blockSize());
        if (shard.documents() != expected.documents()
                || shard.positions() != expected.positions()
                || !shard.sha256().equals(expected.sha256())) {
            throw new DatasetException(
                    file + ": holds " + shard.documents() + " documents with SHA-256 " + shard.sha256()
                            + ", but the manifest says " + expected.documents() + " with " + expected.sha256()
                            + "; the file was changed or replaced: prepare the dataset again");
        }
        return shard;
    }
}
