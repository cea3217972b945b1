package io.microgpt.checkpoint;

import java.util.Objects;

/**
 * A checkpoint that cannot be read or written: damage of any kind, a file that is missing, or storage that fails. The
 * message names the path first and the reason after it.
 */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String path;
    private final String reason;

    public CheckpointException(Object path, String reason) {
        this(path, reason, null);
    }

    public CheckpointException(Object path, String reason, Throwable cause) {
        super(path + ": " + reason, cause);
        this.path = path.toString();
        this.reason = Objects.requireNonNull(reason, "reason");
    }

    /** Storage that failed, in the words of the storage. */
    static CheckpointException storage(Object path, String what, Throwable cause) {
        return new CheckpointException(path, what + ": " + cause, cause);
    }

    /** {@return the file or directory that is at fault} */
    public String path() {
        return path;
    }

    /** {@return the message without the path} */
    public String reason() {
        return reason;
    }
}
