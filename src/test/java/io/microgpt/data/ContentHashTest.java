package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.microgpt.random.ChiSquare;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContentHashTest {
    @Test
    void aFunctionOfContentAndSeed() {
        assertThat(hash("emma", 1)).isEqualTo(hash("emma", 1));
        assertThat(hash("emma", 1)).isNotEqualTo(hash("emma", 2)).isNotEqualTo(hash("emmb", 1));
    }

    /** Prepared datasets depend on these very bits. */
    @Test
    void neverChanges() {
        assertThat(hash("", 0)).isEqualTo(new ContentHash(-2979625161223549876L, -7463149760467055087L));
        assertThat(hash("emma", 42)).isEqualTo(new ContentHash(-4946052515912348876L, -4840437005291882088L));
        assertThat(hash("a line of more than one word", -1))
                .isEqualTo(new ContentHash(5910939204673210932L, -1043286432576171642L));
    }

    /** Around the ends of words of eight bytes, with zeros that padding might hide. */
    @Test
    void everyByteAndTheLengthCount() {
        Set<ContentHash> seen = new HashSet<>();
        Set<Long> high = new HashSet<>();
        Set<Long> low = new HashSet<>();
        int documents = 0;
        for (int length = 0; length <= 33; length++) {
            for (int changed = -1; changed < length; changed++) {
                byte[] bytes = new byte[length];
                if (changed >= 0) {
                    bytes[changed] = -1;
                }
                ContentHash hash = ContentHash.of(bytes, 7);
                seen.add(hash);
                high.add(hash.high());
                low.add(hash.low());
                documents++;
            }
        }
        assertThat(seen).hasSize(documents);
        assertThat(high).hasSize(documents);
        assertThat(low).hasSize(documents);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 16, 100, 65_536})
    void shardsAreEqualRangesOfTheOrder(int shards) {
        long[] counts = new long[shards];
        List<ContentHash> hashes = hashes(40_000);
        Collections.sort(hashes);
        int before = 0;
        for (ContentHash hash : hashes) {
            int shard = hash.shard(shards);
            assertThat(shard).isBetween(before, shards - 1);
            before = shard;
            counts[shard]++;
        }
        if (shards > 1) {
            assertThat(ChiSquare.deviations(counts)).isBetween(-4.0, 4.0);
        }
    }

    @Test
    void shardsOfTheEnds() {
        assertThat(new ContentHash(0, 0).shard(7)).isZero();
        assertThat(new ContentHash(-1, -1).shard(7)).isEqualTo(6);
        assertThat(new ContentHash(-1, -1).shard(Integer.MAX_VALUE)).isEqualTo(Integer.MAX_VALUE - 1);
        assertThat(new ContentHash(Long.MIN_VALUE, 0).shard(2)).isEqualTo(1);
        assertThat(new ContentHash(Long.MAX_VALUE, -1).shard(2)).isZero();
    }

    @Test
    void theOrderIsUnsigned() {
        List<ContentHash> ascending = List.of(
                new ContentHash(0, 0),
                new ContentHash(0, 1),
                new ContentHash(0, Long.MAX_VALUE),
                new ContentHash(0, Long.MIN_VALUE),
                new ContentHash(0, -1),
                new ContentHash(1, 0),
                new ContentHash(Long.MIN_VALUE, 5),
                new ContentHash(-1, 5));
        List<ContentHash> shuffled = new ArrayList<>(ascending);
        Collections.shuffle(shuffled, new java.util.Random(1));
        Collections.sort(shuffled);
        assertThat(shuffled).isEqualTo(ascending);
        assertThat(new ContentHash(3, 4)).isEqualByComparingTo(new ContentHash(3, 4));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.1, 0.5})
    void aShareIsHeldOut(double share) {
        List<ContentHash> hashes = hashes(40_000);
        long held = hashes.stream().filter(hash -> hash.held(share, 3)).count();
        assertThat(held / 40_000.0).isCloseTo(share, within(0.008));
        assertThat(hashes).allMatch(hash -> hash.held(share, 3) == hash.held(share, 3));
        assertThat(hashes).anyMatch(hash -> hash.held(share, 3) != hash.held(share, 4));
        assertThat(hashes).noneMatch(hash -> hash.held(0.0, 3)).allMatch(hash -> hash.held(1.0, 3));
        assertThat(hashes).filteredOn(hash -> hash.held(share, 3)).allMatch(hash -> hash.held(share + 0.1, 3));
    }

    /** Or else the test part would come from a few shards. */
    @Test
    void whatIsHeldDoesNotDependOnTheShard() {
        long[] counts = new long[16];
        hashes(40_000).stream().filter(hash -> hash.held(0.2, 3)).forEach(hash -> counts[hash.shard(16)]++);
        assertThat(ChiSquare.deviations(counts)).isLessThan(4.0);
    }

    private static List<ContentHash> hashes(int n) {
        List<ContentHash> hashes = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            hashes.add(hash("name" + i, 3));
        }
        return hashes;
    }

    private static ContentHash hash(String text, long seed) {
        return ContentHash.of(text.getBytes(StandardCharsets.UTF_8), seed);
    }
}
