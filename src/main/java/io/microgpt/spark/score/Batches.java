package io.microgpt.spark.score;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** The elements of an iterator, several at a time. */
final class Batches<T> implements Iterator<List<T>> {
    private final Iterator<T> from;
    private final int size;

    Batches(Iterator<T> from, int size) {
        this.from = from;
        this.size = size;
    }

    @Override
    public boolean hasNext() {
        return from.hasNext();
    }

    @Override
    public List<T> next() {
        List<T> batch = new ArrayList<>(size);
        batch.add(from.next());
        while (batch.size() < size && from.hasNext()) {
            batch.add(from.next());
        }
        return batch;
    }
}
