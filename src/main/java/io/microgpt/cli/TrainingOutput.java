package io.microgpt.cli;

import io.microgpt.model.GptConfig;
import io.microgpt.train.TrainConfig;
import io.microgpt.train.Trainer;
import io.microgpt.train.TrainingListener;
import io.microgpt.train.Verdict;
import java.util.List;

/** What a training says on its way and at its end: to a person or, as JSON lines, to a program. */
interface TrainingOutput extends TrainingListener {
    /**
     * How a training begins.
     *
     * @param from the step that it goes on from; 0 for a new one
     * @param epochs of the whole run
     * @param source where gradients come from
     * @param preflight what a step moves and holds
     */
    record Beginning(
            String run,
            GptConfig model,
            TrainConfig config,
            boolean resumed,
            long from,
            double epochs,
            String source,
            String preflight) {}

    /**
     * How a training ended.
     *
     * @param samples completions of the trained model; none where it was stopped
     */
    record Ending(String run, TrainConfig config, Trainer.Result result, List<String> samples) {
        Verdict verdict() {
            return Verdict.of(result.train(), result.test());
        }

        /** {@return the last line of a training} */
        String line() {
            return Summaries.format(
                    "step %d loss %.4f train perplexity %s test perplexity %s weights sha256 %s",
                    result.step(),
                    result.trainLoss(),
                    Summaries.perplexity(result.train()),
                    Summaries.perplexity(result.test()),
                    result.sha256());
        }
    }

    void begins(Beginning beginning);

    void ends(Ending ending);
}
