package io.microgpt.cli;

import io.microgpt.checkpoint.Checkpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What is configured otherwise now than when a checkpoint was made, among the keys that may change the weights. */
final class ResumeDifferences {
    private static final Set<String> GROUPS = Set.of("optimizer", "schedule");
    private static final Set<ConfigKey> KEYS = Set.of(
            ConfigKey.MODEL_DROPOUT,
            ConfigKey.TRAIN_STEPS,
            ConfigKey.TRAIN_BATCH_SIZE,
            ConfigKey.TRAIN_LABEL_SMOOTHING,
            ConfigKey.TRAIN_SEED,
            ConfigKey.TRAIN_EVAL_EVERY, // where a training ends early and, with the next, what a rollback goes back to
            ConfigKey.TRAIN_CHECKPOINT_EVERY,
            ConfigKey.TRAIN_PATIENCE,
            ConfigKey.TRAIN_MIN_IMPROVEMENT,
            ConfigKey.GUARD_WINDOW,
            ConfigKey.GUARD_THRESHOLD,
            ConfigKey.GUARD_LR_CUT);

    private ResumeDifferences() {}

    static List<String> find(Checkpoint checkpoint, Settings now) {
        Settings before;
        try {
            before = Settings.builder()
                    .config(checkpoint.configJson(), "the checkpoint's configuration")
                    .build();
        } catch (ConfigException e) {
            return List.of(
                    "the checkpoint's configuration is not of this version and cannot be compared: " + e.getMessage());
        }
        List<String> differences = new ArrayList<>();
        for (ConfigKey key : ConfigKey.values()) {
            if (GROUPS.contains(key.group()) || KEYS.contains(key)) {
                String was = before.shown(key);
                String is = now.shown(key);
                if (!was.equals(is)) {
                    differences.add(key.path() + " was " + was + " up to step "
                            + checkpoint.state().step() + " and is " + is
                            + " from now on; the weights may not be those of one run with either");
                }
            }
        }
        return differences;
    }
}
