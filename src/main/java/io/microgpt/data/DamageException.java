package io.microgpt.data;

import java.io.IOException;

/** A file that was read and is not what it should be; any other {@code IOException} is of a storage that did not give it. */
final class DamageException extends IOException {
    private static final long serialVersionUID = 1L;

    DamageException(String reason) {
        super(reason);
    }
}
