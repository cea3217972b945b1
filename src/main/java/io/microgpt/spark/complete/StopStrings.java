package io.microgpt.spark.complete;

import io.microgpt.generate.Completion;
import io.microgpt.generate.StopRule;
import io.microgpt.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Ends completions before the first of some texts, wherever these stand among the tokens. A token of which only a part belongs to such a
 * text is a token of the completion; its other part is cut off the text.
 */
final class StopStrings implements StopRule {
    private final Tokenizer tokenizer;
    private final List<String> stops;
    private final int longest; // the most tokens that a stop can touch, as each has a byte at least

    StopStrings(Tokenizer tokenizer, List<String> stops) {
        this.tokenizer = tokenizer;
        this.stops = stops;
        this.longest = stops.stream()
                .mapToInt(stop -> stop.getBytes(StandardCharsets.UTF_8).length)
                .max()
                .orElse(0);
    }

    @Override
    public int kept(int[] tokens, int count) {
        if (first(decode(tokens, Math.max(0, count - longest), count)) < 0) {
            return GO_ON;
        }
        String text = decode(tokens, 0, count);
        int end = first(text);
        if (end < 0) {
            return GO_ON; // what stands there is the end of a character that began before
        }
        String before = text.substring(0, end);
        int kept = count;
        while (kept > 0 && decode(tokens, 0, kept - 1).startsWith(before)) {
            kept--;
        }
        return kept;
    }

    /** {@return the text of a completion} */
    String text(Completion completion) {
        int[] tokens = completion.tokens();
        int[] ending = completion.ending();
        int[] all = Arrays.copyOf(tokens, tokens.length + ending.length);
        System.arraycopy(ending, 0, all, tokens.length, ending.length);
        String text = tokenizer.decode(all);
        int end = first(text);
        return end < 0 ? text : text.substring(0, end);
    }

    private String decode(int[] tokens, int from, int to) {
        return tokenizer.decode(Arrays.copyOfRange(tokens, from, to));
    }

    /** {@return where the first of the stops begins; negative if there is none} */
    private int first(String text) {
        int first = -1;
        for (String stop : stops) {
            int at = text.indexOf(stop);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
            }
        }
        return first;
    }
}
