package io.microgpt.spark.prepare;

import io.microgpt.data.ContentHash;
import io.microgpt.data.Part;
import io.microgpt.data.TokenBlocks;
import io.microgpt.spark.input.InputRow;
import io.microgpt.spark.tasks.Flattened;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/** The second pass: rows to token documents with their place in the dataset. */
final class Encoding implements Serializable {
    private static final long serialVersionUID = 1L;

    private final PrepareOptions options;
    private final String tokenizerJson;

    Encoding(PrepareOptions options, Tokenizer tokenizer) {
        this.options = options;
        this.tokenizerJson = tokenizer.toJson();
    }

    private Tokenizer tokenizer() {
        return TokenizerJson.parse(tokenizerJson, "the tokenizer of this job");
    }

    /** Documents of their own: placed by the hash of their content. */
    JavaPairRDD<DocumentKey, int[]> documents(JavaRDD<InputRow> rows) {
        return rows.mapPartitionsToPair(part -> {
            Tokenizer tokenizer = tokenizer();
            return new Flattened<>(part, row -> document(row, tokenizer));
        });
    }

    private Iterator<Tuple2<DocumentKey, int[]>> document(InputRow row, Tokenizer tokenizer) {
        List<Tuple2<DocumentKey, int[]>> result = new ArrayList<>();
        if (row.rejection() == null) {
            ContentHash hash = ContentHash.of(row.text().getBytes(StandardCharsets.UTF_8), options.seed());
            Part part = hash.held(options.testFraction(), options.seed()) ? Part.TEST : Part.TRAIN;
            int shard = hash.shard(options.shards());
            int[] content = tokenizer.encode(row.text());
            int boundary = tokenizer.boundary().orElseThrow();
            int[] tokens = new int[content.length + 2];
            tokens[0] = boundary;
            System.arraycopy(content, 0, tokens, 1, content.length);
            tokens[tokens.length - 1] = boundary;
            TokenBlocks blocks = new TokenBlocks(List.of(tokens).iterator(), options.blockSize());
            while (blocks.hasNext() && (options.chunk() || result.isEmpty())) {
                result.add(new Tuple2<>(
                        new DocumentKey(part, shard, hash.high(), hash.low(), result.size()), blocks.next()));
            }
        }
        return result.iterator();
    }

    /**
     * Continuous text: blocks in the order of the text, the last ones held out, shards that are runs of blocks. A partition is one
     * whole file.
     *
     * @param fileTokens how many tokens each file has
     */
    JavaPairRDD<DocumentKey, int[]> blocks(JavaRDD<InputRow> rows, Map<String, Long> fileTokens) {
        TreeMap<String, Long> firstBlocks = new TreeMap<>();
        long total = 0;
        for (Map.Entry<String, Long> file : new TreeMap<>(fileTokens).entrySet()) {
            firstBlocks.put(file.getKey(), total);
            total += Math.max(0, (file.getValue() - 2 + options.blockSize()) / options.blockSize());
        }
        long blocks = total;
        long held = Math.round(blocks * options.testFraction());
        return rows.mapPartitionsToPair(part -> {
            Tokenizer tokenizer = tokenizer();
            String[] file = new String[1];
            Iterator<int[]> tokens = new Flattened<>(part, row -> {
                file[0] = row.file();
                return row.rejection() == null
                        ? List.of(tokenizer.encode(row.text())).iterator()
                        : List.<int[]>of().iterator();
            });
            TokenBlocks cut = new TokenBlocks(tokens, options.blockSize());
            long[] next = {-1};
            return new Flattened<>(cut, block -> {
                if (next[0] < 0) {
                    next[0] = firstBlocks.get(file[0]);
                }
                return List.of(new Tuple2<>(place(next[0]++, blocks - held, held), block))
                        .iterator();
            });
        });
    }

    private DocumentKey place(long block, long trained, long held) {
        boolean test = block >= trained;
        long index = test ? block - trained : block;
        int shard = (int) (index * options.shards() / (test ? held : trained));
        return new DocumentKey(test ? Part.TEST : Part.TRAIN, shard, index, 0, 0);
    }
}
