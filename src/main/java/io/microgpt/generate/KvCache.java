package io.microgpt.generate;

import io.microgpt.kernel.CachePage;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Rows;
import java.util.Arrays;

/** Keys and values of one sequence, in pages of a pool. */
final class KvCache {
    private final PagePool pool;
    private final int e;
    private final int heads;
    private final int size;
    private final float scale;
    private float[][] pages = {};

    KvCache(GptConfig config, PagePool pool) {
        this.pool = pool;
        e = config.nEmbd();
        heads = config.nHead();
        size = config.headSize();
        scale = Rows.attentionScale(config);
    }

    /**
     * Takes the next position, and attends from it over all positions so far.
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
        int page = position / CachePage.POSITIONS;
        if (page == pages.length) {
            pages = Arrays.copyOf(pages, page + 1);
            pages[page] = pool.take();
        }
        int slot = position % CachePage.POSITIONS;
        CachePage.store(pages[page], layer, e, slot, qkv, offset + e, offset + 2 * e);
        kernels.attend(qkv, offset, heads, size, scale, pages, layer, position + 1, scores, out, outOffset);
    }

    /** Gives the pages back and forgets all positions. */
    void clear() {
        for (float[] page : pages) {
            pool.give(page);
        }
        pages = new float[0][];
    }
}
