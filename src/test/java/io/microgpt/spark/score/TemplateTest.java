package io.microgpt.spark.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.spark.score.TextScorer.Passage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a row is read, and what of it is scored. */
class TemplateTest {
    @Test
    void scoredIsWhatStandsFromTheChoiceOnOrElseFromTheText() {
        assertThat(new Template("{text}").of("a b")).isEqualTo(new Passage("", "a b"));
        assertThat(new Template("weak:{text}!").of("a b")).isEqualTo(new Passage("weak:", "a b!"));
        assertThat(new Template("{text} => {choice}.").of("a b", "good")).isEqualTo(new Passage("a b => ", "good."));
        assertThat(new Template("is {choice}: {text}").of("a b", "good")).isEqualTo(new Passage("is ", "good: a b"));
    }

    @Test
    void textThatLooksLikeAPlaceIsText() {
        assertThat(new Template("{text} => {choice}").of("{choice}{text}", "{text}"))
                .isEqualTo(new Passage("{choice}{text} => ", "{text}"));
        assertThat(new Template("{choice}: {text}").of("{choice}", "{text}"))
                .isEqualTo(new Passage("", "{text}: {choice}"));
    }

    @Test
    void noTextIsNoPassage() {
        assertThat(new Template("weak:{text}").of(null).text()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "text", "{choice}", "{text}{text}", "{choice}{text}{choice}"})
    void aPlaceTooFewOrTooMany(String pattern) {
        assertThatThrownBy(() -> new Template(pattern))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + pattern + "\" must have {text} once");
    }
}
