package io.microgpt.checkpoint;

import io.microgpt.data.Sha256;
import io.microgpt.model.GptConfig;
import io.microgpt.model.ParameterLayout;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;

/** Reads a checkpoint, and believes nothing: each length is held against the file before it is used. */
final class CheckpointReader {
    private static final int MATRICES_A_LAYER = 6;
    private static final int MATRICES_BESIDES = 3;

    private final Directory directory;
    private final Manifest manifest;

    private CheckpointReader(Directory directory, Manifest manifest) {
        this.directory = directory;
        this.manifest = manifest;
    }

    /**
     * {@return the manifest, where every file that it lists is there and has its size} That finds what a crash leaves
     * behind, without reading much.
     */
    static Manifest inspect(Directory directory) {
        return fromStorage(directory, () -> open(directory).manifest);
    }

    /** Reads all the files to see that they are the ones of the manifest, without looking at what they mean. */
    static void verify(Directory directory) {
        fromStorage(directory, () -> {
            CheckpointReader reader = open(directory);
            for (String name : CheckpointFormat.FILES) {
                reader.verifyFile(name);
            }
            return reader.manifest;
        });
    }

    /** {@return the whole checkpoint, verified} */
    static Checkpoint read(Directory directory) {
        return fromStorage(directory, () -> open(directory).read());
    }

    /**
     * Tells what was read and is wrong from what could not be read, which may be as it should be. Of that, a first time is passed over: it may
     * have been one connection, and a training that goes back must find the checkpoint that it would have found undisturbed.
     */
    private static <T> T fromStorage(Directory directory, Reading<T> reading) {
        try {
            return onceFromStorage(directory, reading);
        } catch (CheckpointException e) {
            // Whoever was interrupted, or has waited for a timeout, does not ask again.
            if (!e.ofStorage()
                    || e.getCause() instanceof InterruptedIOException
                    || Thread.currentThread().isInterrupted()) {
                throw e;
            }
            return onceFromStorage(directory, reading);
        }
    }

    private static <T> T onceFromStorage(Directory directory, Reading<T> reading) {
        try {
            return reading.run();
        } catch (ChecksumException | LittleEndian.Ended e) {
            throw new CheckpointException(directory.path(), "is damaged: " + e.getMessage(), e);
        } catch (IOException | FSError e) {
            throw CheckpointException.storage(directory.path(), "cannot be read", e);
        }
    }

    private interface Reading<T> {
        T run() throws IOException;
    }

    private static CheckpointReader open(Directory directory) throws IOException {
        if (!status(directory, "").isDirectory()) {
            throw new CheckpointException(directory.path(), "is a file, the directory of a checkpoint was expected");
        }
        long bytes = fileLength(directory, Manifest.NAME);
        if (bytes > Manifest.MAX_BYTES) {
            throw new CheckpointException(
                    directory.file(Manifest.NAME),
                    "is " + bytes + " bytes long, a manifest has at most " + Manifest.MAX_BYTES);
        }
        String path = directory.file(Manifest.NAME).toString();
        byte[] text;
        try (InputStream in = directory.fileSystem().open(directory.file(Manifest.NAME))) {
            text = in.readNBytes((int) bytes);
        }
        Manifest manifest = Manifest.parse(text, path);
        if (!manifest.files().keySet().equals(CheckpointFormat.FILES)) {
            throw new CheckpointException(
                    path, "lists " + Json.brief(manifest.files().keySet()) + ", expected " + CheckpointFormat.FILES);
        }
        for (Map.Entry<String, Manifest.Entry> file : manifest.files().entrySet()) {
            long length = fileLength(directory, file.getKey());
            long expected = file.getValue().bytes();
            if (length != expected) {
                throw new CheckpointException(
                        directory.file(file.getKey()),
                        "is " + length + " bytes long, its manifest says " + expected + ": the file was "
                                + (length < expected ? "truncated" : "replaced or appended to"));
            }
        }
        return new CheckpointReader(directory, manifest);
    }

