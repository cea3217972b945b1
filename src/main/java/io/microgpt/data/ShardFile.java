package io.microgpt.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopStreams;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.io.api.RecordConsumer;
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
        private final Output file;
        private final ShardDigest digest = new ShardDigest();
        private int documents;
        private long positions;

        public Writer(Configuration hadoop, Path path) throws IOException {
            this(hadoop, path, ParquetWriter.DEFAULT_BLOCK_SIZE);
        }

        Writer(Configuration hadoop, Path path, int groupBytes) throws IOException {
            file = new Output(path.getFileSystem(hadoop), path);
            parquet = new Builder(file)
                    // ShardReader knows one layout: nothing that a cluster configures of Parquet may change it.
                    .withConf(new Configuration(false))
                    // Parquet's own dictionary and bit packing leave little to compress, and any reader opens it.
                    .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
                    .withRowGroupSize((long) groupBytes)
                    .withWriterVersion(WriterVersion.PARQUET_1_0)
                    .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
                    .build();
        }

        public void add(int[] document) throws IOException {
            parquet.write(document);
            digest.add(document);
            documents = Math.addExact(documents, 1);
            positions += document.length - 1;
        }

        /** Ends the file. {@return what the manifest is to say of this shard; once, after the last document} */
        public Manifest.Shard description() throws IOException {
            parquet.close();
            return new Manifest.Shard(
                    documents, positions, digest.hex(), file.stream.getPos(), Sha256.hex(file.digest));
        }

        @Override
        public void close() throws IOException {
            parquet.close();
        }
    }

    /** Hashes what Parquet writes. */
    private static final class Output implements OutputFile {
        private final MessageDigest digest = Sha256.digest();
        private final FileSystem fs;
        private final Path path;
        private FSDataOutputStream stream;

        Output(FileSystem fs, Path path) {
            this.fs = fs;
            this.path = path;
        }

        @Override
        public PositionOutputStream create(long blockSizeHint) throws IOException {
            return createOrOverwrite(blockSizeHint);
        }

        @Override
        public PositionOutputStream createOrOverwrite(long blockSizeHint) throws IOException {
            stream = new FSDataOutputStream(new DigestOutputStream(fs.create(path, true), digest), null);
            return HadoopStreams.wrap(stream);
        }

        @Override
        public boolean supportsBlockSize() {
            return false;
        }

        @Override
        public long defaultBlockSize() {
            return 0;
        }
    }

    /**
     * Reads a whole shard.
     *
     * @param expected what the manifest says of it
     * @param vocabularySize V; a token outside is an error
     * @param blockSize B; a document of more positions is an error
     * @throws DatasetException if the file is not there, is damaged or is not that shard; or if storage does not give it
     */
    public static TokenShard read(
            Configuration hadoop, Path path, Manifest.Shard expected, int vocabularySize, int blockSize) {
        try {
            FileSystem fs = path.getFileSystem(hadoop);
            long bytes = length(fs, path);
            if (bytes != expected.bytes()) {
                throw new DamageException("it is " + bytes + " bytes long, the manifest says " + expected.bytes());
            }
            try (FSDataInputStream in = fs.open(path)) {
                return ShardReader.read(in, expected, vocabularySize, blockSize);
            }
        } catch (BufferUnderflowException e) {
            throw damage(path, "a part of it ends too early", e);
        } catch (DamageException | ChecksumException e) {
            throw damage(path, e.getMessage(), e);
        } catch (IOException | FSError e) {
            throw new DatasetException(
                    path + ": storage does not give this token shard (" + e
                            + "), which may well be whole: try again when it answers",
                    e);
        }
    }

    private static long length(FileSystem fs, Path path) throws IOException {
        try {
            return fs.getFileStatus(path).getLen();
        } catch (FileNotFoundException e) {
            throw damage(path, e.getMessage(), e);
        }
    }

    private static DatasetException damage(Path path, String reason, Throwable cause) {
        return new DatasetException(
                path + ": cannot be read as a token shard (" + reason + "); prepare the dataset again", cause);
    }

    // Parquet still declares the overloads for Hadoop's Configuration abstract, although it has deprecated them.
    @SuppressWarnings("deprecation")
    private static final class Builder extends ParquetWriter.Builder<int[], Builder> {
        Builder(OutputFile file) {
            super(file);
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
}
