package io.microgpt.cli;

import io.microgpt.checkpoint.CheckpointException;
import io.microgpt.data.DatasetException;
import io.microgpt.spark.training.Preflight;
import io.microgpt.train.DivergenceException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/** What a user is told of a failure. */
final class Explanation {
    /** What explains itself by its message, the most telling first. */
    private static final List<Class<? extends RuntimeException>> EXPLAINED = List.of(
            ConfigException.class,
            DatasetException.class,
            CheckpointException.class,
            DivergenceException.class,
            UncheckedIOException.class,
            IllegalArgumentException.class,
            IllegalStateException.class);

    private Explanation() {}

    /** {@return a line for a person} */
    static String of(Throwable e) {
        if (e instanceof OutOfMemoryError) {
            return "the heap of this process, "
                    + Preflight.bytes(Runtime.getRuntime().maxMemory()) + ", is short ("
                    + e.getMessage() + "); give it more, by --driver-memory or, with --no-spark, by"
                    + " MICROGPT_JAVA_OPTIONS=-Xmx...";
        }
        return explained(e)
                .map(Throwable::getMessage)
                .orElseGet(() -> e.getClass().getSimpleName() + ": " + e.getMessage());
    }

    /** {@return what explains itself} Spark wraps what a task throws; the first cause that does is what the user wants to read. */
    static Optional<Throwable> explained(Throwable e) {
        for (Class<?> type : EXPLAINED) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (type.isInstance(cause)) {
                    return Optional.of(cause);
                }
            }
        }
        return Optional.empty();
    }
}
