package io.microgpt.train;

import io.microgpt.data.Dataset;
import io.microgpt.data.TrainingData;
import io.microgpt.text.TokenizerJson;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Says in words where a step came from that has diverged: its shards, and the documents that stand out. */
final class Suspects {
    private static final int MOST_NAMED = 3;
    private static final int EXCERPT = 60;

    private final TrainingData data;

    Suspects(TrainingData data) {
        this.data = data;
    }

    /** {@return a sentence or two, the last without its full stop} */
    String describe(List<StepDocument> documents) {
        String shards = documents.stream()
                .map(StepDocument::shard)
                .distinct()
                .map(shard -> Integer.toString(shard))
                .collect(Collectors.joining(", "));
        List<StepDocument> broken =
                documents.stream().filter(Predicate.not(StepDocument::finite)).toList();
        List<StepDocument> worst = broken.isEmpty()
                ? documents.stream()
                        .sorted(Comparator.comparingDouble(StepDocument::lossSum)
                                .reversed())
                        .toList()
                : broken;
        String named = worst.stream().limit(MOST_NAMED).map(this::name).collect(Collectors.joining("; "));
        String verdict = broken.isEmpty()
                ? "each of them alone is finite; the largest losses: "
                : broken.size() + " of them alone not finite: ";
        return "It took " + documents.size() + " documents of the training shards " + shards + ", " + verdict + named
                + (worst.size() > MOST_NAMED && !broken.isEmpty() ? "; ..." : "");
    }

    private String name(StepDocument document) {
        return String.format(
                Locale.ROOT,
                "row %d of %s, loss %.4g, gradient norm %.4g, \"%s\"",
                document.document(),
                data.shardName(document.shard()),
                document.meanLoss(),
                document.gradientNorm() / document.positions(),
                excerpt(document));
    }

    private String excerpt(StepDocument document) {
        int[] tokens = data.document(document.shard(), document.document());
        Dataset dataset = data.own();
        String text = TokenizerJson.parse(dataset.tokenizerJson(), dataset.directory() + "/" + Dataset.TOKENIZER)
                .decode(tokens)
                .replaceAll("\\p{Cntrl}+", " ");
        return text.codePointCount(0, text.length()) > EXCERPT
                ? text.substring(0, text.offsetByCodePoints(0, EXCERPT)) + "..."
                : text;
    }
}
