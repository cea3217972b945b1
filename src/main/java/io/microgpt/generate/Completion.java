package io.microgpt.generate;

import java.util.Locale;

/**
 * What was generated after a prompt.
 *
 * @param tokens the new ids, without the boundary that ended them
 * @param meanLogProbability mean natural logarithm of the tokens' probabilities by the model itself (temperature 1, nothing cut
 *     off); NaN without tokens
 * @param finish why it ended
 */
public record Completion(int[] tokens, double meanLogProbability, Finish finish) {
    /** Why a completion ended. */
    public enum Finish {
        /** The model ended the document. */
        STOP,
        /** The limit of tokens was reached, or the block was full. */
        LENGTH;

        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
