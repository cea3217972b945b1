package io.microgpt.generate;

import io.microgpt.generate.Generator.Options;
import io.microgpt.model.GptConfig;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;

/**
 * Sequences that advance together, a token each step. A finished one leaves and the next prompt enters. Where the pages run out, the
 * sequences that entered last give theirs back, wait, and are computed again later: the first that runs always goes on, so all end. What a
 * sequence becomes does not depend on when it runs, nor beside which others.
 */
final class Batch {
    /** Rows of one forward pass, so that many long prompts do not need the activations of all at once. */
    private static final int MOST_ROWS = 1024;

    private final GptConfig config;
    private final Options options;
    private final Decoder decoder;
    private final NextToken next;
    private final PagePool pool;
    private final int together;
    private final Supplier<Request> source;
    private final List<Sequence> running = new ArrayList<>(); // in the order in which they entered
    private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
    private final List<Decoder.Row> rows = new ArrayList<>();

    /**
     * @param together how many sequences advance together
     * @param source the next prompt, or null if there is none now
     */
    Batch(
            GptConfig config,
            Options options,
            Decoder decoder,
            NextToken next,
            PagePool pool,
            int together,
            Supplier<Request> source) {
        this.config = config;
        this.options = options;
        this.decoder = decoder;
        this.next = next;
        this.pool = pool;
        this.together = together;
        this.source = source;
    }

    /** One more token of each sequence that runs. */
    void step() {
        admit();
        makeRoom();
        rows.clear();
        running.forEach(sequence -> sequence.addRows(rows));
        int v = config.vocabularySize();
        int kept = 0;
        int at = 0; // each sequence has one wanted row, its last
        for (int from = 0; from < rows.size(); from += MOST_ROWS) {
            List<Decoder.Row> some = rows.subList(from, Math.min(rows.size(), from + MOST_ROWS));
            float[] logits = decoder.run(some);
            int offset = 0;
            for (int i = 0; i < some.size(); i++) {
                if (some.get(i).wanted()) {
                    Sequence sequence = running.get(at++);
                    if (advance(sequence, logits, offset)) {
                        running.set(kept++, sequence);
                    }
                    offset += v;
                }
            }
        }
        running.subList(kept, running.size()).clear();
    }

    /** Gives back all pages; nothing runs any more. */
    void clear() {
        running.forEach(Sequence::clear);
        waiting.forEach(Sequence::clear);
        running.clear();
        waiting.clear();
    }

    /** Those that wait enter, then new prompts, as long as there are pages for them and for everyone to grow by one. */
    private void admit() {
        int places = running.size();
        int needed = missing();
        while (places < together) {
            if (waiting.isEmpty()) {
                Request request = source.get();
                if (request == null) {
                    return;
                }
                waiting.add(new Sequence(request, config, options, pool));
            }
            Sequence sequence = waiting.peek();
            int growth = needed + sequence.missing() + running.size();
            if (!running.isEmpty() && growth > pool.available()) {
                return;
            }
            needed += sequence.missing();
            places += 1 + sequence.siblings();
            running.add(waiting.remove());
        }
    }

    private int missing() {
        int missing = 0;
        for (int i = 0; i < running.size(); i++) {
            missing += running.get(i).missing();
        }
        return missing;
    }

    private void makeRoom() {
        while (missing() > pool.available()) {
            if (running.size() > 1) {
                Sequence last = running.remove(running.size() - 1);
                last.shed();
                waiting.addFirst(last);
            } else {
                lastThatWaitsWithPages().clear();
            }
        }
    }

    /** {@return whose part of a prompt's pages goes first}; a whole block fits in the pool, so there is one. */
    private Sequence lastThatWaitsWithPages() {
        Iterator<Sequence> last = waiting.descendingIterator();
        while (true) {
            Sequence sequence = last.next();
            if (sequence.holdsPages()) {
                return sequence;
            }
        }
    }

    /** A prompt's samples part here, with the first token of each. */
    private boolean advance(Sequence sequence, float[] logits, int offset) {
        int siblings = sequence.siblings();
        for (int sample = 1; sample <= siblings; sample++) {
            Sequence sibling = sequence.fork(sample);
            waiting.add(sibling);
            if (!sibling.advance(next, logits, offset)) {
                waiting.removeLast();
            }
        }
        return sequence.advance(next, logits, offset);
    }
}
