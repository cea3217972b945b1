package io.microgpt.spark.score;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.data.Dataset;
import io.microgpt.data.Part;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.Texts;
import io.microgpt.spark.input.InputFormat;
import io.microgpt.spark.prepare.Prepared;
import io.microgpt.spark.prepare.Preparing;
import io.microgpt.spark.score.Contamination.Example;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Test documents that stand in the training text. */
class ContaminationTest {
    @TempDir
    private Path directory;

    @Test
    void countsWhatStandsThereExactlyAndAlike() {
        List<String> known = IntStream.range(0, 40)
                .mapToObj(i -> "Line " + i + (i == 7 ? " Straße" : ""))
                .toList();
        Dataset train = prepared("train", known, 0.0);
        // Twice the same counts twice: each is a test document.
        List<String> asked =
                List.of("Line 3", "Line 3", "Line 12", "LINE 4", "line5", " Line  6", "LINE 7 STRASSE", "new");

        Contamination found = Contamination.of(LocalSpark.session(), train, prepared("test", asked, 1.0));

        assertThat(found.documents()).isEqualTo(8);
        assertThat(found.exact()).isEqualTo(3);
        assertThat(found.alike()).isEqualTo(4);
        assertThat(found.examples())
                .containsExactly(
                        new Example(" Line  6", "Line 6"),
                        new Example("LINE 4", "Line 4"),
                        new Example("LINE 7 STRASSE", "Line 7 Straße"),
                        new Example("line5", "Line 5"),
                        new Example("Line 12", "Line 12"));
    }

    /** The split is by content, so that only what differs in white space or case can be on both sides. */
    @Test
    void withinOneDatasetNothingStandsThereExactly() {
        List<String> lines = IntStream.range(0, 60)
                .boxed()
                .flatMap(i -> Stream.of("row " + i, "Row " + i, "row " + i))
                .toList();
        Prepared both = Preparing.of(Texts.write(directory.resolve("in.txt"), Texts.lines(lines)), InputFormat.LINES)
                .testFraction(0.5)
                .into(directory.resolve("both"));
        List<String> train =
                both.texts(Part.TRAIN).stream().map(String::toLowerCase).toList();
        long alike = both.texts(Part.TEST).stream()
                .filter(text -> train.contains(text.toLowerCase()))
                .count();

        Contamination found = Contamination.of(LocalSpark.session(), both.dataset(), both.dataset());

        assertThat(alike).isPositive();
        assertThat(found.exact()).isZero();
        assertThat(found.alike()).isEqualTo(alike);
    }

    @ParameterizedTest
    @CsvSource({
        "'The  cat', 'thecat'",
        "'\u00A0The\tCAT\n', 'thecat'",
        "'\uFB01x', 'fix'",
        "'e\u0301', '\u00E9'",
        "'\u03C3\u03C2\u03A3', '\u03C3\u03C3\u03C2'",
        "'\uFF21\u3000b', 'ab'"
    })
    void foldsSpaceCaseAndForm(String one, String other) {
        assertThat(Contamination.folded(one)).isEqualTo(Contamination.folded(other));
    }

    @ParameterizedTest
    @CsvSource({"a-b, ab", "resume, résumé", "'', a"})
    void keepsWhatMakesADifference(String one, String other) {
        assertThat(Contamination.folded(one)).isNotEqualTo(Contamination.folded(other));
    }

    private Dataset prepared(String name, List<String> lines, double testFraction) {
        return Preparing.of(Texts.write(directory.resolve(name + ".txt"), Texts.lines(lines)), InputFormat.LINES)
                .testFraction(testFraction)
                .blockSize(32)
                .into(directory.resolve(name))
                .dataset();
    }
}
