package io.microgpt.train;

import io.microgpt.data.ContentHash;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.Sha256;
import io.microgpt.data.ShardFile;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import io.microgpt.text.TokenizerKind;
import io.microgpt.text.VocabularyExtension;
import io.microgpt.text.VocabularyOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;

/** Prepares a small dataset of made-up names in a directory, without Spark. */
final class TinyDataset {
    static final Configuration HADOOP = new Configuration(false);
    static final int BLOCK_SIZE = 9;

    private static final double TEST_FRACTION = 0.2;
    private static final String[] SYLLABLES = {"an", "be", "ca", "do", "li", "ma", "no", "ra", "so"};

    private TinyDataset() {}

    /** {@return a dataset of so many names over so many shards, the same for the same seed} */
    static Dataset write(Path directory, int names, int shards, long seed) throws IOException {
        return write(directory, names(names, seed), shards);
    }

    static Dataset write(Path directory, List<String> names, int shards) throws IOException {
        return write(directory, names, shards, Optional.empty());
    }

    /** With the vocabulary of another dataset, and what is new. */
    static Dataset write(Path directory, List<String> names, int shards, Optional<Dataset> older) throws IOException {
        Map<String, Long> counts = new HashMap<>();
        names.forEach(name -> TokenizerKind.CHAR.forEachPiece(name, piece -> counts.merge(piece, 1L, (a, b) -> a + b)));
        VocabularyOptions options = new VocabularyOptions(true, false, 0);
        Tokenizer tokenizer = older.map(dataset -> VocabularyExtension.extend(
                        TokenizerJson.parse(dataset.tokenizerJson(), "older"), counts, options))
                .orElseGet(() -> TokenizerKind.CHAR.train(counts, options));
        Map<Part, List<Manifest.Shard>> descriptions = new HashMap<>();
        for (Part part : Part.values()) {
            descriptions.put(part, new ArrayList<>());
            for (int shard = 0; shard < shards; shard++) {
                Path file = directory.resolve(Manifest.file(part, shard));
                try (ShardFile.Writer writer =
                        new ShardFile.Writer(HADOOP, new org.apache.hadoop.fs.Path(file.toString()))) {
                    for (String name : names) {
                        ContentHash hash = ContentHash.of(name.getBytes(StandardCharsets.UTF_8), 1);
                        boolean held = hash.held(TEST_FRACTION, 1);
                        if (hash.shard(shards) == shard && held == (part == Part.TEST)) {
                            writer.add(document(tokenizer, name));
                        }
                    }
                    descriptions.get(part).add(writer.description());
                }
            }
        }
        Manifest manifest = new Manifest(
                BLOCK_SIZE,
                tokenizer.vocabularySize(),
                Sha256.of(tokenizer.toJson()),
                Map.of("data.path", "names"),
                Map.of("rows", (long) names.size()),
                descriptions.get(Part.TRAIN),
                descriptions.get(Part.TEST));
        Files.writeString(directory.resolve(Dataset.TOKENIZER), tokenizer.toJson());
        Files.writeString(directory.resolve(Manifest.FILE), manifest.toJson());
        return Dataset.open(HADOOP, directory.toString());
    }

    /** {@return names of two to four syllables} */
    static List<String> names(int count, long seed) {
        Random random = new Random(seed);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder name = new StringBuilder();
            for (int syllables = 2 + random.nextInt(3); syllables > 0; syllables--) {
                name.append(SYLLABLES[random.nextInt(SYLLABLES.length)]);
            }
            names.add(name.toString());
        }
        return names;
    }

    private static int[] document(Tokenizer tokenizer, String name) {
        int[] inside = tokenizer.encode(name);
        int[] document = new int[inside.length + 2];
        document[0] = tokenizer.boundary().orElseThrow();
        System.arraycopy(inside, 0, document, 1, inside.length);
        document[document.length - 1] = document[0];
        return document;
    }
}
