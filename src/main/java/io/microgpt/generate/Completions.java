package io.microgpt.generate;

import io.microgpt.generate.Completions.Completed;
import io.microgpt.generate.Generator.Prompt;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Items with the completions of their prompts, in the order of the items. While the first is not done, later ones are taken and worked on,
 * but no more than a window of them. {@link #close} it where it is not read to its end. One thread at a time.
 */
public final class Completions<T> implements Iterator<Completed<T>>, AutoCloseable {
    private final Generator generator;
    private final Iterator<T> items;
    private final Function<T, Prompt> prompt;
    private final int window;
    private final Batch batch;
    private final ArrayDeque<Taken<T>> taken = new ArrayDeque<>();
    private boolean closed;

    /** An item with the completions of its prompt, one a sample; or with one alone that says what is wrong with the prompt. */
    public record Completed<T>(T item, List<Completion> completions) {}

    private record Taken<T>(T item, Request request) {}

    Completions(Generator generator, Iterator<T> items, Function<T, Prompt> prompt, int window) {
        this.generator = generator;
        this.items = items;
        this.prompt = prompt;
        this.window = window;
        this.batch = generator.batch(this::take);
    }

    @Override
    public boolean hasNext() {
        boolean more = !closed && (!taken.isEmpty() || closingOnError(items::hasNext));
        if (!more) {
            close();
        }
        return more;
    }

    @Override
    public Completed<T> next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Taken<T> first = closingOnError(this::finishFirst);
        return new Completed<>(first.item, first.request.completions());
    }

    /** Ends what is under way and gives its memory back to the generator. */
    @Override
    public void close() {
        closed = true;
        batch.clear();
        taken.clear();
        generator.end(this);
    }

    private Taken<T> finishFirst() {
        while (taken.isEmpty() || !taken.peek().request.done()) {
            batch.step();
        }
        return taken.remove();
    }

    /** {@return the next prompt that can be completed; null if there is none, or none yet} */
    private Request take() {
        while (taken.size() < window && items.hasNext()) {
            T item = items.next();
            Request request = request(item);
            taken.add(new Taken<>(item, request));
            if (!request.done()) {
                return request;
            }
        }
        return null;
    }

    private Request request(T item) {
        try {
            Prompt wanted = prompt.apply(item);
            generator.check(wanted.tokens());
            return new Request(wanted);
        } catch (IllegalArgumentException e) {
            return Request.failed(e.getMessage());
        }
    }

    private <R> R closingOnError(Supplier<R> work) {
        try {
            return work.get();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }
}