    private static FileStatus status(Directory directory, String name) throws IOException {
        try {
            return directory.fileSystem().getFileStatus(name.isEmpty() ? directory.path() : directory.file(name));
        } catch (FileNotFoundException e) {
            throw new CheckpointException(
                    name.isEmpty() ? directory.path() : directory.file(name),
                    "does not exist" + (name.isEmpty() ? "" : ", every checkpoint has one"),
                    e);
        }
    }

    private static long fileLength(Directory directory, String name) throws IOException {
        FileStatus status = status(directory, name);
        if (!status.isFile()) {
            throw new CheckpointException(directory.file(name), "is a directory, a file was expected");
        }
        return status.getLen();
    }

    private Checkpoint read() throws IOException {
        JsonFields config = Json.parse(json(CheckpointFormat.CONFIG), path(CheckpointFormat.CONFIG));
        requireVersion(config);
        GptConfig model = Architecture.parse(config.object(CheckpointFormat.ARCHITECTURE));
        TrainerState state = TrainerStateJson.parse(json(CheckpointFormat.STATE), path(CheckpointFormat.STATE));
        if (state.step() != manifest.step()) {
            throw new CheckpointException(
                    path(CheckpointFormat.STATE),
                    "is of step " + state.step() + ", its manifest of step " + manifest.step());
        }
        String tokenizer = Json.text(json(CheckpointFormat.TOKENIZER), path(CheckpointFormat.TOKENIZER));
        TensorFile weights = tensors(CheckpointFormat.MODEL, model, List.of(""));
        String sha256 = WeightsHash.sha256Hex(weights.arrays[0]);
        requireMetadata(CheckpointFormat.MODEL, weights.metadata, CheckpointFormat.metadata(model, sha256));
        TensorFile moments = tensors(
                CheckpointFormat.OPTIMIZER,
                model,
                List.of(CheckpointFormat.FIRST_MOMENT, CheckpointFormat.SECOND_MOMENT));
        requireMetadata(CheckpointFormat.OPTIMIZER, moments.metadata, CheckpointFormat.metadata(model, sha256));
        return new Checkpoint(
                model,
                weights.arrays[0],
                moments.arrays[0],
                moments.arrays[1],
                state,
                tokenizer,
                config.object(CheckpointFormat.CONFIGURATION).node().toString());
    }

    private static void requireVersion(JsonFields config) {
        long version = config.integer(CheckpointFormat.VERSION_KEY, 1, Integer.MAX_VALUE);
        if (version != CheckpointFormat.VERSION) {
            throw config.damage("is of format version " + version + ", this program reads version "
                    + CheckpointFormat.VERSION + "; use the release that wrote it");
        }
    }

    /** Ties both tensor files to the architecture and to the same weights, however well their checksums fit. */
    private void requireMetadata(String name, Map<String, String> actual, Map<String, String> expected) {
        expected.forEach((key, value) -> {
            if (!value.equals(actual.get(key))) {
                throw new CheckpointException(
                        path(name),
                        "has " + key + " = " + Json.brief(actual.get(key))
                                + " in its metadata, the rest of the checkpoint has " + value);
            }
        });
    }

    /** What a tensor file holds: one flat array for each prefix of names. */
    private record TensorFile(Map<String, String> metadata, float[][] arrays) {}

