package io.microgpt.generate;

import io.microgpt.kernel.CachePage;
import io.microgpt.model.GptConfig;
import java.util.ArrayDeque;

/** Pages of the caches of one generator, of limited number; what a sequence gives back serves the next. One thread at a time. */
final class PagePool {
    private static final long MEGABYTE = 1 << 20;

    private final int floats;
    private final int capacity;
    private final ArrayDeque<Page> free = new ArrayDeque<>();
    private int made;

    /** A page and how many caches hold it; who is not alone must not write to it. */
    static final class Page {
        final float[] floats;
        private int holders;

        private Page(int size) {
            floats = new float[size];
        }

        boolean shared() {
            return holders > 1;
        }

        Page share() {
            holders++;
            return this;
        }
    }

    /** @param capacity the most pages in use at a time */
    PagePool(GptConfig config, int capacity) {
        this.floats = CachePage.floats(config.nLayer(), config.nEmbd());
        this.capacity = capacity;
    }

    /**
     * {@return the pool of so much memory}
     *
     * @param megabytes 0 for no limit
     * @throws IllegalArgumentException if not even one sequence of a whole block fits
     */
    static PagePool ofMegabytes(GptConfig config, int megabytes) {
        long page = (long) CachePage.floats(config.nLayer(), config.nEmbd()) * Float.BYTES;
        int block = pages(config.blockSize());
        long capacity = megabytes == 0 ? Integer.MAX_VALUE : megabytes * MEGABYTE / page;
        if (capacity < block) {
            throw new IllegalArgumentException("generate.cache-megabytes = " + megabytes
                    + " is too little for this model: the keys and values of one sequence of " + config.blockSize()
                    + " positions take " + (block * page + MEGABYTE - 1) / MEGABYTE
                    + " MB; set it to at least that, or to 0 for no limit");
        }
        return new PagePool(config, (int) Math.min(capacity, Integer.MAX_VALUE));
    }

    /** {@return how many pages hold so many positions} */
    static int pages(int positions) {
        return (positions + CachePage.POSITIONS - 1) / CachePage.POSITIONS;
    }

    /** {@return how many pages can still be taken} */
    int available() {
        return capacity - taken();
    }

    /** {@return how many pages are in use, shared ones counted once} */
    int taken() {
        return made - free.size();
    }

    /** {@return the most pages that were in use at a time} */
    int most() {
        return made;
    }

    /** {@return a page of any content, held once} */
    Page take() {
        if (available() == 0) {
            throw new IllegalStateException("all " + capacity + " pages of the cache are taken");
        }
        if (free.isEmpty()) {
            free.push(new Page(floats));
            made++;
        }
        return free.pop().share();
    }

    /** One holder less; the last gives the page back. */
    void release(Page page) {
        if (--page.holders == 0) {
            free.push(page);
        }
    }
}
