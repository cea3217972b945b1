package io.microgpt.cli;

import io.microgpt.checkpoint.TrainerState;
import io.microgpt.data.Manifest;
import io.microgpt.data.Part;
import io.microgpt.spark.prepare.Preparation;
import io.microgpt.spark.prepare.PreparedStatistics;
import io.microgpt.train.LossSum;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** The lines that sum up a job for a person. */
final class Summaries {
    private Summaries() {}

    static List<String> prepared(PreparedStatistics s, String out) {
        Manifest m = s.manifest();
        List<String> lines = new ArrayList<>();
        lines.add(format(
                "prepared %s: %,d rows, %,d tokens, vocabulary of %,d, %,d chunked, %,d truncated, %,d rejected",
                out, s.rows(), s.tokens(), m.vocabularySize(), s.chunked(), s.truncated(), s.rejected()));
        lines.add(dataset(m));
        if (s.unknownTokens() > 0) {
            lines.add(format(
                    "  %,d tokens (%.2f %%) are <unk>, outside the vocabulary",
                    s.unknownTokens(), 100.0 * s.unknownTokens() / s.tokens()));
        }
        if (s.leftOut() > 0) {
            lines.add(
                    format("  %,d words were too rare or too long to take part in making the vocabulary", s.leftOut()));
        }
        if (s.rejected() > 0) {
            lines.add("  rejected rows with file, position and reason: " + out + "/" + Preparation.REJECTED);
        }
        if (m.documents(Part.TEST) == 0) {
            lines.add("  no document is held out (data.test-fraction): there will be no test loss");
        }
        return lines;
    }

    static String dataset(Manifest m) {
        return format(
                "  train %,d documents, %,d positions; test %,d documents, %,d positions; %d shards, block size %d",
                m.documents(Part.TRAIN),
                m.positions(Part.TRAIN),
                m.documents(Part.TEST),
                m.positions(Part.TEST),
                m.train().size(),
                m.blockSize());
    }

    /** {@return where the best checkpoint is, if it is not this one} */
    static Optional<String> best(TrainerState state) {
        return best(state.step(), state.bestStep(), state.bestTestLoss());
    }

    /** {@return where the best checkpoint is, if it is not that of {@code step}} */
    static Optional<String> best(long step, OptionalLong bestStep, OptionalDouble bestTestLoss) {
        return bestStep.isEmpty() || bestStep.getAsLong() == step
                ? Optional.empty()
                : Optional.of(format(
                        "the lowest test loss was that of step %d: %.4f, perplexity %.4f; --best takes its checkpoint",
                        bestStep.getAsLong(), bestTestLoss.orElseThrow(), StrictMath.exp(bestTestLoss.orElseThrow())));
    }

    static String perplexity(LossSum sum) {
        return sum.positions() == 0 ? "none" : format("%.4f", sum.perplexity());
    }

    static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
