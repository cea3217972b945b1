package io.microgpt.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.microgpt.spark.score.Choices;
import io.microgpt.spark.score.Ranking;
import java.util.ArrayList;
import java.util.List;

/** What the scores of rows say, for a person and as JSON. */
final class RankReport {
    private final List<String> lines = new ArrayList<>();
    private final ObjectNode root = new ObjectMapper().createObjectNode();

    private RankReport(String model, long step, String file) {
        lines.add("model " + model + ", step " + step + "; rows of " + file);
        root.put("step", step);
        root.put("rows", file);
    }

    static RankReport of(String model, long step, RankOptions options, Ranking ranking) {
        RankReport report = new RankReport(model, step, options.file);
        ObjectNode node = report.root.putObject("rank");
        if (options.label == null) {
            report.group("all", node.putObject("all"), ranking.unlabelled());
        } else {
            report.group(
                    options.positive, node.putObject("positive").put("label", options.positive), ranking.positives());
            report.group("others", node.putObject("others"), ranking.others());
            report.group("without a label", node.putObject("unlabelled"), ranking.unlabelled());
            put(node, "auc", ranking.auc());
            report.lines.add(
                    Double.isNaN(ranking.auc())
                            ? "no AUC: it needs rows labelled " + options.positive + " and rows labelled otherwise"
                            : Summaries.format(
                                    "AUC %.4f: so likely is the loss of a row labelled %s above that of another",
                                    ranking.auc(), options.positive));
        }
        report.failed(node, ranking.failed());
        return report;
    }

    static RankReport of(String model, long step, RankOptions options, Choices choices) {
        RankReport report = new RankReport(model, step, options.file);
        ObjectNode node = report.root.putObject("choices");
        if (options.label != null) {
            ObjectNode labels = node.putObject("labels");
            for (Choices.Labelled labelled : choices.labelled()) {
                labels.putObject(labelled.label()).put("rows", labelled.rows()).put("correct", labelled.correct());
                report.lines.add(Summaries.format(
                        "%s: %,d of %,d chosen", labelled.label(), labelled.correct(), labelled.rows()));
            }
            node.put("correct", choices.correct());
            put(node, "accuracy", choices.accuracy());
            put(node, "auc", choices.auc());
            report.lines.add(
                    choices.rows() == 0
                            ? "no accuracy: no row's label is one of the choices"
                            : Summaries.format(
                                    "accuracy %.4f: %,d of %,d rows%s",
                                    choices.accuracy(), choices.correct(), choices.rows(), auc(choices.auc())));
        }
        node.put("unlabelled", choices.unlabelled());
        if (choices.unlabelled() > 0) {
            report.lines.add(Summaries.format("%,d rows are labelled with none of the choices", choices.unlabelled()));
        }
        report.failed(node, choices.failed());
        return report;
    }

    private static String auc(double auc) {
        return Double.isNaN(auc) ? "" : Summaries.format("; AUC of the margin %.4f", auc);
    }

    private void group(String name, ObjectNode node, Ranking.Group group) {
        node.put("rows", group.rows());
        put(node, "loss", group.loss());
        if (group.rows() > 0) {
            lines.add(Summaries.format("%s: %,d rows, mean loss %.4f", name, group.rows(), group.loss()));
        }
    }

    private void failed(ObjectNode node, long failed) {
        node.put("failed", failed);
        if (failed > 0) {
            lines.add(Summaries.format("%,d rows could not be scored; --per-document OUT says why", failed));
        }
    }

    /** JSON has no NaN. */
    private static void put(ObjectNode node, String key, double value) {
        node.put(key, Double.isNaN(value) ? null : (Double) value);
    }

    List<String> lines() {
        return lines;
    }

    String json() {
        return root.toString();
    }
}
