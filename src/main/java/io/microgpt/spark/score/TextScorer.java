package io.microgpt.spark.score;

import io.microgpt.data.TokenBlocks;
import io.microgpt.model.Gpt;
import io.microgpt.model.Pass;
import io.microgpt.model.Weights;
import io.microgpt.text.Tokenizer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Losses of texts, in this thread. A text is read as a document of the training is: between boundaries where the tokenizer has them, and in
 * pieces where it is over the block size. A text's loss does not depend on the texts beside it.
 */
public final class TextScorer {
    private final Tokenizer tokenizer;
    private final Weights weights;
    private final Pass pass;

    /**
     * A text to score.
     *
     * @param before stands before it and is read, but not scored; empty for nothing
     * @param text what is scored, with the end of the document behind it
     */
    public record Passage(String before, String text) {}

    /**
     * What the model makes of a text, or why there is nothing.
     *
     * @param lossSum in nats, over the scored positions
     * @param error null where there is none
     */
    public record Score(double lossSum, int positions, String error) {
        /** {@return the mean loss in nats a position} */
        public double loss() {
            return lossSum / positions;
        }

        private static Score failed(String error) {
            return new Score(Double.NaN, 0, error);
        }
    }

    /** A piece of a text, of at most a block. */
    private record Piece(int passage, int firstScored) {}

    public TextScorer(Weights weights, Tokenizer tokenizer) {
        this.weights = weights;
        this.tokenizer = tokenizer;
        this.pass = new Pass(new Gpt(weights.config(), weights.kernels()));
    }

    /** {@return a score for each passage}; a null or a text that cannot be encoded is an error of its own alone. */
    public List<Score> score(List<Passage> passages) {
        Score[] scores = new Score[passages.size()];
        List<Piece> pieces = new ArrayList<>();
        pass.score(weights, (piece, positions) -> {
            int first = Math.min(pieces.get(piece).firstScored(), positions.positions());
            Score before = scores[pieces.get(piece).passage()];
            scores[pieces.get(piece).passage()] = new Score(
                    before.lossSum() + positions.lossSum(first),
                    before.positions() + positions.positions() - first,
                    null);
        });
        for (int i = 0; i < scores.length; i++) {
            try {
                scores[i] = new Score(0.0, 0, null);
                add(i, passages.get(i), pieces);
            } catch (IllegalArgumentException e) {
                scores[i] = Score.failed(e.getMessage());
            }
        }
        pass.end();
        for (int i = 0; i < scores.length; i++) {
            if (scores[i].error() == null && !Double.isFinite(scores[i].lossSum())) {
                scores[i] = Score.failed("the loss is not finite: the model's weights are damaged");
            }
        }
        return List.of(scores);
    }

    private void add(int index, Passage passage, List<Piece> pieces) {
        if (passage.before() == null || passage.text() == null) {
            throw new IllegalArgumentException("the text is null");
        }
        int[] content = tokenizer.encode(passage.before() + passage.text());
        int boundaries = tokenizer.boundary().isPresent() ? 1 : 0;
        int[] tokens = new int[content.length + 2 * boundaries];
        tokenizer.boundary().ifPresent(boundary -> {
            tokens[0] = boundary;
            tokens[tokens.length - 1] = boundary;
        });
        System.arraycopy(content, 0, tokens, boundaries, content.length);
        // What stands before may end inside a token, which then is scored: "so " and "good" are the words "so" and "
        // good".
        int first = boundaries + common(tokenizer.encode(passage.before()), content);
        if (tokens.length - Math.max(1, first) < 1) {
            throw new IllegalArgumentException(
                    "there is nothing to score: the text has no token that another one is before");
        }
        int firstPosition = Math.max(0, first - 1); // position i predicts token i + 1
        Iterator<int[]> blocks =
                new TokenBlocks(List.of(tokens).iterator(), weights.config().blockSize());
        while (blocks.hasNext()) {
            int[] block = blocks.next();
            pieces.add(new Piece(index, Math.max(0, firstPosition)));
            pass.document(block, block.length);
            firstPosition -= block.length - 1;
        }
    }

    /** {@return how many leading tokens are the same} */
    private static int common(int[] one, int[] other) {
        int n = Math.min(one.length, other.length);
        for (int i = 0; i < n; i++) {
            if (one[i] != other[i]) {
                return i;
            }
        }
        return n;
    }
}
