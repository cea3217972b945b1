package io.microgpt.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.microgpt.data.Sha256;
import io.microgpt.model.GptConfig;
import io.microgpt.model.ParameterLayout;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.StreamCapabilities;

/** Writes the files of a checkpoint to a directory that nobody reads yet. Equal checkpoints give equal bytes. */
final class CheckpointWriter {
    private static final int BUFFER_BYTES = 1 << 16;

    private final Directory directory;
    private final SortedMap<String, Manifest.Entry> files = new TreeMap<>();

    private CheckpointWriter(Directory directory) {
        this.directory = directory;
    }

    /** Writes everything, the manifest last, and returns the manifest when all of it is on disk. */
    static Manifest write(Directory directory, Checkpoint checkpoint) throws IOException {
        directory.create();
        CheckpointWriter writer = new CheckpointWriter(directory);
        writer.writeTensors(checkpoint);
        writer.write(CheckpointFormat.CONFIG, config(checkpoint, writer.path(CheckpointFormat.CONFIG)));
        writer.write(CheckpointFormat.STATE, TrainerStateJson.render(checkpoint.state()));
        writer.write(
                CheckpointFormat.TOKENIZER,
                Json.bytes(checkpoint.tokenizerJson(), writer.path(CheckpointFormat.TOKENIZER)));
        Manifest manifest = new Manifest(checkpoint.state().step(), writer.files);
        byte[] text = manifest.render();
        writer.writeFile(Manifest.NAME, out -> out.write(text));
        directory.sync();
        return manifest;
    }

    private void writeTensors(Checkpoint checkpoint) throws IOException {
        float[] weights = checkpoint.weights();
        String sha256 = WeightsHash.sha256Hex(weights);
        Map<String, String> metadata = CheckpointFormat.metadata(checkpoint.model(), sha256);
        List<SafeTensors.Matrix> model = matrices(checkpoint.model(), "", weights);
        List<SafeTensors.Matrix> optimizer = new ArrayList<>();
        optimizer.addAll(matrices(checkpoint.model(), CheckpointFormat.FIRST_MOMENT, checkpoint.firstMoment()));
        optimizer.addAll(matrices(checkpoint.model(), CheckpointFormat.SECOND_MOMENT, checkpoint.secondMoment()));
        writeFile(CheckpointFormat.MODEL, out -> SafeTensors.write(out, metadata, model));
        writeFile(CheckpointFormat.OPTIMIZER, out -> SafeTensors.write(out, metadata, optimizer));
        if (!WeightsHash.sha256Hex(weights).equals(sha256)) {
            throw new CheckpointException(
                    path(CheckpointFormat.MODEL), "the weights changed while they were written; write a copy of them");
        }
    }

    private static List<SafeTensors.Matrix> matrices(GptConfig model, String prefix, float[] values) {
        return new ParameterLayout(model)
                .matrices().stream()
                        .map(m -> new SafeTensors.Matrix(prefix + m.name(), values, m.offset(), m.rows(), m.columns()))
                        .toList();
    }

    private static byte[] config(Checkpoint checkpoint, String path) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put(CheckpointFormat.VERSION_KEY, CheckpointFormat.VERSION);
        root.set(CheckpointFormat.ARCHITECTURE, Architecture.render(checkpoint.model()));
        root.set(
                CheckpointFormat.CONFIGURATION,
                Json.parse(checkpoint.configJson(), path).node());
        return Json.render(root);
    }

    private void write(String name, byte[] content) throws IOException {
        if (content.length > CheckpointFormat.MAX_JSON_BYTES) {
            throw new CheckpointException(
                    path(name),
                    "would be " + content.length + " bytes long, at most " + CheckpointFormat.MAX_JSON_BYTES
                            + " can be read back");
        }
        writeFile(name, out -> out.write(content));
    }

    private void writeFile(String name, Content content) throws IOException {
        MessageDigest digest = Sha256.digest();
        try (FSDataOutputStream file = directory.fileSystem().create(directory.file(name), false)) {
            OutputStream out = new DigestOutputStream(new BufferedOutputStream(file, BUFFER_BYTES), digest);
            content.writeTo(out);
            out.flush();
            if (file.hasCapability(StreamCapabilities.HSYNC)) {
                file.hsync();
            }
            files.put(name, new Manifest.Entry(file.getPos(), Sha256.hex(digest)));
        } catch (IllegalArgumentException e) {
            // HDFS throws one exception object again when a broken file is closed, and Java refuses to let it suppress
            // itself.
            if (e.getCause() instanceof IOException broken) {
                throw broken;
            }
            throw e;
        }
    }

    private String path(String name) {
        return directory.file(name).toString();
    }

    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }
}
