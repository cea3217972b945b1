package io.microgpt.spark;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.model.Weights;
import io.microgpt.spark.complete.GenerateOptions;
import io.microgpt.spark.complete.PromptCompleter;
import io.microgpt.spark.score.TextScorer;
import io.microgpt.spark.tasks.BroadcastModel;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import scala.runtime.AbstractFunction1;

/** A text to what a model makes of it. Every task has a copy of its own; the weights are those of the JVM. */
final class GptFunction extends AbstractFunction1<Object, Object> implements Serializable {
    private static final long serialVersionUID = 1L;
    /** Of a text that cannot be served, as much is shown in the error. */
    private static final int EXCERPT = 80;

    /** The functions that there are. */
    enum Kind {
        COMPLETE(
                "gpt_complete",
                "(model, prompt)",
                "the completion of a prompt by the model at a path",
                DataTypes.StringType),
        PERPLEXITY(
                "gpt_perplexity",
                "(model, text)",
                "the perplexity of a text for the model at a path",
                DataTypes.DoubleType);

        private final String key;
        private final String signature;
        private final String meaning;
        private final transient DataType type;

        Kind(String key, String signature, String meaning, DataType type) {
            this.key = key;
            this.signature = signature;
            this.meaning = meaning;
            this.type = type;
        }

        String key() {
            return key;
        }

        String signature() {
            return signature;
        }

        String usage() {
            return signature + " - Returns " + meaning + ".";
        }

        DataType type() {
            return type;
        }
    }

    private final Kind kind;
    private final BroadcastModel model;
    private transient Function<String, Object> function;

    GptFunction(Kind kind, BroadcastModel model) {
        this.kind = kind;
        this.model = model;
    }

    /** Synchronized, because the optimizer may compute constants while another thread does. */
    @Override
    public synchronized Object apply(Object text) {
        if (text == null) {
            return null;
        }
        String content = text.toString();
        try {
            if (function == null) {
                function = kind == Kind.COMPLETE ? completion() : perplexity();
            }
            return function.apply(content);
        } catch (IllegalArgumentException e) {
            String shown = content.length() <= EXCERPT ? content : content.substring(0, EXCERPT) + "...";
            throw new IllegalArgumentException(
                    kind.key() + ": the model " + model.name() + " cannot serve '" + shown + "': " + e.getMessage(), e);
        }
    }

    /** The same function of the same model: by this, a query knows that {@code group by gpt_perplexity(...)} is what it selects. */
    @Override
    public boolean equals(Object other) {
        return other instanceof GptFunction function && kind == function.kind && model.equals(function.model);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, model);
    }

    private Weights weights() {
        return model.weights(KernelProvider.Choice.AUTO);
    }

    private Function<String, Object> completion() {
        PromptCompleter completer =
                new PromptCompleter(weights(), model.tokenizer(), GenerateOptions.DEFAULTS.completion());
        return prompt -> {
            PromptCompleter.Result result =
                    completer.complete(List.of(prompt)).get(0).get(0);
            if (result.error() != null) {
                throw new IllegalArgumentException(result.error());
            }
            return result.text();
        };
    }

    private Function<String, Object> perplexity() {
        TextScorer scorer = new TextScorer(weights(), model.tokenizer());
        return text -> {
            TextScorer.Score score =
                    scorer.score(List.of(new TextScorer.Passage("", text))).get(0);
            if (score.error() != null) {
                throw new IllegalArgumentException(score.error());
            }
            return StrictMath.exp(score.loss());
        };
    }
}
