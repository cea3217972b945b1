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
    private final boolean ofStorage;

    public CheckpointException(Object path, String reason) {
        this(path, reason, null);
    }

    public CheckpointException(Object path, String reason, Throwable cause) {
        this(path, reason, cause, false);
    }

    private CheckpointException(Object path, String reason, Throwable cause, boolean ofStorage) {
        super(path + ": " + reason, cause);
        this.path = path.toString();
        this.reason = Objects.requireNonNull(reason, "reason");
        this.ofStorage = ofStorage;
    }

    /** Storage that failed, in the words of the storage. */
    static CheckpointException storage(Object path, String what, Throwable cause) {
        return new CheckpointException(path, what + ": " + cause, cause, true);
    }

    /** {@return this failure of the storage, with what to do about it} */
    CheckpointException with(String advice) {
        return new CheckpointException(path, reason + "; " + advice, this, ofStorage);
    }

    /** {@return the file or directory that is at fault} */
    public String path() {
        return path;
    }

    /** {@return whether it was the storage that failed: what is at this path may be whole all the same} */
    public boolean ofStorage() {
        return ofStorage;
    }

    /** {@return the message without the path} */
    public String reason() {
        return reason;
    }
}
