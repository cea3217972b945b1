package io.microgpt.spark.complete;

import io.microgpt.data.DatasetException;
import io.microgpt.data.Sha256;
import io.microgpt.spark.input.Prompts;
import io.microgpt.spark.tasks.BroadcastModel;
import io.microgpt.spark.tasks.Flattened;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.Partition;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.FileFormat;
import org.apache.spark.sql.execution.datasources.FilePartition;
import org.apache.spark.sql.execution.datasources.PartitionedFile;
import org.apache.spark.sql.execution.datasources.csv.CSVFileFormat;
import org.apache.spark.sql.execution.datasources.json.JsonFileFormat;
import org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;

/**
 * Completions for files of prompts, of any number: one Spark job, whose every partition becomes a file as soon as it is done. A run
 * that dies is run again and does what is missing; the files are then those of a run that did not die, to the byte.
 */
public final class GenerateJob {
    /** The formats of output. */
    public static final List<String> FORMATS = List.of("jsonl", "parquet", "csv");

    private final SparkSession spark;
    private final Input input;
    private final Output output;

    /**
     * What is completed.
     *
     * @param path a file, directory or glob on any Hadoop file system
     * @param format {@code text} (a line a prompt), {@code jsonl}, {@code csv} or {@code parquet}
     */
    public record Input(String path, String format) {}

    /**
     * Where the completions go.
     *
     * @param path a directory that is new, or that the same job has begun
     * @param format one of {@link #FORMATS}
     */
    public record Output(String path, String format) {}

    /** Is told how far the job is, by another thread; rarely often. */
    public interface Progress {
        /**
         * @param prompts taken by this run so far
         * @param ended its parts that are done
         * @param parts that it has to do
         */
        void at(long prompts, int ended, int parts);
    }

