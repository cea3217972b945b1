package io.microgpt.spark.prepare;

import io.microgpt.data.Dataset;
import io.microgpt.data.DatasetException;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.Sha256;
import io.microgpt.data.ShardFile;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.spark.input.InputRow;
import io.microgpt.spark.input.InputRows;
import io.microgpt.spark.tasks.Flattened;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import io.microgpt.text.TokenizerKind;
import io.microgpt.text.UnseenTextException;
import io.microgpt.text.VocabularyExtension;
import io.microgpt.text.VocabularyOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Text to a prepared dataset, order-free: the same rows in other files, in another order or in other partitions make the same shards
 * to the byte. Two passes over the input: one counts, one encodes; where a piece may be several tokens, one between them counts those. The dataset appears under its name when it is whole.
 */
public final class Preparation {
    /** Directory of the rejected rows inside a dataset. */
    public static final String REJECTED = "rejected";

    private static final int SHOWN_REJECTIONS = 3;

    private final SparkSession spark;
    private final Configuration hadoop;
    private final PrepareOptions options;
    private final Optional<Tokenizer> given;
    private final Optional<Tokenizer> older;

    /** @param given the tokenizer of a model that exists; empty to make one of this text */
    public Preparation(SparkSession spark, PrepareOptions options, Optional<Tokenizer> given) {
        this(spark, options, given, Optional.empty());
    }

    private Preparation(
            SparkSession spark, PrepareOptions options, Optional<Tokenizer> given, Optional<Tokenizer> older) {
        this.older = older;
        this.spark = spark;
        this.hadoop = spark.sparkContext().hadoopConfiguration();
        this.options = options;
        this.given = given;
    }

    /** {@return the same, where the tokenizer made of this text keeps the tokens of an older one and adds those that are new} */
    public Preparation extending(Optional<Tokenizer> vocabulary) {
        return new Preparation(spark, options, given, vocabulary);
    }

    /**
     * Prepares the dataset.
     *
     * @param out its directory, which must not exist yet
     * @throws DatasetException if there is no input, too much of it is bad, or {@code out} exists
     */
    public PreparedStatistics run(String out) throws IOException {
        Path target = new Path(out);
        FileSystem fs = target.getFileSystem(hadoop);
        if (fs.exists(target)) {
            throw new DatasetException(out + ": exists already; give another directory or remove it");
        }
        // A directory of its own each time: a task of a job that died may still be writing.
        Path parent = target.getParent() == null ? new Path(".") : target.getParent();
        Path beside = new Path(parent, "." + target.getName() + ".preparing");
        fs.delete(beside, true);
        Path work = new Path(beside, UUID.randomUUID().toString());
        try {
            PreparedStatistics statistics = prepare(work, target);
            if (fs.exists(target) || !fs.rename(work, target)) {
                throw new DatasetException(out + ": the prepared dataset in " + work + " cannot be renamed to it");
            }
            fs.delete(beside, true);
            return statistics;
        } catch (Exception e) {
            try {
                fs.delete(beside, true);
            } catch (IOException also) { // what went wrong first is what is told
                e.addSuppressed(also);
            }
            throwCause(e);
            throw e;
        }
    }

