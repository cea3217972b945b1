package io.microgpt.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.fs.FSDataInputStream;

/** The end of a shard's Parquet file, which says where its tokens are. */
final class ShardFooter {
    private static final byte[] MAGIC = {'P', 'A', 'R', '1'};
    private static final int TAIL_BYTES = Integer.BYTES + MAGIC.length;
    /** In truth, some hundred bytes for every 128 MB of tokens. */
    private static final int MOST_BYTES = 1 << 20;

    /** What {@link #shown} makes of the schema that {@link ShardFile} writes. */
    private static final List<String> SCHEMA =
            List.of("group document of 1", "group tokens of 1", "repeated group list of 1", "int32 element");

    private static final int LONGEST_QUOTE = 200;

    /**
     * A part of the file that holds tokens.
     *
     * @param begin where its bytes begin
     * @param bytes how many
     * @param tokens how many they hold
     */
    record Chunk(long begin, int bytes, long tokens) {
        long end() {
            return begin + bytes;
        }
    }

    private ShardFooter() {}

    /**
     * {@return the parts of a file that follow each other and hold so many tokens}
     *
     * @param fileBytes the length of the file
     */
    static List<Chunk> read(FSDataInputStream in, long fileBytes, long tokens) throws IOException {
        ThriftStruct footer = ThriftStruct.read(ByteBuffer.wrap(bytes(in, fileBytes)));
        requireSchema(footer.structs(2, "schema"));
        List<Chunk> chunks = new ArrayList<>();
        long at = MAGIC.length;
        long left = tokens;
        for (ThriftStruct group : footer.structs(4, "row_groups")) {
            List<ThriftStruct> columns = group.structs(1, "columns");
            if (columns.size() != 1) {
                throw new DamageException("a group of rows has " + columns.size() + " columns, a shard has 1");
            }
            Chunk chunk = chunk(columns.get(0).struct(3, "meta_data"), at, fileBytes, left);
            chunks.add(chunk);
            at = chunk.end();
            left -= chunk.tokens();
        }
        if (left != 0) {
            throw new DamageException("it has " + (tokens - left) + " tokens, the manifest says " + tokens);
        }
        return chunks;
    }

    private static Chunk chunk(ThriftStruct column, long at, long fileBytes, long left) throws IOException {
        column.number(4, "codec", 0, 0); // not compressed
        long tokens = column.number(5, "num_values of a column", 0, left);
        long begin = column.number(9, "data_page_offset", at, fileBytes);
        if (column.has(11)) {
            begin = column.number(11, "dictionary_page_offset", at, begin);
        }
        long memory = Math.min(TokenShard.LONGEST_ARRAY, Runtime.getRuntime().maxMemory());
        long bytes = column.number(7, "total_compressed_size", 0, Math.min(memory, fileBytes - begin));
        return new Chunk(begin, (int) bytes, tokens);
    }

    private static byte[] bytes(FSDataInputStream in, long fileBytes) throws IOException {
        long end = fileBytes - TAIL_BYTES;
        if (end < MAGIC.length) {
            throw new DamageException("its " + fileBytes + " bytes are too few for a Parquet file");
        }
        in.seek(end);
        byte[] tail = ShardReader.exactly(in, new byte[TAIL_BYTES]);
        if (!Arrays.equals(tail, Integer.BYTES, TAIL_BYTES, MAGIC, 0, MAGIC.length)) {
            throw new DamageException("it does not end as a Parquet file does");
        }
        long bytes = Integer.toUnsignedLong(
                ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt());
        long most = Math.min(MOST_BYTES, end - MAGIC.length);
        if (bytes > most) {
            throw new DamageException("it claims a footer of " + bytes + " bytes, at most " + most + " are possible");
        }
        in.seek(end - bytes);
        return ShardReader.exactly(in, new byte[(int) bytes]);
    }

    private static void requireSchema(List<ThriftStruct> elements) throws IOException {
        List<String> schema = new ArrayList<>();
        for (ThriftStruct element : elements) {
            schema.add(shown(element));
        }
        if (!schema.equals(SCHEMA)) {
            String all = schema.toString();
            throw new DamageException("its schema is "
                    + (all.length() > LONGEST_QUOTE ? all.substring(0, LONGEST_QUOTE) + "..." : all)
                    + ", that of a shard is " + SCHEMA);
        }
    }

    private static String shown(ThriftStruct element) throws IOException {
        long repetition = element.has(3) ? element.number(3, "repetition_type", 0, 2) : 0;
        String times = repetition == 0 ? "" : repetition == 1 ? "optional " : "repeated ";
        String name = element.text(4, "name");
        if (!element.has(1)) {
            return times + "group " + name + " of " + element.number(5, "num_children", 0, Integer.MAX_VALUE);
        }
        return times + (element.number(1, "type", 0, 7) == 1 ? "int32 " : "other ") + name;
    }
}
