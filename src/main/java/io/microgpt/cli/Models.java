package io.microgpt.cli;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.CheckpointStore;
import io.microgpt.data.DatasetException;
import java.io.IOException;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Finds a model where {@code --model} says: a run directory or one checkpoint of it. */
final class Models {
    private static final String WEIGHTS = "model.safetensors";

    private Models() {}

    /**
     * {@return the checkpoint itself, or the newest whole one of a run; or its best}
     *
     * @throws DatasetException if there is neither a run nor a checkpoint
     */
    static Checkpoint load(Configuration hadoop, String model, boolean best, Consumer<String> warnings) {
        try {
            Path path = new Path(model);
            FileSystem fs = path.getFileSystem(hadoop);
            if (fs.exists(new Path(path, WEIGHTS))) {
                return CheckpointStore.loadDirectory(hadoop, model);
            }
            Path checkpoints = new Path(path, RunDirectory.CHECKPOINTS);
            CheckpointStore store =
                    new CheckpointStore(hadoop, (fs.exists(checkpoints) ? checkpoints : path).toString());
            Checkpoint newest = store.newest(warnings)
                    .orElseThrow(() ->
                            new DatasetException(model + ": is neither a run directory with " + RunDirectory.CHECKPOINTS
                                    + "/step-... in it nor a checkpoint; give --model the --out of a training"));
            return best && newest.state().bestStep().isPresent()
                    ? store.load(newest.state().bestStep().getAsLong())
                    : newest;
        } catch (IOException e) {
            throw new DatasetException(model + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