    /** Spark wraps what a task throws; what is wrong with the input is inside. */
    private static void throwCause(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof DatasetException || cause instanceof UncheckedIOException) {
                throw new DatasetException(cause.getMessage(), e);
            }
        }
    }

    private PreparedStatistics prepare(Path work, Path target) throws IOException {
        boolean continuous = options.format() == InputFormat.CONTINUOUS;
        TokenizerKind kind = given.map(Tokenizer::kind).orElse(options.tokenizer());
        JavaRDD<InputRow> read = rejectUnseen(
                InputRows.read(spark, options.input(), options.format(), options.column(), options.maxDocumentBytes()));
        JavaRDD<InputRow> rows = continuous && !kind.isOneTokenAPiece() ? read.mapPartitions(RunningText::new) : read;
        int boundaries = continuous ? 0 : 2;
        int mostTokens = options.blockSize() + 1 - boundaries;
        Survey survey = Survey.of(rows, kind, mostTokens, kind.mostPieces());
        requireEnough(rows, survey, target);

        older.ifPresent(vocabulary -> requireKind(vocabulary.kind()));
        VocabularyOptions wanted =
                new VocabularyOptions(!continuous, options.unknown(), options.vocabularySize(), options.minCount());
        Tokenizer tokenizer = given.or(
                        () -> older.map(vocabulary -> VocabularyExtension.extend(vocabulary, survey.pieces(), wanted)))
                .orElseGet(() -> kind.train(survey.pieces(), wanted));
        if (tokenizer.boundary().isPresent() == continuous) {
            throw new DatasetException(
                    options.input() + ": data.format = " + options.format().key()
                            + " does not fit the model's tokenizer, which was made for "
                            + (continuous ? "single documents" : "continuous text"));
        }
        TokenCounts tokens = TokenCounts.of(rows, survey, tokenizer, mostTokens);
        Encoding encoding = new Encoding(options, tokenizer);
        JavaPairRDD<DocumentKey, int[]> documents =
                continuous ? encoding.blocks(rows, tokens.files()) : encoding.documents(rows);
        // In full, because an executor has a working directory of its own.
        Map<Part, List<Manifest.Shard>> shards =
                write(documents, work.getFileSystem(hadoop).makeQualified(work));
        if (survey.rejected() > 0) {
            writeRejected(rows, new Path(work, REJECTED));
        }
        long overLength = continuous ? 0 : tokens.overLength();
        long leftOut = given.isEmpty() ? survey.leftOut() : 0;
        Map<String, Long> counts = new TreeMap<>();
        counts.put("rows", survey.rows());
        counts.put("rejected", survey.rejected());
        counts.put("chunked", options.chunk() ? overLength : 0);
        counts.put("truncated", options.chunk() ? 0 : overLength);
        counts.put("unknown_tokens", tokens.unknown());
        counts.put("left_out_pieces", leftOut);
        Manifest manifest = new Manifest(
                options.blockSize(),
                tokenizer.vocabularySize(),
                Sha256.of(tokenizer.toJson()),
                options.settings(),
                counts,
                shards.get(Part.TRAIN),
                shards.get(Part.TEST));
        writeText(new Path(work, Dataset.TOKENIZER), tokenizer.toJson());
        writeText(new Path(work, Manifest.FILE), manifest.toJson());
        long good = survey.rows() - survey.rejected();
        return new PreparedStatistics(
                survey.rows(),
                survey.rejected(),
                tokens.total() + boundaries * good,
                tokens.unknown(),
                leftOut,
                counts.get("chunked"),
                counts.get("truncated"),
                manifest);
    }

    private void requireKind(TokenizerKind kind) {
        if (kind != options.tokenizer()) {
            throw new DatasetException(options.input() + ": data.tokenizer = "
                    + options.tokenizer().key() + " cannot go on with the vocabulary of data.vocabulary, which is "
                    + kind.key() + "; set data.tokenizer=" + kind.key());
        }
    }

    /** Rows that a given tokenizer cannot encode are rejected; one made of this text encodes it all, one of bytes any text. */
    private JavaRDD<InputRow> rejectUnseen(JavaRDD<InputRow> rows) {
        if (given.isEmpty() || given.get().unknown().isPresent() || given.get().kind() == TokenizerKind.BPE) {
            return rows;
        }
        String json = given.get().toJson();
        return rows.mapPartitions(part -> {
            Tokenizer tokenizer = TokenizerJson.parse(json, "the model's tokenizer");
            return new Flattened<>(
                    part, row -> List.of(rejectUnseen(row, tokenizer)).iterator());
        });
    }

    private static InputRow rejectUnseen(InputRow row, Tokenizer tokenizer) {
        if (row.rejection() == null) {
            try {
                tokenizer.encode(row.text());
            } catch (UnseenTextException e) {
                return InputRow.rejected(row.file(), row.position(), e.getMessage(), row.text());
            }
        }
        return row;
    }

    private void requireEnough(JavaRDD<InputRow> rows, Survey survey, Path target) {
        if (survey.rows() == 0) {
            throw new DatasetException(options.input() + ": has no rows; training needs at least one");
        }
        double share = (double) survey.rejected() / survey.rows();
        if (share <= options.maxRejectedFraction() && survey.rejected() < survey.rows()) {
            return;
        }
        Path table = target.suffix("-" + REJECTED);
        writeRejected(rows, table);
        String first = rows.filter(row -> row.rejection() != null).take(SHOWN_REJECTIONS).stream()
                .map(row -> "\n  " + row.file() + " at " + row.position() + ": " + row.rejection())
                .collect(Collectors.joining());
        String bad = survey.rejected() + " of " + survey.rows() + " rows are bad"
                + (survey.rejected() == survey.rows()
                        ? ", so that nothing is left"
                        : ", more than data.max-rejected-fraction = " + options.maxRejectedFraction() + " allows");
        throw new DatasetException(options.input() + ": " + bad + ". The first:" + first + "\nAll are in " + table
                + ". Mend the input, check data.format and data.column, or raise data.max-rejected-fraction");
    }

    private void writeRejected(JavaRDD<InputRow> rows, Path table) {
        JavaRDD<RejectedRow> rejected = rows.filter(row -> row.rejection() != null)
                .map(row -> new RejectedRow(row.file(), row.position(), row.rejection(), row.excerpt()));
        spark.createDataFrame(rejected, RejectedRow.class)
                .select("file", "position", "reason", "excerpt")
                .write()
                .mode(SaveMode.Overwrite)
                .json(table.toString());
    }

    private record ShardResult(Part part, int index, Manifest.Shard shard) implements Serializable {}

    private Map<Part, List<Manifest.Shard>> write(JavaPairRDD<DocumentKey, int[]> documents, Path work) {
        int shards = options.shards();
        SerializableConfiguration shipped = new SerializableConfiguration(hadoop);
        String directory = work.toString();
        List<ShardResult> results = documents
                .repartitionAndSortWithinPartitions(new ByShard(shards))
                .mapPartitionsWithIndex(
                        (index, part) -> {
                            Part side = Part.values()[index / shards];
                            return List.of(write(shipped.value(), directory, side, index % shards, part))
                                    .iterator();
                        },
                        false)
                .collect();
        return results.stream()
                .sorted(Comparator.comparingInt(ShardResult::index))
                .collect(Collectors.groupingBy(
                        ShardResult::part,
                        Collectors.mapping(ShardResult::shard, Collectors.toCollection(ArrayList::new))));
    }

    /** Writes beside and renames, so that a second attempt of the task does no harm. */
    private static ShardResult write(
            Configuration hadoop,
            String directory,
            Part part,
            int shard,
            Iterator<Tuple2<DocumentKey, int[]>> documents)
            throws IOException {
        Path target = new Path(directory, Manifest.file(part, shard));
        Path attempt = new Path(
                target.getParent(),
                "." + target.getName() + "." + TaskContext.get().taskAttemptId());
        Manifest.Shard description;
        try (ShardFile.Writer writer = new ShardFile.Writer(hadoop, attempt)) {
            while (documents.hasNext()) {
                writer.add(documents.next()._2());
            }
            description = writer.description();
        }
        FileSystem fs = target.getFileSystem(hadoop);
        fs.delete(target, false);
        if (!fs.rename(attempt, target) && !fs.exists(target)) {
            throw new IOException(attempt + ": cannot be renamed to " + target);
        }
        return new ShardResult(part, shard, description);
    }

    private void writeText(Path path, String text) throws IOException {
        try (OutputStream out = path.getFileSystem(hadoop).create(path, true)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** A partition a shard: those of the training part first. */
    private static final class ByShard extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int shards;

        ByShard(int shards) {
            this.shards = shards;
        }

        @Override
        public int numPartitions() {
            return shards * Part.values().length;
        }

        @Override
        public int getPartition(Object key) {
            DocumentKey place = (DocumentKey) key;
            return place.part().ordinal() * shards + place.shard();
        }
    }
}
