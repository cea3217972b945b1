package io.microgpt.data;

import io.microgpt.data.ShardFooter.Chunk;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.DigestInputStream;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.fs.FSDataInputStream;

/**
 * Reads the one kind of Parquet file that {@link ShardFile} writes: a column of token lists, not compressed, in pages of the first
 * version. Parquet's own reader believes the file: it makes room for as many numbers as a dictionary, a run or a list claims to have,
 * and a few bytes can claim thousands of millions. Here every length is first held against the bytes that are there and against what
 * the manifest says.
 */
final class ShardReader {
    private static final int BUFFER_BYTES = 1 << 16;
    /** In truth, some dozen bytes before each page. */
    private static final int MOST_HEADER_BYTES = 1 << 16;

    private static final int FIRST_DOCUMENT = 64;

    private static final int DATA_PAGE = 0;
    private static final int DICTIONARY_PAGE = 2;
    private static final int PLAIN = 0;
    private static final int PLAIN_DICTIONARY = 2;
    private static final int RLE_DICTIONARY = 8;

    private final Manifest.Shard expected;
    private final int vocabularySize;
    private final int blockSize;
    private final TokenShard shard;
    private long left; // tokens that are still to come
    private int[] document = new int[FIRST_DOCUMENT];
    private int length; // of the document that is being read

    private ShardReader(Manifest.Shard expected, int vocabularySize, int blockSize) throws IOException {
        this.expected = expected;
        this.vocabularySize = vocabularySize;
        this.blockSize = blockSize;
        this.shard = new TokenShard(vocabularySize);
        long memory = Runtime.getRuntime().maxMemory();
        long most = Math.min(shard.mostTokens(), memory / shard.tokenBytes());
        if (expected.positions() > most - expected.documents()) {
            throw new DamageException("its " + expected.positions() + " positions in " + expected.documents()
                    + " documents fit neither one array nor the " + memory
                    + " bytes of this process's memory; more data.shards make them smaller");
        }
        this.left = expected.positions() + expected.documents();
    }

    /**
     * Reads a shard from the beginning of its file to the end.
     *
     * @param in a file as long as the manifest says
     */
    static TokenShard read(FSDataInputStream in, Manifest.Shard expected, int vocabularySize, int blockSize)
            throws IOException {
        return new ShardReader(expected, vocabularySize, blockSize).read(in);
    }

    private TokenShard read(FSDataInputStream in) throws IOException {
        List<Chunk> chunks = ShardFooter.read(in, expected.bytes(), left);
        in.seek(0);
        DigestInputStream file = new DigestInputStream(in, Sha256.digest());
        long at = 0;
        for (Chunk chunk : chunks) {
            pass(file, chunk.begin() - at);
            column(ByteBuffer.wrap(exactly(file, new byte[chunk.bytes()])), left - chunk.tokens());
            at = chunk.end();
        }
        endDocument();
        pass(file, expected.bytes() - at);
        String sha256 = Sha256.hex(file.getMessageDigest());
        if (!sha256.equals(expected.fileSha256())) {
            throw new DamageException("its SHA-256 is " + sha256 + ", the manifest says " + expected.fileSha256());
        }
        shard.trim();
        return shard;
    }

    /** Reads pages until so many tokens are left. */
    private void column(ByteBuffer chunk, long leftAfter) throws IOException {
        int[] dictionary = {};
        while (chunk.hasRemaining()) {
            ThriftStruct header = header(chunk);
            int bytes = (int) header.number(3, "compressed_page_size", 0, chunk.remaining());
            ByteBuffer page = piece(chunk, bytes);
            if (header.number(1, "type of a page", DATA_PAGE, DICTIONARY_PAGE) == DICTIONARY_PAGE) {
                dictionary = dictionary(header.struct(7, "dictionary_page_header"), page);
            } else {
                page(header.struct(5, "data_page_header"), page, left - leftAfter, dictionary);
            }
        }
        if (left != leftAfter) {
            throw new DamageException("its pages end " + (left - leftAfter) + " tokens too early");
        }
    }

