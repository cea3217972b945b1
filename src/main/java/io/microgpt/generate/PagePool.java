package io.microgpt.generate;

import io.microgpt.kernel.CachePage;
import io.microgpt.model.GptConfig;
import java.util.ArrayDeque;

/** Pages of the caches of one generator; what a finished sequence gives back serves the next. One thread at a time. */
final class PagePool {
    private final int floats;
    private final ArrayDeque<float[]> free = new ArrayDeque<>();

    PagePool(GptConfig config) {
        floats = CachePage.floats(config.nLayer(), config.nEmbd());
    }

    /** {@return a page of any content} */
    float[] take() {
        return free.isEmpty() ? new float[floats] : free.pop();
    }

    void give(float[] page) {
        free.push(page);
    }
}
