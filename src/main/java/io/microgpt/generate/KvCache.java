package io.microgpt.generate;

import io.microgpt.generate.PagePool.Page;
import io.microgpt.kernel.CachePage;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Rows;
import java.util.Arrays;

/**
 * Keys and values of one sequence, in pages of a pool. Pages may be shared with the caches that were {@link #fork forked} off it; a
 * shared page is copied before it is written to.
 */
final class KvCache {
    private final GptConfig config;
    private final PagePool pool;
    private final float scale;
    private Page[] table = {};
    private float[][] pages = {}; // what is in the table, as the kernels take it
    private int length; // positions, of which the last may not be computed yet

    KvCache(GptConfig config, PagePool pool) {
        this.config = config;
        this.pool = pool;
        scale = Rows.attentionScale(config);
    }

    /** {@return how many positions it holds} */
    int length() {
        return length;
    }

    /** {@return how many pages it would take from the pool to hold so many positions} */
    int missing(int positions) {
        int copied = positions > length && copies() ? 1 : 0;
        return PagePool.pages(positions) - table.length + copied;
    }

    /** Whether the next position goes into a page that others hold too. */
    private boolean copies() {
        int page = length / CachePage.POSITIONS;
        return page < table.length && table[page].shared();
    }

    /** Makes room for the next position. */
    void open(int position) {
        if (position != length) {
            throw new IllegalArgumentException("position " + position + " after " + length + " positions");
        }
        int page = position / CachePage.POSITIONS;
        if (page == table.length) {
            table = Arrays.copyOf(table, page + 1);
            pages = Arrays.copyOf(pages, page + 1);
            put(page, pool.take());
        } else if (copies()) {
            Page shared = table[page];
            put(page, pool.take());
            System.arraycopy(shared.floats, 0, pages[page], 0, shared.floats.length);
            pool.release(shared);
        }
        length++;
    }

    private void put(int at, Page page) {
        table[at] = page;
        pages[at] = page.floats;
    }

    /**
     * Takes a position that was opened, and attends from it over all positions up to it.
     *
     * @param qkv its query, key and value (3E) at {@code offset}
     * @param scores scratch (heads, B padded)
     * @param out the attended values (E) at {@code outOffset}
     */
    void attend(
            Kernels kernels,
            int layer,
            int position,
            float[] qkv,
            int offset,
            float[] scores,
            float[] out,
            int outOffset) {
        int e = config.nEmbd();
        float[] page = pages[position / CachePage.POSITIONS];
        CachePage.store(page, layer, e, position % CachePage.POSITIONS, qkv, offset + e, offset + 2 * e);
        kernels.attend(
                qkv,
                offset,
                config.nHead(),
                config.headSize(),
                scale,
                pages,
                layer,
                position + 1,
                scores,
                out,
                outOffset);
    }

    /** {@return a cache of the same positions in the same pages} */
    KvCache fork() {
        KvCache fork = new KvCache(config, pool);
        fork.table = table.clone();
        fork.pages = pages.clone();
        fork.length = length;
        for (Page page : table) {
            page.share();
        }
        return fork;
    }

    /** Gives back, from the end, the pages that no other cache holds, and forgets their positions. */
    void shed() {
        int kept = table.length;
        while (kept > 0 && !table[kept - 1].shared()) {
            kept--;
        }
        truncate(kept);
    }

    /** Gives the pages back and forgets all positions. */
    void clear() {
        truncate(0);
    }

    private void truncate(int kept) {
        for (int page = kept; page < table.length; page++) {
            pool.release(table[page]);
        }
        table = Arrays.copyOf(table, kept);
        pages = Arrays.copyOf(pages, kept);
        length = Math.min(length, kept * CachePage.POSITIONS);
    }
}