    private TensorFile tensors(String name, GptConfig model, List<String> prefixes) throws IOException {
        MessageDigest digest = Sha256.digest();
        long bytes = manifest.files().get(name).bytes();
        try (InputStream in = new DigestInputStream(directory.fileSystem().open(directory.file(name)), digest);
                SafeTensorsReader reader = SafeTensorsReader.open(in, bytes, path(name))) {
            requireCount(name, reader.tensors().size(), model, prefixes.size());
            List<ParameterLayout.Matrix> matrices = new ParameterLayout(model).matrices();
            for (int i = 0; i < reader.tensors().size(); i++) {
                String prefix = prefixes.get(i / matrices.size());
                requireMatrix(name, reader.tensors().get(i), prefix, matrices.get(i % matrices.size()));
            }
            // Only now is it certain that the file is as long as the arrays that are allocated for it.
            requireMemory();
            float[][] arrays = new float[prefixes.size()][model.parameters()];
            for (int i = 0; i < reader.tensors().size(); i++) {
                int offset = matrices.get(i % matrices.size()).offset();
                reader.readFloats(reader.tensors().get(i), arrays[i / matrices.size()], offset);
            }
            reader.finish();
            requireDigest(name, digest);
            return new TensorFile(reader.metadata(), arrays);
        }
    }

    /** Before a layout is made: that of a hostile number of layers would fill the memory. */
    private void requireCount(String name, int actual, GptConfig model, int copies) {
        long expected = copies * (MATRICES_BESIDES + (long) MATRICES_A_LAYER * model.nLayer());
        if (actual != expected) {
            throw new CheckpointException(
                    path(name),
                    "has " + actual + " tensors, the architecture of " + CheckpointFormat.CONFIG + " has " + expected
                            + ": " + model);
        }
    }

    private void requireMatrix(String name, TensorInfo tensor, String prefix, ParameterLayout.Matrix matrix) {
        List<Long> shape = List.of((long) matrix.rows(), (long) matrix.columns());
        String expected = TensorInfo.Type.F32 + " " + prefix + matrix.name() + " " + shape;
        String actual = tensor.type() + " " + tensor.name() + " " + tensor.shape();
        if (!actual.equals(expected)) {
            throw new CheckpointException(
                    path(name),
                    "has the tensor " + Json.brief(actual) + ", the architecture of " + CheckpointFormat.CONFIG
                            + " has " + expected);
        }
    }

    /** Of weights and moments, which are held together. A sparse file of any size costs nothing; and to be told beats an OutOfMemoryError. */
    private void requireMemory() {
        long model = manifest.files().get(CheckpointFormat.MODEL).bytes();
        long optimizer = manifest.files().get(CheckpointFormat.OPTIMIZER).bytes();
        long available = Runtime.getRuntime().maxMemory();
        if (model > available || optimizer > available - model) {
            throw new CheckpointException(
                    directory.path(),
                    "takes " + (model + optimizer) + " bytes of memory, weights and moments, this process has "
                            + available + "; give it more, with spark.driver.memory or -Xmx");
        }
    }

    private byte[] json(String name) throws IOException {
        long bytes = manifest.files().get(name).bytes();
        if (bytes > CheckpointFormat.MAX_JSON_BYTES) {
            throw new CheckpointException(
                    path(name),
                    "is " + bytes + " bytes long, at most " + CheckpointFormat.MAX_JSON_BYTES + " are read");
        }
        MessageDigest digest = Sha256.digest();
        try (InputStream in = directory.fileSystem().open(directory.file(name))) {
            byte[] content = in.readNBytes((int) bytes);
            digest.update(content);
            requireDigest(name, digest);
            return content;
        }
    }

    private void verifyFile(String name) throws IOException {
        MessageDigest digest = Sha256.digest();
        try (InputStream in = new DigestInputStream(directory.fileSystem().open(directory.file(name)), digest)) {
            new LittleEndian().pass(in, manifest.files().get(name).bytes());
        }
        requireDigest(name, digest);
    }

    private void requireDigest(String name, MessageDigest digest) {
        String actual = Sha256.hex(digest);
        String expected = manifest.files().get(name).sha256();
        if (!actual.equals(expected)) {
            throw new CheckpointException(
                    path(name),
                    "has SHA-256 " + actual + ", its manifest says " + expected + ": the content is damaged");
        }
    }

    private String path(String name) {
        return directory.file(name).toString();
    }
}
