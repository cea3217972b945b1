package io.microgpt.cli;

import io.microgpt.spark.score.Template;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** The options with which rows are scored instead of a dataset. */
final class RankOptions {
    private static final String TEXT_ALONE = "{text}";

    @Option(
            names = "--rank",
            paramLabel = "FILE",
            description =
                    "score the rows of FILE (JSON lines, CSV or Parquet by the name's ending, else lines) by their loss,"
                            + " instead of the dataset")
    String file;

    @Option(names = "--column", paramLabel = "NAME", description = "of --rank: column of the texts (default: text)")
    String column;

    @Option(
            names = "--template",
            paramLabel = "TEXT",
            description =
                    "of --rank: how a row is read, such as \"weak:{text}\" or \"{text} => {choice}\"; scored is what"
                            + " stands from {choice} on, or without one, from {text} on (default: {text})")
    String template;

    @Option(
            names = "--choices",
            paramLabel = "A,B,...",
            split = ",",
            description = "of --rank: choose the one of the lowest loss in the place of {choice}")
    List<String> choices;

    @Option(
            names = "--label",
            paramLabel = "NAME",
            description =
                    "of --rank: column of the labels; reports the accuracy of --choices, or how well the loss parts the"
                            + " label --positive from the others (AUC)")
    String label;

    @Option(
            names = "--positive",
            paramLabel = "LABEL",
            description = "of --rank: the label that should have the higher loss")
    String positive;

    boolean given() {
        return file != null;
    }

    String column() {
        return column == null ? "text" : column;
    }

    Template template() {
        return new Template(template == null ? TEXT_ALONE : template);
    }

    /** @throws IllegalArgumentException if options are there that do not go together */
    void check() {
        boolean others = Stream.of(column, template, choices, label, positive).anyMatch(Objects::nonNull);
        if (!given()) {
            require(
                    !others,
                    "--column, --template, --choices, --label and --positive need --rank FILE, whose rows they are about");
            return;
        }
        require(
                template().hasChoice() == (choices != null),
                "--choices A,B,... and a --template with the place {choice}, such as \"{text} => {choice}\", need each other");
        if (choices == null) {
            require(
                    (label == null) == (positive == null),
                    "--label NAME and --positive LABEL need each other: the one that should have the higher loss");
        } else {
            require(
                    choices.size() > 1 && new LinkedHashSet<>(choices).size() == choices.size(),
                    "--choices " + String.join(",", choices) + " must be two different ones or more");
            require(positive == null, "--positive is for rows without --choices; leave it away");
        }
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
