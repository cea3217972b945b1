package io.microgpt.data;

import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The documents of one shard in memory: their tokens in one array, two bytes a token. Written as whole blocks where
 * Spark moves or spills it.
 */
public final class TokenShard implements Externalizable {
    private static final long serialVersionUID = 1L;
    /** Two bytes hold every token id below this; larger vocabularies take two of them a token. */
    private static final int NARROW = 1 << 16;
    /** Some virtual machines cannot make arrays of {@code Integer.MAX_VALUE}. */
    static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private char[] halves = new char[0];
    private boolean wide;
    private int tokens;
    private int[] starts = {0}; // (documents + 1)
    private int documents;

    /** For {@link Externalizable}; an empty shard. */
    public TokenShard() {}

    /** @param vocabularySize V; tokens are below it */
    public TokenShard(int vocabularySize) {
        this.wide = vocabularySize > NARROW;
    }

    /** {@return bytes of memory for the documents of a shard as it is read: their tokens, and where each begins} */
    public static long bytes(int vocabularySize, int documents, long positions) {
        return new TokenShard(vocabularySize).tokenBytes() * (positions + documents) + Integer.BYTES * (documents + 1L);
    }

    /** {@return how many bytes a token takes} */
    int tokenBytes() {
        return wide ? 2 * Character.BYTES : Character.BYTES;
    }

    /** {@return bytes of memory that this shard holds} */
    long heldBytes() {
        return (long) Character.BYTES * halves.length + (long) Integer.BYTES * starts.length;
    }

    /** Gives back the memory of more documents: none will come. */
    void trim() {
        halves = Arrays.copyOf(halves, tokens * (wide ? 2 : 1));
        starts = Arrays.copyOf(starts, documents + 1);
    }

    /** {@return how many tokens one shard can hold} */
    int mostTokens() {
        return wide ? LONGEST_ARRAY / 2 : LONGEST_ARRAY;
    }

    /** Adds a document at the end. */
    public void add(int[] document) {
        int width = wide ? 2 : 1;
        int needed = Math.multiplyExact(Math.addExact(tokens, document.length), width);
        if (needed > halves.length) {
            halves = Arrays.copyOf(halves, (int) Math.min(LONGEST_ARRAY, Math.max(needed, halves.length * 3L / 2)));
        }
        if (documents + 2 > starts.length) {
            starts = Arrays.copyOf(starts, Math.max(8, starts.length * 2));
        }
        for (int i = 0; i < document.length; i++) {
            int at = (tokens + i) * width;
            halves[at] = (char) document[i];
            if (wide) {
                halves[at + 1] = (char) (document[i] >>> Character.SIZE);
            }
        }
        tokens += document.length;
        starts[++documents] = tokens;
    }

    /** {@return how many documents} */
    public int documents() {
        return documents;
    }

    /** {@return how many positions all documents predict: their tokens less one a document} */
    public long positions() {
        return (long) tokens - documents;
    }

    /** {@return how many positions one document predicts} */
    public int positions(int index) {
        return starts[index + 1] - starts[index] - 1;
    }

    /** {@return the tokens of one document, a new array} */
    public int[] document(int index) {
        int[] result = new int[positions(index) + 1];
        read(index, 0, 0, result);
        return result;
    }

    /**
     * Copies the tokens of one document; of a block of continuous text, cut {@code shift} tokens later: what it loses in front it
     * takes from the block behind it, if there is one.
     *
     * @param shift below the document's number of positions
     * @param blockSize B; a block of fewer positions is the end of a text, and nothing follows it
     * @param tokens takes the tokens; as long as the document's
     * @return how many tokens
     */
    public int read(int index, int shift, int blockSize, int[] tokens) {
        int length = positions(index) + 1;
        int kept = length - shift;
        for (int i = 0; i < kept; i++) {
            tokens[i] = token(starts[index] + shift + i);
        }
        boolean continued = shift > 0
                && length > blockSize
                && index + 1 < documents
                && token(starts[index + 1]) == tokens[kept - 1]; // else another text begins there
        int taken = continued ? Math.min(shift, positions(index + 1)) : 0;
        for (int i = 0; i < taken; i++) {
            tokens[kept + i] = token(starts[index + 1] + 1 + i);
        }
        return kept + taken;
    }

    private int token(int at) {
        return wide ? halves[2 * at] | halves[2 * at + 1] << Character.SIZE : halves[at];
    }

    /** {@return the identity of this shard: SHA-256 over every document's length and tokens} */
    public String sha256() {
        ShardDigest digest = new ShardDigest();
        for (int d = 0; d < documents; d++) {
            digest.add(document(d));
        }
        return digest.hex();
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
        int size = tokens * (wide ? 2 : 1);
        out.writeBoolean(wide);
        out.writeInt(tokens);
        out.writeInt(documents);
        ByteBuffer block = ByteBuffer.allocate(Math.toIntExact(4L * documents + 2L * size));
        block.asIntBuffer().put(starts, 1, documents);
        block.position(4 * documents);
        block.asCharBuffer().put(halves, 0, size);
        out.write(block.array());
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
        wide = in.readBoolean();
        tokens = in.readInt();
        documents = in.readInt();
        int size = tokens * (wide ? 2 : 1);
        byte[] bytes = new byte[Math.toIntExact(4L * documents + 2L * size)];
        in.readFully(bytes);
        ByteBuffer block = ByteBuffer.wrap(bytes);
        starts = new int[documents + 1];
        block.asIntBuffer().get(starts, 1, documents);
        block.position(4 * documents);
        halves = new char[size];
        block.asCharBuffer().get(halves);
    }
}
