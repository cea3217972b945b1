package io.microgpt.spark.prepare;

import io.microgpt.spark.input.InputRow;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.apache.spark.api.java.JavaRDD;

/**
 * How many tokens the good rows have.
 *
 * @param overLength documents over the block size
 * @param unknown tokens that stand for text outside the vocabulary
 * @param files tokens of each file, by its name
 */
record TokenCounts(long overLength, long unknown, Map<String, Long> files) implements Serializable {

    /**
     * {@return the counts that a survey has found already; a pass over the rows where it cannot know them, because a piece is several
     * tokens or because it kept not all pieces}
     *
     * @param mostTokens of a document within the block size
     */
    static TokenCounts of(JavaRDD<InputRow> rows, Survey survey, Tokenizer tokenizer, int mostTokens) {
        return tokenizer.kind().isOneTokenAPiece() && survey.leftOut() == 0
                ? new TokenCounts(survey.overLength(), unknown(survey, tokenizer), survey.filePieces())
                : of(rows, tokenizer, mostTokens);
    }

    private static long unknown(Survey survey, Tokenizer tokenizer) {
        if (tokenizer.unknown().isEmpty()) {
            return 0;
        }
        int unknown = tokenizer.unknown().getAsInt();
        return survey.pieces().entrySet().stream()
                .filter(piece -> tokenizer.encode(piece.getKey())[0] == unknown)
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    private static TokenCounts of(JavaRDD<InputRow> rows, Tokenizer tokenizer, int mostTokens) {
        String json = tokenizer.toJson();
        List<TokenCounts> parts = rows.mapPartitions(
                        part -> List.of(count(part, TokenizerJson.parse(json, "the tokenizer of this job"), mostTokens))
                                .iterator())
                .collect();
        Map<String, Long> files = new HashMap<>();
        parts.forEach(part -> part.files().forEach((file, tokens) -> files.merge(file, tokens, Long::sum)));
        return new TokenCounts(
                parts.stream().mapToLong(TokenCounts::overLength).sum(),
                parts.stream().mapToLong(TokenCounts::unknown).sum(),
                files);
    }

    private static TokenCounts count(Iterator<InputRow> rows, Tokenizer tokenizer, int mostTokens) {
        OptionalInt none = tokenizer.unknown();
        long overLength = 0;
        long unknown = 0;
        Map<String, Long> files = new HashMap<>();
        while (rows.hasNext()) {
            InputRow row = rows.next();
            if (row.rejection() == null) {
                int[] tokens = tokenizer.encode(row.text());
                overLength += tokens.length > mostTokens ? 1 : 0;
                files.merge(row.file(), (long) tokens.length, Long::sum);
                for (int token : tokens) {
                    unknown += none.isPresent() && token == none.getAsInt() ? 1 : 0;
                }
            }
        }
        return new TokenCounts(overLength, unknown, files);
    }

    /** {@return tokens of all good rows, without boundaries} */
    long total() {
        return files.values().stream().mapToLong(Long::longValue).sum();
    }
}
