package io.microgpt.spark.tasks;

import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;

/** Each element of an iterator turned into several, one after another as they are asked for. */
public final class Flattened<A, B> implements Iterator<B> {
    private final Iterator<A> from;
    private final Function<A, Iterator<B>> expand;
    private Iterator<B> current = Collections.emptyIterator();

    public Flattened(Iterator<A> from, Function<A, Iterator<B>> expand) {
        this.from = from;
        this.expand = expand;
    }

    @Override
    public boolean hasNext() {
        while (!current.hasNext() && from.hasNext()) {
            current = expand.apply(from.next());
        }
        return current.hasNext();
    }

    @Override
    public B next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return current.next();
    }
}
