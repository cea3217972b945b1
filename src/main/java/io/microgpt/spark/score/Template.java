package io.microgpt.spark.score;

import io.microgpt.spark.score.TextScorer.Passage;
import java.io.Serializable;

/**
 * How a row becomes a document: {@code {text}} stands for its text and {@code {choice}} for one of several choices. Scored is what stands from
 * {@code {choice}} on, or without one, from {@code {text}} on; what is before is only read.
 */
public record Template(String pattern) implements Serializable {
    private static final String TEXT = "{text}";
    private static final String CHOICE = "{choice}";

    /** @throws IllegalArgumentException if {@code {text}} is not in it once, or {@code {choice}} more than once */
    public Template {
        if (count(pattern, TEXT) != 1 || count(pattern, CHOICE) > 1) {
            throw new IllegalArgumentException(
                    "the template \"" + pattern + "\" must have {text} once, and {choice} at most once");
        }
    }

    private static int count(String pattern, String place) {
        return pattern.split(java.util.regex.Pattern.quote(place), -1).length - 1;
    }

    public boolean hasChoice() {
        return pattern.contains(CHOICE);
    }

    /** {@return the passage of a text; null makes the passage's text null} */
    Passage of(String text) {
        return of(text, "");
    }

    /** {@return the passage of a text with a choice in its place} */
    Passage of(String text, String choice) {
        if (text == null) {
            return new Passage("", null);
        }
        int scored = pattern.indexOf(hasChoice() ? CHOICE : TEXT);
        return new Passage(
                filled(pattern.substring(0, scored), text, choice), filled(pattern.substring(scored), text, choice));
    }

    /** A text may hold what looks like a place: each is filled once, from the pattern alone. */
    private static String filled(String pattern, String text, String choice) {
        int at = pattern.indexOf(TEXT);
        return at < 0
                ? pattern.replace(CHOICE, choice)
                : pattern.substring(0, at).replace(CHOICE, choice)
                        + text
                        + pattern.substring(at + TEXT.length()).replace(CHOICE, choice);
    }
}
