package io.microgpt.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a prepared dataset says of itself: {@code manifest.json}, written last, so that a dataset without one is not whole. Its last
 * line is a checksum of the text before it, so that not a bit of it can change unseen.
 *
 * @param blockSize B, the most positions of a document
 * @param vocabularySize V
 * @param tokenizerSha256 of {@code tokenizer.json} beside it
 * @param settings how it was prepared: the {@code data.*} keys
 * @param statistics rows, rejected, chunked and the like, by name
 * @param train a description of each training shard
 * @param test a description of each held-out shard; as many
 */
public record Manifest(
        int blockSize,
        int vocabularySize,
        String tokenizerSha256,
        Map<String, String> settings,
        Map<String, Long> statistics,
        List<Shard> train,
        List<Shard> test) {

    /** File name of the manifest inside the dataset's directory. */
    public static final String FILE = "manifest.json";

    private static final int VERSION = 2;
    /** Of the fingerprint, which says what a training sees and not how a manifest is written. */
    private static final int FINGERPRINT_VERSION = 1;

    private static final int MOST_SHARDS = 1 << 16;
    /** No tokenizer has more. */
    private static final int MOST_VOCABULARY = 1 << 20;
    /** A shard takes 14. A tree takes some hundred bytes for each, however few characters it was written in. */
    private static final long MOST_JSON_TOKENS = 2L * MOST_SHARDS * 16;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxTokenCount(MOST_JSON_TOKENS)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final DefaultPrettyPrinter PRETTY =
            new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));
    private static final String END = "\n}";

    /**
     * One shard.
     *
     * @param sha256 of its tokens, see {@link TokenShard#sha256}
     * @param bytes the length of its file
     * @param fileSha256 of its file
     */
    public record Shard(int documents, long positions, String sha256, long bytes, String fileSha256)
            implements java.io.Serializable {}

    public Manifest {
        settings = Map.copyOf(settings);
        statistics = Map.copyOf(statistics);
        train = List.copyOf(train);
        test = List.copyOf(test);
    }

    /** {@return whether the documents are neighbouring blocks of continuous text} */
    public boolean continuous() {
        return "continuous".equals(settings.get("data.format"));
    }

    public List<Shard> shards(Part part) {
        return part == Part.TRAIN ? train : test;
    }

    public long documents(Part part) {
        return shards(part).stream().mapToLong(Shard::documents).sum();
    }

    public long positions(Part part) {
        return shards(part).stream().mapToLong(Shard::positions).sum();
    }

    /** {@return the file of one shard, relative to the dataset's directory} */
    public static String file(Part part, int shard) {
        return String.format(java.util.Locale.ROOT, "%s/shard-%05d.parquet", part.key(), shard);
    }

    /** {@return a SHA-256 over everything that a training depends on: tokenizer, block size and the tokens of all shards} */
    public String fingerprint() {
        StringBuilder text = new StringBuilder("microgpt dataset " + FINGERPRINT_VERSION + ' ' + blockSize + ' '
                + vocabularySize + ' ' + tokenizerSha256);
        for (Part part : Part.values()) {
            for (Shard shard : shards(part)) {
                text.append('\n').append(part.key()).append(' ').append(shard.documents());
                text.append(' ').append(shard.positions()).append(' ').append(shard.sha256());
            }
        }
        return Sha256.of(text.toString());
    }

    public String toJson() {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", "microgpt-dataset");
        root.put("version", VERSION);
        root.put("fingerprint", fingerprint());
        root.put("block_size", blockSize);
        root.put("vocabulary_size", vocabularySize);
        root.put("tokenizer_sha256", tokenizerSha256);
        ObjectNode settingsNode = root.putObject("settings");
        new TreeMap<>(settings).forEach(settingsNode::put);
        ObjectNode statisticsNode = root.putObject("statistics");
        new TreeMap<>(statistics).forEach(statisticsNode::put);
        for (Part part : Part.values()) {
            ArrayNode shards = root.putArray(part.key());
            for (int s = 0; s < shards(part).size(); s++) {
                Shard shard = shards(part).get(s);
                shards.addObject()
                        .put("file", file(part, s))
                        .put("documents", shard.documents())
                        .put("positions", shard.positions())
                        .put("sha256", shard.sha256())
                        .put("bytes", shard.bytes())
                        .put("file_sha256", shard.fileSha256());
            }
        }
        try {
            String text = JSON.writer(PRETTY).writeValueAsString(root);
            return sealed(text.substring(0, text.length() - END.length()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a manifest of plain values cannot be written", e);
        }
    }

    /** {@return the text with its checksum as the last field} */
    private static String sealed(String text) {
        return text + ",\n  \"manifest_sha256\" : \"" + Sha256.of(text) + "\"" + END + "\n";
    }

    private static boolean isSealed(String json) {
        int seal = sealed("").length();
        return json.length() >= seal && json.equals(sealed(json.substring(0, json.length() - seal)));
    }

    /**
     * Reads a manifest.
     *
     * @param source its path, for messages
     * @throws DatasetException if anything is missing, out of range or does not match the fingerprint
     */
    public static Manifest parse(String json, String source) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new DatasetException(
                    source + ": is not JSON (" + e.getOriginalMessage() + "); prepare the dataset again", e);
        }
        Fields fields = new Fields(root, source);
        if (!fields.text("format").equals("microgpt-dataset") || fields.number("version", 1, 1 << 20) != VERSION) {
            throw new DatasetException(source + ": format " + fields.text("format") + " version "
                    + fields.number("version", 1, 1 << 20) + " is not microgpt-dataset version " + VERSION
                    + "; prepare the dataset again with this program");
        }
        Map<String, String> settings = new TreeMap<>();
        fields.object("settings")
                .properties()
                .forEach(e -> settings.put(e.getKey(), e.getValue().asText()));
        Map<String, Long> statistics = new TreeMap<>();
        fields.object("statistics")
                .properties()
                .forEach(e -> statistics.put(e.getKey(), e.getValue().asLong()));
        Manifest manifest = new Manifest(
                (int) fields.number("block_size", 1, Integer.MAX_VALUE),
                (int) fields.number("vocabulary_size", 1, MOST_VOCABULARY),
                fields.text("tokenizer_sha256"),
                settings,
                statistics,
                shards(fields, Part.TRAIN),
                shards(fields, Part.TEST));
        if (manifest.train.size() != manifest.test.size() || manifest.train.isEmpty()) {
            throw new DatasetException(source + ": " + manifest.train.size() + " train shards and "
                    + manifest.test.size() + " test shards; there must be as many of both, at least one");
        }
        if (!manifest.fingerprint().equals(fields.text("fingerprint"))) {
            throw new DatasetException(
                    source + ": fingerprint " + fields.text("fingerprint") + " is not that of its own content, "
                            + manifest.fingerprint() + "; the file was damaged or edited");
        }
        if (!isSealed(json)) {
            throw new DatasetException(
                    source + ": does not end with the checksum of its content; the file was damaged or"
                            + " edited: prepare the dataset again");
        }
        return manifest;
    }

    private static List<Shard> shards(Fields fields, Part part) {
        List<Shard> shards = new ArrayList<>();
        for (Fields shard : fields.list(part.key(), MOST_SHARDS)) {
            shards.add(new Shard(
                    (int) shard.number("documents", 0, Integer.MAX_VALUE),
                    shard.number("positions", 0, Long.MAX_VALUE),
                    shard.text("sha256"),
                    shard.number("bytes", 0, Long.MAX_VALUE),
                    shard.text("file_sha256")));
        }
        return shards;
    }

    /** Typed access to a JSON object with errors that name file and field. */
    private record Fields(JsonNode node, String source) {
        String text(String name) {
            JsonNode value = node.path(name);
            if (!value.isTextual()) {
                throw damaged(name, value, "a text");
            }
            return value.textValue();
        }

        long number(String name, long least, long most) {
            JsonNode value = node.path(name);
            if (!value.canConvertToLong()
                    || !value.isIntegralNumber()
                    || value.longValue() < least
                    || value.longValue() > most) {
                throw damaged(name, value, "an integer from " + least + " to " + most);
            }
            return value.longValue();
        }

        JsonNode object(String name) {
            JsonNode value = node.path(name);
            if (!value.isObject()) {
                throw damaged(name, value, "an object");
            }
            return value;
        }

        List<Fields> list(String name, int most) {
            JsonNode value = node.path(name);
            if (!value.isArray() || value.size() > most) {
                throw damaged(name, value, "an array of at most " + most + " objects");
            }
            List<Fields> items = new ArrayList<>();
            value.forEach(item -> items.add(new Fields(item, source + ", " + name + "[" + items.size() + "]")));
            return items;
        }

        private DatasetException damaged(String name, JsonNode value, String wanted) {
            String found = value.isMissingNode() ? "missing" : value.toString();
            return new DatasetException(source + ": field " + name + " is "
                    + (found.length() > 80 ? found.substring(0, 80) + "..." : found) + ", but must be " + wanted
                    + "; prepare the dataset again");
        }
    }
}
