package io.microgpt.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenShardTest {
    @ParameterizedTest
    @ValueSource(ints = {2, 256, 65_535, 65_536, 65_537, 100_000, Integer.MAX_VALUE})
    void documentsComeBack(int vocabularySize) throws Exception {
        List<int[]> documents = documents(vocabularySize, 200);
        TokenShard shard = shard(vocabularySize, documents);
        same(shard, documents);
        TokenShard copy = copied(shard);
        same(copy, documents);
        assertThat(copy.sha256()).isEqualTo(shard.sha256());
    }

    @Test
    void noDocuments() throws Exception {
        TokenShard copy = copied(new TokenShard(7));
        assertThat(copy.documents()).isZero();
        assertThat(copy.positions()).isZero();
        assertThat(copy.sha256()).isEqualTo(new TokenShard(100_000).sha256());
    }

    @Test
    void positionsAreTokensLessOneADocument() {
        TokenShard shard = shard(9, List.of(new int[] {1, 2}, new int[] {3, 4, 5, 6}));
        assertThat(shard.positions()).isEqualTo(4);
    }

    @Test
    void aCopyTakesMoreDocuments() throws Exception {
        TokenShard copy = copied(shard(100_000, List.of(new int[] {99_999, 2}, new int[] {3})));
        copy.add(new int[] {70_000, 1});
        same(copy, List.of(new int[] {99_999, 2}, new int[] {3}, new int[] {70_000, 1}));
    }

    /** The same tokens cut otherwise are another shard. */
    @Test
    void identityIsThatOfTheDocuments() {
        String whole = shard(9, List.of(new int[] {1, 2, 3, 4})).sha256();
        assertThat(shard(100_000, List.of(new int[] {1, 2, 3, 4})).sha256()).isEqualTo(whole);
        assertThat(shard(9, List.of(new int[] {1, 2}, new int[] {3, 4})).sha256())
                .isNotEqualTo(whole)
                .isNotEqualTo(shard(9, List.of(new int[] {1}, new int[] {2, 3, 4}))
                        .sha256())
                .isNotEqualTo(shard(9, List.of(new int[] {3, 4}, new int[] {1, 2}))
                        .sha256());
    }

    /** A text of 0 to 10 in blocks of four positions: neighbours share a token, the last block is shorter. */
    @Test
    void blocksCutLater() {
        TokenShard shard = shard(
                99,
                List.of(new int[] {0, 1, 2, 3, 4}, new int[] {4, 5, 6, 7, 8}, new int[] {8, 9, 10}, new int[] {50, 51
                }));
        for (int shift = 0; shift < 4; shift++) {
            int s = shift;
            assertThat(block(shard, 0, shift, 4))
                    .containsExactly(IntStream.rangeClosed(s, s + 4).toArray());
            int end = Math.min(10, s + 8);
            assertThat(block(shard, 1, shift, 4))
                    .containsExactly(IntStream.rangeClosed(s + 4, end).toArray());
        }
        assertThat(block(shard, 2, 0, 4)).containsExactly(8, 9, 10);
        assertThat(block(shard, 2, 1, 4)).containsExactly(9, 10);
        assertThat(shard.positions(2)).isEqualTo(2);
        TokenShard full = shard(99, List.of(new int[] {0, 1, 2, 3, 4}));
        assertThat(block(full, 0, 3, 4)).containsExactly(3, 4);
    }

    /** The block behind belongs to the same text only if it begins with the token that this one ends with. */
    @ParameterizedTest
    @ValueSource(ints = {99, 100_000})
    void aBlockTakesNothingFromAnotherText(int vocabularySize) {
        int last = vocabularySize - 1;
        TokenShard shard = shard(
                vocabularySize,
                List.of(new int[] {0, 1, 2, 3, last}, new int[] {last - 1, 6, 7, 8, 9}, new int[] {9, last}));
        assertThat(block(shard, 0, 0, 4)).containsExactly(0, 1, 2, 3, last);
        assertThat(block(shard, 0, 2, 4)).containsExactly(2, 3, last);
        assertThat(block(shard, 1, 1, 4)).containsExactly(6, 7, 8, 9, last);
        assertThat(block(shard, 1, 3, 4)).containsExactly(8, 9, last);
    }

    /** Read into an array that is used again and again, as long as the longest of them. */
    @Test
    void whatWasReadBeforeIsNotReadAgain() {
        TokenShard shard = shard(99, List.of(new int[] {0, 1, 2, 3, 4}, new int[] {4, 5}, new int[] {5, 6, 7}));
        int[] tokens = new int[5];
        assertThat(shard.read(0, 0, 4, tokens)).isEqualTo(5);
        assertThat(tokens).containsExactly(0, 1, 2, 3, 4);
        assertThat(shard.read(1, 0, 4, tokens)).isEqualTo(2);
        assertThat(tokens).startsWith(4, 5);
        assertThat(shard.read(0, 3, 4, tokens)).isEqualTo(3);
        assertThat(tokens).startsWith(3, 4, 5);
        assertThat(shard.read(2, 1, 4, tokens)).isEqualTo(2);
        assertThat(tokens).startsWith(6, 7);
    }

    @Test
    void aDocumentIsACopy() {
        TokenShard shard = shard(9, List.of(new int[] {1, 2, 3}));
        shard.document(0)[1] = 8;
        assertThat(shard.document(0)).containsExactly(1, 2, 3);
    }

    private static int[] block(TokenShard shard, int index, int shift, int blockSize) {
        int[] tokens = new int[shard.positions(index) + 1];
        Arrays.fill(tokens, -1);
        return Arrays.copyOf(tokens, shard.read(index, shift, blockSize, tokens));
    }

    private static TokenShard shard(int vocabularySize, List<int[]> documents) {
        TokenShard shard = new TokenShard(vocabularySize);
        documents.forEach(shard::add);
        return shard;
    }

    private static void same(TokenShard shard, List<int[]> documents) {
        assertThat(shard.documents()).isEqualTo(documents.size());
        long positions = 0;
        for (int d = 0; d < documents.size(); d++) {
            assertThat(shard.document(d)).as("document %d", d).isEqualTo(documents.get(d));
            positions += documents.get(d).length - 1;
        }
        assertThat(shard.positions()).isEqualTo(positions);
    }

    /** The first and the last token of the vocabulary, and any between. */
    private static List<int[]> documents(int vocabularySize, int count) {
        Random random = new Random(vocabularySize);
        List<int[]> documents = new ArrayList<>();
        documents.add(new int[] {0, vocabularySize - 1});
        for (int d = 1; d < count; d++) {
            documents.add(random.ints(1 + random.nextInt(40), 0, vocabularySize).toArray());
        }
        return documents;
    }

    private static TokenShard copied(TokenShard shard) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(shard);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (TokenShard) in.readObject();
        }
    }
}
