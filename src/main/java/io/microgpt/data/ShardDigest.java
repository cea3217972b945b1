package io.microgpt.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;

/** SHA-256 over every document's length and tokens as little-endian 32-bit integers: the identity of a shard. */
final class ShardDigest {
    private final MessageDigest digest = Sha256.digest();

    void add(int[] document) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Integer.BYTES * (document.length + 1)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(document.length);
        bytes.asIntBuffer().put(document);
        digest.update(bytes.array());
    }

    String hex() {
        return Sha256.hex(digest);
    }
}
