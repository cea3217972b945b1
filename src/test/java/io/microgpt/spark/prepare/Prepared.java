package io.microgpt.spark.prepare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.microgpt.data.Dataset;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.data.TokenShard;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A prepared dataset, read back from its files. */
public record Prepared(String directory, PreparedStatistics statistics) {
    /** A row of the side table; the file by its last name. */
    record Rejected(String file, long position, String reason, String excerpt) {}

    public Dataset dataset() {
        return Dataset.open(new Configuration(), directory);
    }

    Manifest manifest() {
        return dataset().manifest();
    }

    Tokenizer tokenizer() {
        return TokenizerJson.parse(dataset().tokenizerJson(), directory);
    }

    /** {@return the documents of all shards, in their order} */
    List<int[]> documents(Part part) {
        List<int[]> documents = new ArrayList<>();
        for (int s = 0; s < manifest().shards(part).size(); s++) {
            TokenShard shard = dataset().shard(part, s);
            for (int d = 0; d < shard.documents(); d++) {
                documents.add(shard.document(d));
            }
        }
        return documents;
    }

    public List<String> texts(Part part) {
        Tokenizer tokenizer = tokenizer();
        return documents(part).stream().map(tokenizer::decode).toList();
    }

    List<String> texts() {
        List<String> texts = new ArrayList<>(texts(Part.TRAIN));
        texts.addAll(texts(Part.TEST));
        return texts;
    }

    /** {@return the SHA-256 of all that a training reads, shards and tokenizer, by the name of the file} */
    Map<String, String> content() {
        try {
            Path root = new Path(directory);
            FileSystem fs = root.getFileSystem(new Configuration());
            TreeMap<String, String> content = new TreeMap<>();
            content.put(Dataset.TOKENIZER, sha256(fs, new Path(root, Dataset.TOKENIZER)));
            for (Part part : Part.values()) {
                for (FileStatus file : fs.listStatus(new Path(root, part.key()))) {
                    content.put(part.key() + "/" + file.getPath().getName(), sha256(fs, file.getPath()));
                }
            }
            return content;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(FileSystem fs, Path file) throws IOException {
        try (InputStream in = fs.open(file)) {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(in.readAllBytes()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    List<Rejected> rejected() {
        return rejected(directory + "/" + Preparation.REJECTED);
    }

    /** {@return a side table, in the order of files and positions} */
    static List<Rejected> rejected(String table) {
        try {
            FileSystem fs = new Path(table).getFileSystem(new Configuration());
            List<Rejected> rejected = new ArrayList<>();
            for (FileStatus file : fs.globStatus(new Path(table, "part-*.json"))) {
                try (InputStream in = fs.open(file.getPath())) {
                    for (JsonNode row : new ObjectMapper()
                            .readerFor(JsonNode.class)
                            .<JsonNode>readValues(in)
                            .readAll()) {
                        rejected.add(new Rejected(
                                new Path(row.path("file").textValue()).getName(),
                                row.path("position").longValue(),
                                row.path("reason").textValue(),
                                row.path("excerpt").textValue()));
                    }
                }
            }
            rejected.sort(Comparator.comparing(Rejected::file).thenComparing(Rejected::position));
            return rejected;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
