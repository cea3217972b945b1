package io.microgpt.bench;

import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.model.GptConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * What is timed. {@code scripts/torch_step.py} knows the same names, shapes and batches. The data are files named by the system
 * properties {@code bench.names} and {@code bench.text}; without them, samples of the repository. {@code bench.dropout} is the rate of dropout,
 * none without it; {@code bench.threads} of a training compute together, one without it.
 */
enum Workload {
    /** Blocks of contiguous text, characters. */
    SHAKESPEARE(Data.TEXT, 128, 4, 4, 64, 12),
    /** The same once it has learned: fewer hidden units are on. */
    SHAKESPEARE_TRAINED(Data.TEXT, 128, 4, 4, 64, 12, 2_000),
    /** Given names, as ragged as they are. */
    NAMES(Data.NAMES, 16, 4, 1, 16, 32),
    /** Longer blocks of text: more of the work is attention. */
    CONTEXT256(Data.TEXT, 128, 4, 4, 256, 8),
    CONTEXT256_TRAINED(Data.TEXT, 128, 4, 4, 256, 8, 500),
    CONTEXT1024(Data.TEXT, 128, 4, 4, 1024, 2),
    /** The shape of the smallest GPT-2, on random tokens; of one shard, for a gradient is half a gigabyte. */
    GPT124M(Data.RANDOM, 768, 12, 12, 1024, 4),
    /** Generating, one sequence and many together. */
    DECODE1(Data.NONE, 128, 4, 4, 64, 1),
    DECODE64(Data.NONE, 128, 4, 4, 64, 64);

    /** Characters of the Shakespeare text; one with fewer keeps this size, so that every text costs the same. */
    private static final int LEAST_TEXT_VOCABULARY = 65;

    /** As by the default of {@code data.shards}. */
    private static final int SHARDS = 8;

    private static final int RANDOM_VOCABULARY = 50_257;
    private static final int RANDOM_POSITIONS = 64;
    private static final int RANDOM_DOCUMENTS = 64;

    private enum Data {
        NAMES,
        TEXT,
        RANDOM,
        NONE
    }

    private final Data data;
    private final int nEmbd;
    private final int nHead;
    private final int nLayer;
    private final int blockSize;
    private final int batch;
    private final int trained; // steps before those that are timed

    Workload(Data data, int nEmbd, int nHead, int nLayer, int blockSize, int batch) {
        this(data, nEmbd, nHead, nLayer, blockSize, batch, 0);
    }

    Workload(Data data, int nEmbd, int nHead, int nLayer, int blockSize, int batch, int trained) {
        this.trained = trained;
        this.data = data;
        this.nEmbd = nEmbd;
        this.nHead = nHead;
        this.nLayer = nLayer;
        this.blockSize = blockSize;
        this.batch = batch;
    }

    /** {@return the workload of this name, such as {@code context256}} */
    static Workload of(String name) {
        return Arrays.stream(values())
                .filter(workload -> workload.key().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no workload " + name + "; there are "
                        + Arrays.stream(values()).map(Workload::key).toList()));
    }

    String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** {@return the work, ready to run; its files are gone when it is closed} */
    Work open() {
        if (data == Data.NONE) {
            return new Decoding(model(LEAST_TEXT_VOCABULARY), batch);
        }
        try {
            Path directory = Files.createTempDirectory("microgpt-bench-");
            int threads = Math.max(1, Integer.getInteger("bench.threads", 1));
            int shards = data == Data.RANDOM ? 1 : Math.max(threads, SHARDS);
            Dataset dataset = dataset(new PreparedFiles(directory, blockSize, shards));
            GptConfig model = model(dataset.manifest().vocabularySize());
            double baseRate = data == Data.NAMES ? 0.01 : 0.001;
            TrainingStep step = new TrainingStep(dataset, model, batch, baseRate, threads, directory);
            if (trained > 0) {
                step.trainTo(
                        trained,
                        directory.resolveSibling(
                                key() + "-" + trained + "-" + dataset.manifest().positions(Part.TRAIN) + ".state"));
            }
            return step;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Dataset dataset(PreparedFiles files) throws IOException {
        return switch (data) {
            case NAMES -> files.lines(file("bench.names", "data-samples/names.txt"));
            case TEXT -> files.continuous(file("bench.text", "data-samples/stories.txt"), LEAST_TEXT_VOCABULARY);
            default -> files.random(RANDOM_VOCABULARY, RANDOM_DOCUMENTS, RANDOM_POSITIONS);
        };
    }

    private GptConfig model(int vocabularySize) {
        return new GptConfig(vocabularySize, nEmbd, nHead, nLayer, blockSize, 4 * nEmbd);
    }

    private static Path file(String property, String sample) {
        return Path.of(System.getProperty(property, sample));
    }
}
