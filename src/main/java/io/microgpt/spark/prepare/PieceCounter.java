package io.microgpt.spark.prepare;

import io.microgpt.spark.input.InputRow;
import io.microgpt.spark.prepare.Survey.Key;
import io.microgpt.spark.prepare.Survey.Kind;
import io.microgpt.text.TokenizerKind;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import scala.Tuple2;

/**
 * The counts of one partition's rows, in portions: as soon as the distinct pieces fill some memory, their counts go on their way and
 * the map begins anew. Who adds the portions up sees no difference.
 */
final class PieceCounter implements Iterator<Tuple2<Key, Long>> {
    private static final int MOST_PIECES = 1 << 18;
    private static final long MOST_CHARACTERS = 1 << 24;

    private final Iterator<InputRow> rows;
    private final TokenizerKind tokenizer;
    private final int mostPieces;
    private final Map<String, Long> pieces = new HashMap<>();
    private final Map<Key, Long> others = new HashMap<>();
    private long characters;
    private Iterator<Tuple2<Key, Long>> portion = Collections.emptyIterator();

    /** @param mostPieces of a document within the block size */
    PieceCounter(Iterator<InputRow> rows, TokenizerKind tokenizer, int mostPieces) {
        this.rows = rows;
        this.tokenizer = tokenizer;
        this.mostPieces = mostPieces;
    }

    @Override
    public boolean hasNext() {
        if (!portion.hasNext() && rows.hasNext()) {
            portion = nextPortion();
        }
        return portion.hasNext();
    }

    @Override
    public Tuple2<Key, Long> next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return portion.next();
    }

    private Iterator<Tuple2<Key, Long>> nextPortion() {
        pieces.clear();
        others.clear();
        characters = 0;
        while (rows.hasNext() && pieces.size() < MOST_PIECES && characters < MOST_CHARACTERS) {
            count(rows.next());
        }
        Iterator<Map.Entry<String, Long>> counted = pieces.entrySet().iterator();
        Iterator<Map.Entry<Key, Long>> rest = others.entrySet().iterator();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return counted.hasNext() || rest.hasNext();
            }

            @Override
            public Tuple2<Key, Long> next() {
                if (!counted.hasNext()) {
                    Map.Entry<Key, Long> entry = rest.next();
                    return new Tuple2<>(entry.getKey(), entry.getValue());
                }
                Map.Entry<String, Long> piece = counted.next();
                return new Tuple2<>(new Key(Kind.PIECE, piece.getKey()), piece.getValue());
            }
        };
    }

    private void count(InputRow row) {
        add(Kind.ROWS, "", 1);
        if (row.rejection() != null) {
            add(Kind.REJECTED, "", 1);
            return;
        }
        int[] length = {0};
        tokenizer.forEachPiece(row.text(), piece -> {
            length[0]++;
            if (piece.length() > TokenizerKind.LONGEST_PIECE) {
                add(Kind.LONG_PIECES, "", 1);
            } else if (pieces.merge(piece, 1L, Long::sum) == 1) {
                characters += piece.length();
            }
        });
        add(Kind.FILE_PIECES, row.file(), length[0]);
        if (length[0] > mostPieces) {
            add(Kind.OVER_LENGTH, "", 1);
        }
    }

    private void add(Kind kind, String name, long count) {
        others.merge(new Key(kind, name), count, Long::sum);
    }
}