    /** No text in it can be longer than what a header is read of, whatever follows. */
    private static ThriftStruct header(ByteBuffer chunk) throws IOException {
        ByteBuffer head = chunk.slice(chunk.position(), Math.min(MOST_HEADER_BYTES, chunk.remaining()));
        ThriftStruct header = ThriftStruct.read(head);
        chunk.position(chunk.position() + head.position());
        return header;
    }

    private static int[] dictionary(ThriftStruct header, ByteBuffer page) throws IOException {
        int size = (int) header.number(1, "num_values of a dictionary", 0, page.remaining() / Integer.BYTES);
        int[] dictionary = new int[size];
        page.asIntBuffer().get(dictionary);
        return dictionary;
    }

    private void page(ThriftStruct header, ByteBuffer page, long most, int[] dictionary) throws IOException {
        long tokens = header.number(1, "num_values of a page", 0, most);
        long encoding = header.number(2, "encoding of a page", PLAIN, RLE_DICTIONARY);
        RunLengths repetitions = levels(page); // 0 where a document begins
        RunLengths definitions = levels(page); // 0 where it has no token
        RunLengths ids = null;
        if (encoding == PLAIN_DICTIONARY || encoding == RLE_DICTIONARY) {
            ids = new RunLengths(page, page.get());
        } else if (encoding != PLAIN) {
            throw new DamageException("encoding " + encoding + " of a page is not one of a shard");
        }
        for (long i = 0; i < tokens; i++) {
            if (repetitions.next() == 0) {
                endDocument();
            }
            if (definitions.next() == 0) {
                throw new DamageException("document " + shard.documents() + " is empty");
            }
            add(ids == null ? page.getInt() : entry(dictionary, ids.next()));
        }
        left -= tokens;
    }

    private static RunLengths levels(ByteBuffer page) throws IOException {
        int bytes = page.getInt();
        if (bytes < 0 || bytes > page.remaining()) {
            throw new DamageException("levels of " + bytes + " bytes, where " + page.remaining() + " are left");
        }
        return new RunLengths(piece(page, bytes), 1);
    }

    private static int entry(int[] dictionary, int id) throws IOException {
        if (id < 0 || id >= dictionary.length) {
            throw new DamageException("entry " + id + " of a dictionary of " + dictionary.length);
        }
        return dictionary[id];
    }

    private void add(int token) throws IOException {
        if (token < 0 || token >= vocabularySize) {
            throw new DamageException("document " + shard.documents() + " holds token " + token
                    + ", outside the vocabulary of " + vocabularySize);
        }
        if (length > blockSize) {
            throw new DamageException(
                    "document " + shard.documents() + " is longer than the block size of " + blockSize);
        }
        if (length == document.length) {
            document = Arrays.copyOf(document, 2 * length);
        }
        document[length++] = token;
    }

    private void endDocument() throws IOException {
        if (length > 0) {
            if (shard.documents() == expected.documents()) {
                throw new DamageException(
                        "it holds more than the " + expected.documents() + " documents of the manifest");
            }
            if (length == 1) {
                throw new DamageException("document " + shard.documents() + " is one token, with nothing to predict");
            }
            shard.add(Arrays.copyOf(document, length));
            length = 0;
        }
    }

    /** {@return the next bytes, behind which {@code from} then stands} */
    private static ByteBuffer piece(ByteBuffer from, int bytes) {
        ByteBuffer piece = from.slice(from.position(), bytes).order(ByteOrder.LITTLE_ENDIAN);
        from.position(from.position() + bytes);
        return piece;
    }

    private static void pass(InputStream in, long count) throws IOException {
        for (long rest = count; rest > 0; rest -= BUFFER_BYTES) {
            exactly(in, new byte[(int) Math.min(BUFFER_BYTES, rest)]);
        }
    }

    static byte[] exactly(InputStream in, byte[] bytes) throws IOException {
        if (in.readNBytes(bytes, 0, bytes.length) < bytes.length) {
            throw new DamageException("it ends too early");
        }
        return bytes;
    }
}
