package io.microgpt.data;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.InitContext;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * One shard as a Parquet file, a document a row: {@code tokens: list<int32>}. Any Parquet reader shows it; this one needs no Spark.
 * The same documents make the same bytes.
 */
public final class ShardFile {
    private static final String COLUMN = "tokens";
    private static final MessageType SCHEMA = Types.buildMessage()
            .addField(Types.requiredList()
                    .requiredElement(PrimitiveTypeName.INT32)
                    .named(COLUMN))
            .named("document");

    private ShardFile() {}

    /** Writes the documents as they come; a file that exists is replaced, since a task that runs again writes the same. */
    public static final class Writer implements AutoCloseable {
        private final ParquetWriter<int[]> parquet;
        private final ShardDigest digest = new ShardDigest();
        private int documents;
        private long positions;

        public Writer(Configuration hadoop, Path path) throws IOException {
            // Not compressed: Parquet's own dictionary and bit packing leave little, and any reader opens it.
            parquet = new Builder(path)
                    .withConf(hadoop)
                    .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
                    .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
                    .build();
        }

        public void add(int[] document) throws IOException {
            parquet.write(document);
            digest.add(document);
            documents = Math.addExact(documents, 1);
            positions += document.length - 1;
        }

        /** {@return what the manifest is to say of this shard; once, after the last document} */
        public Manifest.Shard description() {
            return new Manifest.Shard(documents, positions, digest.hex());
        }

        @Override
        public void close() throws IOException {
            parquet.close();
        }
    }

    /**
     * Reads a whole shard.
     *
     * @param vocabularySize V; a token outside is an error
     * @throws DatasetException if the file is not there, is damaged or is not a shard
     */
    public static TokenShard read(Configuration hadoop, Path path, int vocabularySize) {
        TokenShard shard = new TokenShard(vocabularySize);
        try (ParquetReader<int[]> reader =
                ParquetReader.builder(new Reading(), path).withConf(hadoop).build()) {
            for (int[] document = reader.read(); document != null; document = reader.read()) {
                for (int token : document) {
                    if (token < 0 || token >= vocabularySize) {
                        throw new DatasetException(path + ": document " + shard.documents() + " holds token " + token
                                + ", outside the vocabulary of " + vocabularySize + "; prepare the dataset again");
                    }
                }
                shard.add(document);
            }
        } catch (DatasetException e) {
            throw e;
        } catch (IOException | RuntimeException e) { // of damaged files Parquet throws whatever comes
            throw new DatasetException(
                    path + ": cannot be read as a token shard (" + e + "); prepare the dataset again", e);
        }
        return shard;
    }

    // Parquet still declares the overloads for Hadoop's Configuration abstract, although it has deprecated them.
    @SuppressWarnings("deprecation")
    private static final class Builder extends ParquetWriter.Builder<int[], Builder> {
        Builder(Path path) {
            super(path);
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<int[]> getWriteSupport(Configuration conf) {
            return new Writing();
        }
    }

    @SuppressWarnings("deprecation")
    private static final class Writing extends WriteSupport<int[]> {
        private RecordConsumer out;

        @Override
        public WriteContext init(Configuration configuration) {
            return new WriteContext(SCHEMA, Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer consumer) {
            out = consumer;
        }

        @Override
        public void write(int[] document) {
            out.startMessage();
            out.startField(COLUMN, 0);
            out.startGroup();
            if (document.length > 0) {
                out.startField("list", 0);
                for (int token : document) {
                    out.startGroup();
                    out.startField("element", 0);
                    out.addInteger(token);
                    out.endField("element", 0);
                    out.endGroup();
                }
                out.endField("list", 0);
            }
            out.endGroup();
            out.endField(COLUMN, 0);
            out.endMessage();
        }
    }

    @SuppressWarnings("deprecation")
    private static final class Reading extends ReadSupport<int[]> {
        @Override
        public ReadContext init(InitContext context) {
            if (!context.getFileSchema().containsField(COLUMN)) {
                throw new org.apache.parquet.io.ParquetDecodingException("it has no column " + COLUMN);
            }
            return new ReadContext(SCHEMA);
        }

        @Override
        public RecordMaterializer<int[]> prepareForRead(
                Configuration conf, Map<String, String> metadata, MessageType schema, ReadContext context) {
            return new Materializer();
        }
    }

    private static final class Materializer extends RecordMaterializer<int[]> {
        private int[] tokens = new int[64];
        private int count;

        private final PrimitiveConverter element = new PrimitiveConverter() {
            @Override
            public void addInt(int value) {
                if (count == tokens.length) {
                    tokens = Arrays.copyOf(tokens, 2 * count);
                }
                tokens[count++] = value;
            }
        };
        private final GroupConverter record = group(group(group(element, () -> {}), () -> {}), () -> count = 0);

        @Override
        public int[] getCurrentRecord() {
            return Arrays.copyOf(tokens, count);
        }

        @Override
        public GroupConverter getRootConverter() {
            return record;
        }

        private static GroupConverter group(Converter child, Runnable onStart) {
            return new GroupConverter() {
                @Override
                public Converter getConverter(int field) {
                    return child;
                }

                @Override
                public void start() {
                    onStart.run();
                }

                @Override
                public void end() {}
            };
        }
    }
}