    /**
     * What is in the output in the end.
     *
     * @param prompts rows that went in
     * @param errors those that could not be served; each has a row that says why
     * @param reasons rows that came out, by {@code finish_reason}
     * @param found parts that a run before had done
     */
    public record Report(long prompts, long errors, SortedMap<String, Long> reasons, int found) {
        public long completions() {
            return reasons.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    public GenerateJob(SparkSession spark, Input input, Output output) {
        this.spark = spark.newSession(); // how input is cut and output is committed are settings of a session
        this.spark.conf().set("spark.sql.sources.commitProtocolClass", PartCommit.class.getName());
        this.spark.conf().set("spark.sql.files.maxRecordsPerFile", 0L);
        this.spark.conf().set("spark.sql.sources.useV1SourceList", "text,json,csv,parquet");
        this.input = input;
        this.output = output;
    }

    /**
     * Checks that the output is a new directory, or one of this job, before anything is done for it.
     *
     * @throws DatasetException if it is another
     */
    public static void requireUsable(Configuration hadoop, Output output) {
        if (!FORMATS.contains(output.format())) {
            throw new IllegalArgumentException(
                    "--format " + output.format() + " is not one of " + String.join(", ", FORMATS));
        }
        try {
            GenerateManifest.of(hadoop, new Path(output.path()));
        } catch (IOException e) {
            throw new DatasetException(output.path() + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Completes what is missing of the output.
     *
     * @param weightsSha256 of the model: a run with other weights may not go on with this one's output either
     * @param settings what else decides the completions, by name: a run with others may not go on with this one's output
     * @throws DatasetException if the output is of another job, the input is not there or lacks the column
     */
    public Report run(
            BroadcastModel model,
            String weightsSha256,
            GenerateOptions options,
            Map<String, String> settings,
            Progress progress) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        Path out = new Path(output.path());
        try {
            Dataset<Row> prompts =
                    Prompts.read(spark, input.path(), input.format(), options.column(), CompletionColumns.COLUMNS);
            List<Partition> partitions = prompts.javaRDD().partitions();
            Optional<GenerateManifest> begun = GenerateManifest.of(hadoop, out);
            SortedMap<Integer, Path> files = PartCommit.finished(hadoop, out);
            BitSet finished = new BitSet();
            files.keySet().forEach(finished::set);
            LongAccumulator taken = spark.sparkContext().longAccumulator("prompts");
            Dataset<Row> completed = CompletionColumns.of(missing(prompts, finished, taken), model, options);
            GenerateManifest manifest = manifest(model, weightsSha256, options, settings, partitions);
            requireWritable(completed.schema());
            if (begun.isPresent()) {
                manifest.requireSame(begun.get(), out);
            } else {
                manifest.write(hadoop, out);
            }
            CompletionCounts counts = counted(files.values());
            if (!PartCommit.succeeded(hadoop, out)) {
                Observation written = new Observation("completions");
                int parts = partitions.size() - files.size();
                write(
                        CompletionCounts.observed(completed, written),
                        group -> new PartProgress(group, taken, finished, parts, progress));
                counts = counts.plus(CompletionCounts.of(written));
            }
            return new Report(counts.prompts(), counts.errors(), counts.reasons(), files.size());
        } catch (IOException e) {
            throw new DatasetException(out + ": " + e.getMessage(), e);
        }
    }

    /** Writes the parts, in one job. */
    private void write(Dataset<Row> completed, Function<String, PartProgress> progress) {
        SparkContext context = spark.sparkContext();
        String group = UUID.randomUUID().toString();
        PartProgress listener = progress.apply(group);
        context.addSparkListener(listener);
        context.setJobGroup(group, "generate " + output.path(), false);
        try {
            write(completed.write().mode(SaveMode.Append));
            listener.finish();
        } finally {
            context.clearJobGroup();
            context.removeSparkListener(listener);
        }
    }

    /** All partitions keep their numbers; those that are finished have no rows, and are not read. */
    private static Dataset<Row> missing(Dataset<Row> prompts, BitSet finished, LongAccumulator taken) {
        MapPartitionsFunction<Row, Row> missing = rows -> finished.get(TaskContext.getPartitionId())
                ? Collections.emptyIterator()
                : new Flattened<>(rows, row -> {
                    taken.add(1);
                    return List.of(row).iterator();
                });
        return prompts.mapPartitions(missing, Encoders.row(prompts.schema()));
    }

    private GenerateManifest manifest(
            BroadcastModel model,
            String weightsSha256,
            GenerateOptions options,
            Map<String, String> settings,
            List<Partition> partitions) {
        MessageDigest files = Sha256.digest();
        MessageDigest cuts = Sha256.digest();
        for (Partition partition : partitions) {
            for (PartitionedFile file : ((FilePartition) partition).files()) {
                String name = file.filePath().toString();
                add(files, name, file.fileSize(), file.modificationTime());
                add(cuts, name, partition.index(), file.start(), file.length());
            }
        }
        SortedMap<String, String> values = new TreeMap<>(settings);
        values.put("the model's weights", weightsSha256);
        values.put("the model's shape", model.config().toString());
        values.put("the model's tokenizer", Sha256.of(model.tokenizerJson()));
        values.put("--column", options.column());
        options.seedColumn().ifPresent(column -> values.put("--seed-column", column));
        values.put("--format", output.format());
        values.put("--prompts-format", input.format());
        values.put("the listing of --prompts", Sha256.hex(files));
        values.put("the parts of --prompts", partitions.size() + " of " + Sha256.hex(cuts));
        return new GenerateManifest(values);
    }

    private static void add(MessageDigest digest, Object... values) {
        digest.update(Arrays.toString(values).getBytes(StandardCharsets.UTF_8));
    }

    /** Spark would find it out too, but in a directory that is begun. */
    private void requireWritable(StructType schema) {
        FileFormat files = switch (output.format()) {
            case "parquet" -> new ParquetFileFormat();
            case "csv" -> new CSVFileFormat();
            default -> new JsonFileFormat();
        };
        for (StructField field : schema.fields()) {
            if (!files.supportDataType(field.dataType())) {
                throw new DatasetException(input.path() + ": column " + field.name() + " is of type "
                        + field.dataType().typeName() + ", which is not written as " + output.format()
                        + "; give another --format");
            }
        }
    }

    private void write(DataFrameWriter<Row> writer) {
        switch (output.format()) {
            case "parquet" -> writer.parquet(output.path());
            case "csv" ->
                writer.option("header", true)
                        .option("escape", "\"")
                        .option("ignoreLeadingWhiteSpace", false)
                        .option("ignoreTrailingWhiteSpace", false)
                        .csv(output.path());
            default -> writer.option("ignoreNullFields", false).json(output.path());
        }
    }

    /** {@return what a run before has left; read again, because it alone knew} */
    private CompletionCounts counted(Collection<Path> files) {
        if (files.isEmpty()) {
            return CompletionCounts.NONE;
        }
        String[] paths = files.stream().map(Path::toString).toArray(String[]::new);
        DataFrameReader reader = spark.read();
        return CompletionCounts.of(
                switch (output.format()) {
                    case "parquet" -> reader.parquet(paths);
                    case "csv" ->
                        reader.option("header", true)
                                .option("multiLine", true)
                                .option("escape", "\"")
                                .csv(paths);
                    default ->
                        reader.schema(new StructType()
                                        .add("finish_reason", DataTypes.StringType)
                                        .add("sample", DataTypes.IntegerType))
                                .json(paths);
                });
    }
}
