package io.microgpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.train.StepReport;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

class RunPageTest {
    private static final List<String> HOSTILE = List.of(
            "</li></ul><script>alert(1)</script>",
            "<img onerror='x' alt=\"&amp;\"/> ]]> <!-- --> \u0000\u0007\ud800 \ufffe end",
            "  two  spaces\n\tand a line feed, \u00e9\u4e2d\ud83d\ude00");

    private static Run run(long steps, List<Sample> samples, List<Run.Setting> settings) {
        Curves curves = new Curves();
        for (long step = 1; step <= steps; step++) {
            curves.add(Steps.step(step));
        }
        return new Run("runs/names", 40, curves, samples, settings);
    }

    @Test
    void everySeriesIsDrawn() {
        Document page = Pages.parse(RunPage.of(run(30, List.of(), List.of())));
        assertThat(Pages.curves(page))
                .containsExactlyInAnyOrder(
                        "Loss/train loss 30",
                        "Loss/test loss 3",
                        "Perplexity/train 3",
                        "Perplexity/test 3",
                        "Learning rate/learning rate 30",
                        "Gradient norm/gradient norm 30",
                        "Speed/tokens a second 30",
                        "Where a step's time goes/broadcast 30",
                        "Where a step's time goes/compute 30",
                        "Where a step's time goes/gather 30",
                        "Where a step's time goes/update 30");
        assertThat(Pages.texts(page, "p").get(0)).startsWith("Step 30 of 40; ");
        // A row of the table for each evaluation.
        assertThat(Pages.texts(page, "th")).contains("10", "20", "30");
    }

    /** What a point stands for is said beside it; its place on the paper follows. */
    @Test
    void pointsStandWhereTheirValuesAre() {
        Document page = Pages.parse(RunPage.of(run(30, List.of(), List.of())));
        var line = Pages.elements(page, "polyline").stream()
                .filter(e -> e.getAttribute("data-name").equals("test loss"))
                .findFirst()
                .orElseThrow();
        assertThat(line.getAttribute("data-steps")).isEqualTo("10 20 30");
        assertThat(line.getAttribute("data-values"))
                .isEqualTo(List.of(10, 20, 30).stream()
                        .map(step -> Numbers.of(Steps.step(step).testLoss().orElseThrow(), 4))
                        .reduce((a, b) -> a + " " + b)
                        .orElseThrow());
        assertThat(line.getAttribute("points")).matches("191.3,[0-9.]+ 324.7,[0-9.]+ 458,[0-9.]+");
    }

    @Test
    void hostileTextStaysText() {
        Document page = Pages.parse(RunPage.of(run(
                10,
                List.of(new Sample(10, HOSTILE)),
                List.of(new Run.Setting("generate.prompt", HOSTILE.get(0), "<b>", true)))));
        assertThat(Pages.elements(page, "script")).hasSize(1);
        assertThat(Pages.elements(page, "img")).isEmpty();
        assertThat(Pages.elements(page, "b"))
                .allSatisfy(b -> assertThat(b.getParentNode().getNodeName()).isEqualTo("dd"));
        assertThat(Pages.texts(page, "li"))
                .contains(
                        HOSTILE.get(0),
                        "<img onerror='x' alt=\"&amp;\"/> ]]> <!-- --> \ufffd\ufffd\ufffd \ufffd end",
                        HOSTILE.get(2));
        assertThat(Pages.texts(page, "code")).contains(HOSTILE.get(0));
    }

    @Test
    void aRunOfAnyLengthHasAPageOfBoundedSize() {
        String page = RunPage.of(run(200_000, List.of(), List.of()));
        assertThat(page.length()).isLessThan(600_000);
        assertThat(Pages.curves(Pages.parse(page))).contains("Loss/train loss 782", "Loss/test loss 782");
    }

    @Test
    void aRunWithoutATestPartOrWithoutAStepHasAPageToo() {
        Curves one = new Curves();
        one.add(new StepReport(
                1, 3.3, 0.0, 0.0, 100, 5.0, 0.0, 5.0, 0.0, 0.1, OptionalDouble.empty(), OptionalDouble.empty()));
        Document page = Pages.parse(RunPage.of(new Run("one", 1, one, List.of(), List.of())));
        assertThat(Pages.curves(page)).contains("Loss/train loss 1").doesNotContain("Loss/test loss 0");
        assertThat(Pages.texts(page, "p")).contains("Nothing to show yet.");

        Document none = Pages.parse(RunPage.of(new Run("none", 1, new Curves(), List.of(), List.of())));
        assertThat(Pages.texts(none, "p")).contains("No step is done yet.");
    }

    @Test
    void comparedRunsAreLinesOfOnePicture() {
        Run short1 = run(20, List.of(new Sample(20, HOSTILE)), List.of(new Run.Setting("train.seed", "1", "", false)));
        Curves longer = new Curves();
        for (long step = 1; step <= 40; step++) {
            longer.add(Steps.step(step));
        }
        Run other = new Run("<other>", 40, longer, List.of(), List.of(new Run.Setting("train.seed", "2", "", true)));
        Run empty = new Run("empty", 40, new Curves(), List.of(), List.of());

        Document page = Pages.parse(ComparePage.of(List.of(short1, other, empty)));

        assertThat(Pages.curves(page))
                .contains(
                        "Test loss/runs/names 2",
                        "Test loss/<other> 4",
                        "Perplexity gap/<other> 4",
                        "Train loss/runs/names 20",
                        "Train loss/<other> 40",
                        "Gradient norm/<other> 40");
        assertThat(Pages.texts(page, "tr")).contains("train.seed12\u2013");
    }
}
