package io.microgpt.bench;

import io.microgpt.data.ContentHash;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.Sha256;
import io.microgpt.data.ShardFile;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerKind;
import io.microgpt.text.VocabularyOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/** Prepares a dataset as {@code jobs/prepare.sh} does with the defaults of {@code data.*}, but without Spark. */
final class PreparedFiles {
    private static final double TEST_FRACTION = 0.1;
    private static final long SEED = 1;

    private final Configuration hadoop = new Configuration(false);
    private final Path directory;
    private final int blockSize;
    private final int shardCount;
    private final Map<Part, List<List<int[]>>> documents = new EnumMap<>(Part.class); // part, shard, document

    PreparedFiles(Path directory, int blockSize, int shardCount) {
        this.directory = directory;
        this.shardCount = shardCount;
        this.blockSize = blockSize;
        // Hadoop's cache of file systems asks who the user is by a call that JDK 24 has taken away.
        hadoop.set("fs.file.impl.disable.cache", "true");
        for (Part part : Part.values()) {
            List<List<int[]>> shards = new ArrayList<>();
            for (int shard = 0; shard < shardCount; shard++) {
                shards.add(new ArrayList<>());
            }
            documents.put(part, shards);
        }
    }

    /** {@return a document for every line, placed and ordered by the hash of its content} */
    Dataset lines(Path file) throws IOException {
        Tokenizer tokenizer = tokenizer(Files.readString(file).replace("\n", ""), true);
        TreeMap<ContentHash, List<String>> lines = new TreeMap<>();
        for (String line : Files.readAllLines(file)) {
            ContentHash hash = ContentHash.of(line.getBytes(StandardCharsets.UTF_8), SEED);
            lines.computeIfAbsent(hash, h -> new ArrayList<>()).add(line);
        }
        lines.forEach((hash, equal) -> {
            Part part = hash.held(TEST_FRACTION, SEED) ? Part.TEST : Part.TRAIN;
            for (String line : equal) {
                int[] inside = tokenizer.encode(line);
                int[] tokens = new int[inside.length + 2];
                Arrays.fill(tokens, tokenizer.boundary().orElseThrow());
                System.arraycopy(inside, 0, tokens, 1, inside.length);
                documents.get(part).get(hash.shard(shardCount)).addAll(blocks(tokens));
            }
        });
        return write("lines", tokenizer.vocabularySize(), tokenizer.toJson());
    }

    /** {@return the blocks of a text in their order, the last ones held out} */
    Dataset continuous(Path file, int leastVocabulary) throws IOException {
        String text = Files.readString(file);
        Tokenizer tokenizer = tokenizer(text, false);
        List<int[]> blocks = blocks(tokenizer.encode(text));
        int held = (int) Math.round(blocks.size() * TEST_FRACTION);
        place(Part.TRAIN, blocks.subList(0, blocks.size() - held));
        place(Part.TEST, blocks.subList(blocks.size() - held, blocks.size()));
        return write("continuous", Math.max(leastVocabulary, tokenizer.vocabularySize()), tokenizer.toJson());
    }

    /** {@return documents of random tokens, all for training} */
    Dataset random(int vocabularySize, int count, int positions) throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        List<int[]> all = new ArrayList<>();
        for (int d = 0; d < count; d++) {
            all.add(random.ints(positions + 1, 0, vocabularySize).toArray());
        }
        place(Part.TRAIN, all);
        return write("lines", vocabularySize, "{}");
    }

    /** Shards that are runs of neighbouring documents. */
    private void place(Part part, List<int[]> all) {
        for (int d = 0; d < all.size(); d++) {
            documents.get(part).get((int) ((long) d * shardCount / all.size())).add(all.get(d));
        }
    }

    private static Tokenizer tokenizer(String text, boolean boundary) {
        Map<String, Long> counts = new HashMap<>();
        TokenizerKind.CHAR.forEachPiece(text, piece -> counts.merge(piece, 1L, Long::sum));
        return TokenizerKind.CHAR.train(counts, new VocabularyOptions(boundary, false, 0));
    }

    /** Cuts into documents of at most B positions; the last token of one is the first of the next. */
    private List<int[]> blocks(int[] tokens) {
        List<int[]> blocks = new ArrayList<>();
        for (int at = 0; at + 1 < tokens.length; at += blockSize) {
            blocks.add(Arrays.copyOfRange(tokens, at, Math.min(at + blockSize + 1, tokens.length)));
        }
        return blocks;
    }

    private Dataset write(String format, int vocabularySize, String tokenizerJson) throws IOException {
        Map<Part, List<Manifest.Shard>> descriptions = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            descriptions.put(part, new ArrayList<>());
            for (int shard = 0; shard < shardCount; shard++) {
                Path file = directory.resolve(Manifest.file(part, shard));
                try (ShardFile.Writer writer =
                        new ShardFile.Writer(hadoop, new org.apache.hadoop.fs.Path(file.toString()))) {
                    for (int[] document : documents.get(part).get(shard)) {
                        writer.add(document);
                    }
                    descriptions.get(part).add(writer.description());
                }
            }
        }
        Manifest manifest = new Manifest(
                blockSize,
                vocabularySize,
                Sha256.of(tokenizerJson),
                Map.of("data.format", format),
                Map.of(),
                descriptions.get(Part.TRAIN),
                descriptions.get(Part.TEST));
        Files.writeString(directory.resolve(Dataset.TOKENIZER), tokenizerJson);
        Files.writeString(directory.resolve(Manifest.FILE), manifest.toJson());
        return Dataset.open(hadoop, directory.toString());
    }
}
