package io.microgpt.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.microgpt.data.Part;
import io.microgpt.spark.score.Contamination;
import io.microgpt.train.LossSum;
import io.microgpt.train.PartScore;
import io.microgpt.train.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What an evaluation found, for a person and as JSON. */
record EvaluationReport(
        String model,
        long step,
        String data,
        PartScore train,
        PartScore test,
        Optional<Contamination> contamination,
        Optional<Replayed> replayed) {
    /** What is left of the older dataset that a training replays. */
    record Replayed(String data, PartScore test) {}

    private static final int EXCERPT = 80;

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("model " + model + ", step " + step + "; data " + data);
        lines.add(line("train", train));
        lines.add(line("test ", test));
        replayed.ifPresent(older -> lines.add(line("test ", older.test()) + "; replayed data " + older.data()));
        lines.add(verdict().meaning() + reason());
        contamination.ifPresent(found -> {
            lines.add(Summaries.format(
                    "%,d of %,d test documents stand in the training text: %,d exactly, %,d more up to white space and case",
                    found.exact() + found.alike(), found.documents(), found.exact(), found.alike()));
            found.examples()
                    .forEach(example ->
                            lines.add("  test " + excerpt(example.test()) + "  train " + excerpt(example.train())));
        });
        return lines;
    }

    String json() {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("step", step);
        add(root, Part.TRAIN, train);
        add(root, Part.TEST, test);
        replayed.ifPresent(older -> add(root.putObject("replayed").put("data", older.data()), Part.TEST, older.test()));
        root.put("verdict", verdict().key());
        ObjectNode overfitting = root.putObject("overfitting");
        boolean unknown = verdict() == Verdict.UNKNOWN; // JSON has no NaN
        overfitting.put("perplexity_ratio", unknown ? null : Verdict.ratio(train.loss(), test.loss()));
        overfitting.put(
                "loss_gap", unknown ? null : test.loss().mean() - train.loss().mean());
        overfitting.put("slight_above", Verdict.SLIGHT);
        overfitting.put("clear_above", Verdict.CLEAR);
        contamination.ifPresent(found -> {
            ObjectNode node = root.putObject("contamination");
            node.put("test_documents", found.documents());
            node.put("exact", found.exact());
            node.put("up_to_space_and_case", found.alike());
            ArrayNode examples = node.putArray("examples");
            found.examples()
                    .forEach(example ->
                            examples.addObject().put("test", example.test()).put("train", example.train()));
        });
        return root.toString();
    }

    private Verdict verdict() {
        return Verdict.of(train.loss(), test.loss());
    }

    private String reason() {
        return verdict() == Verdict.UNKNOWN
                ? ""
                : Summaries.format(
                        " (test perplexity %.4f x train perplexity; over %.2f is slight, over %.2f clear)",
                        Verdict.ratio(train.loss(), test.loss()), Verdict.SLIGHT, Verdict.CLEAR);
    }

    private static String line(String part, PartScore score) {
        LossSum loss = score.loss();
        return loss.positions() == 0
                ? part + "  no documents"
                : Summaries.format(
                        "%s  loss %.4f  perplexity %.4f  %.4f bits a character  top-1 %.2f %%  %,d documents, %,d positions",
                        part,
                        loss.mean(),
                        loss.perplexity(),
                        score.bitsPerCharacter(),
                        100 * score.accuracy(),
                        loss.documents(),
                        loss.positions());
    }

    private static void add(ObjectNode root, Part part, PartScore score) {
        ObjectNode node = root.putObject(part.key());
        LossSum loss = score.loss();
        boolean empty = loss.positions() == 0;
        node.put("loss", empty ? null : loss.mean());
        node.put("perplexity", empty ? null : loss.perplexity());
        node.put("bits_per_character", score.characters() == 0 ? null : score.bitsPerCharacter());
        node.put("accuracy", empty ? null : score.accuracy());
        node.put("positions", loss.positions());
        node.put("documents", loss.documents());
        node.put("characters", score.characters());
    }

    private static String excerpt(String text) {
        String shown = text.codePointCount(0, text.length()) <= EXCERPT
                ? text
                : text.substring(0, text.offsetByCodePoints(0, EXCERPT)) + "...";
        return '"' + shown.replace("\n", "\\n") + '"';
    }
}
