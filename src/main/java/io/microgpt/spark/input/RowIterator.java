package io.microgpt.spark.input;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** The rows of a stream, which it closes at the end. */
final class RowIterator implements Iterator<InputRow> {
    /** Gives one row after another. */
    interface Source {
        /** {@return the next row, or null at the end} */
        InputRow next() throws IOException;
    }

    private final String file;
    private final InputStream in;
    private final Source source;
    private InputRow next;
    private boolean ended;

    RowIterator(String file, InputStream in, Source source) {
        this.file = file;
        this.in = in;
        this.source = source;
    }

    @Override
    public boolean hasNext() {
        if (next == null && !ended) {
            try {
                next = source.next();
                if (next == null) {
                    ended = true;
                    in.close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
            }
        }
        return next != null;
    }

    @Override
    public InputRow next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        InputRow row = next;
        next = null;
        return row;
    }
}
