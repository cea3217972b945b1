package io.microgpt.checkpoint;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/** Finds a model where a user says: a run directory, a directory of checkpoints, or one checkpoint. */
public final class Models {
    /** Where a run has its checkpoints. */
    public static final String CHECKPOINTS = "checkpoints";

    private Models() {}

    /**
     * Which model a name stands for at this moment.
     *
     * @param directory of the checkpoint
     * @param sha256 of its file of weights, as its manifest says
     */
    public record Identity(String directory, String sha256) {}

    /**
     * {@return the checkpoint itself, or the newest whole one of a run; or its best}
     *
     * @throws CheckpointException if there is neither a run nor a checkpoint
     */
    public static Checkpoint load(Configuration hadoop, String model, boolean best, Consumer<String> warnings) {
        try {
            if (isCheckpoint(hadoop, model)) {
                return CheckpointStore.loadDirectory(hadoop, model);
            }
            CheckpointStore store = store(hadoop, model);
            Checkpoint newest = store.newest(warnings).orElseThrow(() -> none(model));
            return best && newest.state().bestStep().isPresent()
                    ? store.load(newest.state().bestStep().getAsLong())
                    : newest;
        } catch (IOException e) {
            throw CheckpointException.storage(model, "cannot be read", e);
        }
    }

    /**
     * {@return which model this is, without reading its weights: the newest of a run that looks whole}
     *
     * @throws CheckpointException if there is neither a run nor a checkpoint
     */
    public static Identity identify(Configuration hadoop, String model) {
        try {
            Directory directory = Directory.of(hadoop, model);
            if (!isCheckpoint(hadoop, model)) {
                CheckpointStore store = store(hadoop, model);
                List<Long> steps = store.steps();
                if (steps.isEmpty()) {
                    throw none(model);
                }
                directory = Directory.of(
                        hadoop, store.directory() + "/" + StepName.checkpoint(steps.get(steps.size() - 1)));
            }
            return new Identity(
                    directory.path().toString(),
                    CheckpointReader.inspect(directory)
                            .files()
                            .get(CheckpointFormat.MODEL)
                            .sha256());
        } catch (IOException e) {
            throw CheckpointException.storage(model, "cannot be read", e);
        }
    }

    private static boolean isCheckpoint(Configuration hadoop, String model) throws IOException {
        Directory directory = Directory.of(hadoop, model);
        return directory.child(CheckpointFormat.MODEL).exists();
    }

    private static CheckpointStore store(Configuration hadoop, String model) throws IOException {
        Directory checkpoints = Directory.of(hadoop, model).child(CHECKPOINTS);
        return new CheckpointStore(
                hadoop, checkpoints.exists() ? checkpoints.path().toString() : model);
    }

    private static CheckpointException none(String model) {
        return new CheckpointException(
                model,
                "is neither a run directory with " + CHECKPOINTS
                        + "/step-... in it nor a checkpoint; a model is the --out of a training");
    }
}
