package io.microgpt.spark.prepare;

import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;

/** A preparation under way to its options; those that a test does not name suit small texts. */
public final class Preparing {
    static final long SEED = 7;

    private final String input;
    private final InputFormat format;
    private String column = "text";
    private TokenizerKind tokenizer = TokenizerKind.CHAR;
    private Optional<Tokenizer> given = Optional.empty();
    private int vocabularySize;
    private int minCount = 1;
    private boolean unknown;
    private double testFraction = 0.25;
    private int shards = 3;
    private int blockSize = 16;
    private boolean chunk = true;
    private int maxDocumentBytes = 1 << 20;
    private double maxRejectedFraction = 0.9;
    private long seed = SEED;

    private Preparing(String input, InputFormat format) {
        this.input = input;
        this.format = format;
    }

    public static Preparing of(Path input, InputFormat format) {
        return of(input.toString(), format);
    }

    static Preparing of(String input, InputFormat format) {
        return new Preparing(input, format);
    }

    Preparing column(String name) {
        column = name;
        return this;
    }

    Preparing words(int mostTokens) {
        tokenizer = TokenizerKind.WORD;
        vocabularySize = mostTokens;
        return this;
    }

    Preparing minCount(int count) {
        minCount = count;
        return this;
    }

    Preparing bpe(int mostTokens) {
        tokenizer = TokenizerKind.BPE;
        vocabularySize = mostTokens;
        return this;
    }

    Preparing with(Tokenizer ofModel) {
        given = Optional.of(ofModel);
        return this;
    }

    Preparing unknown() {
        unknown = true;
        return this;
    }

    public Preparing testFraction(double share) {
        testFraction = share;
        return this;
    }

    public Preparing shards(int count) {
        shards = count;
        return this;
    }

    public Preparing blockSize(int positions) {
        blockSize = positions;
        return this;
    }

    Preparing truncate() {
        chunk = false;
        return this;
    }

    Preparing maxDocumentBytes(int bytes) {
        maxDocumentBytes = bytes;
        return this;
    }

    Preparing maxRejectedFraction(double share) {
        maxRejectedFraction = share;
        return this;
    }

    Preparing seed(long value) {
        seed = value;
        return this;
    }

    PrepareOptions options() {
        return new PrepareOptions(
                input,
                format,
                column,
                tokenizer,
                vocabularySize,
                minCount,
                unknown,
                testFraction,
                shards,
                blockSize,
                chunk,
                maxDocumentBytes,
                maxRejectedFraction,
                seed);
    }

    public Prepared into(Path out) {
        return into(out.toString());
    }

    Prepared into(String out) {
        try {
            return new Prepared(out, new Preparation(LocalSpark.session(), options(), given).run(out));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
