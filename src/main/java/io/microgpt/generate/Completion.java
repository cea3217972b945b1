package io.microgpt.generate;

import java.util.Locale;

/**
 * What was generated after a prompt.
 *
 * @param tokens the new ids, without those that ended them
 * @param ending the ids that ended the completion by {@link StopRule} and are no part of it; mostly none
 * @param meanLogProbability mean natural logarithm of the tokens' probabilities by the model itself (temperature 1, no penalty,
 *     nothing cut off); NaN without tokens
 * @param finish why it ended
 * @param error what went wrong where it ended by an error, else null
 */
public record Completion(int[] tokens, int[] ending, double meanLogProbability, Finish finish, String error) {
    private static final int[] NONE = {};

    /** Why a completion ended. */
    public enum Finish {
        /** The model ended the document, or a stop rule did. */
        STOP,
        /** The limit of tokens was reached, or the block was full. */
        LENGTH,
        /** It could not go on, or not even begin; those beside it did. */
        ERROR;

        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** {@return what becomes of a prompt that cannot be completed} */
    static Completion failed(String error) {
        return new Completion(NONE, NONE, Double.NaN, Finish.ERROR, error);
    }
}
