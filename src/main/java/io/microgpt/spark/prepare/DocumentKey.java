package io.microgpt.spark.prepare;

import io.microgpt.data.Part;
import java.io.Serializable;
import java.util.Comparator;

/**
 * Where a document goes and where it stands there: part, shard, then the order inside the shard, by hash of the content (or by place in
 * the text, for continuous text), the chunks of one document in their order.
 */
record DocumentKey(Part part, int shard, long high, long low, int chunk)
        implements Serializable, Comparable<DocumentKey> {
    private static final Comparator<DocumentKey> ORDER = Comparator.comparing(DocumentKey::part)
            .thenComparingInt(DocumentKey::shard)
            .thenComparing(DocumentKey::high, Long::compareUnsigned)
            .thenComparing(DocumentKey::low, Long::compareUnsigned)
            .thenComparingInt(DocumentKey::chunk);

    @Override
    public int compareTo(DocumentKey other) {
        return ORDER.compare(this, other);
    }
}
