package io.microgpt.cli;

import io.microgpt.checkpoint.Checkpoint;
import io.microgpt.checkpoint.Models;
import io.microgpt.data.Dataset;
import io.microgpt.data.DatasetException;
import io.microgpt.model.Gpt;
import io.microgpt.model.GptConfig;
import io.microgpt.text.Tokenizer;
import io.microgpt.text.TokenizerJson;
import io.microgpt.text.VocabularyExtension;
import io.microgpt.train.InitialWeights;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;

/** What a training takes over from earlier ones, where its settings name them: a vocabulary, a dataset to replay, initial weights. */
final class EarlierRuns {
    private final Configuration hadoop;
    private final Settings settings;
    private final Consumer<String> warnings;

    EarlierRuns(Configuration hadoop, Settings settings, Consumer<String> warnings) {
        this.hadoop = hadoop;
        this.settings = settings;
        this.warnings = warnings;
    }

    /** {@return the vocabulary that text is to be prepared with} */
    Optional<Tokenizer> vocabulary() throws IOException {
        Optional<String> named = settings.optionalText(ConfigKey.DATA_VOCABULARY);
        return named.isEmpty() ? Optional.empty() : Optional.of(vocabulary(named.get()));
    }

    private Tokenizer vocabulary(String path) throws IOException {
        for (String dataset : datasets(path)) {
            if (Dataset.exists(hadoop, dataset)) {
                return TokenizerJson.parse(Dataset.open(hadoop, dataset).tokenizerJson(), dataset);
            }
        }
        return TokenizerJson.parse(Models.load(hadoop, path, false, warnings).tokenizerJson(), path);
    }

    private String[] datasets(String path) throws IOException {
        return new String[] {path, new RunDirectory(hadoop, path).dataset()};
    }

    /**
     * {@return the older dataset that is replayed}
     *
     * @throws DatasetException if its tokens or its documents do not fit those of {@code own}
     */
    Optional<Dataset> replayed(Dataset own) throws IOException {
        Optional<String> named = settings.optionalText(ConfigKey.DATA_REPLAY);
        return named.isEmpty() ? Optional.empty() : Optional.of(replayed(named.get(), own));
    }

    private Dataset replayed(String path, Dataset own) throws IOException {
        for (String directory : datasets(path)) {
            if (Dataset.exists(hadoop, directory)) {
                Dataset older = Dataset.open(hadoop, directory);
                requireFit(older, own);
                return older;
            }
        }
        throw new DatasetException(
                path + ": data.replay is neither a prepared dataset nor a run with one in it; make one"
                        + " with jobs/prepare.sh");
    }

    private static void requireFit(Dataset older, Dataset own) {
        VocabularyExtension.difference(tokenizer(older), tokenizer(own)).ifPresent(difference -> {
            throw new DatasetException(
                    older.directory() + ": cannot be replayed with " + own.directory()
                            + ", whose vocabulary is another: " + difference
                            + ". Prepare the newer data with data.vocabulary = the older dataset, which keeps its tokens and adds new ones");
        });
        if (older.manifest().blockSize() > own.manifest().blockSize()) {
            throw new DatasetException(older.directory() + ": has documents of up to "
                    + older.manifest().blockSize() + " positions, over model.block-size = "
                    + own.manifest().blockSize() + "; prepare one of the two again");
        }
    }

    private static Tokenizer tokenizer(Dataset dataset) {
        return TokenizerJson.parse(dataset.tokenizerJson(), dataset.directory() + "/" + Dataset.TOKENIZER);
    }

    /**
     * {@return what a person should know of it when a training begins}
     *
     * @param fresh whether it begins with initial weights
     */
    List<String> lines(boolean fresh) {
        List<String> lines = new ArrayList<>();
        settings.optionalText(ConfigKey.DATA_REPLAY)
                .ifPresent(path -> lines.add(Summaries.format(
                        "  %.0f %% of the documents from %s",
                        100 * settings.number(ConfigKey.DATA_REPLAY_FRACTION), path)));
        settings.optionalText(ConfigKey.TRAIN_INIT_FROM)
                .filter(path -> fresh)
                .ifPresent(path -> lines.add("  beginning with the weights of " + path));
        return lines;
    }

    /** {@return what gives the weights that a training begins with} */
    Supplier<float[]> initialWeights(GptConfig model, Dataset own) {
        long seed = settings.longInteger(ConfigKey.TRAIN_SEED);
        Optional<String> named = settings.optionalText(ConfigKey.TRAIN_INIT_FROM);
        return () -> named.map(path -> initialWeights(path, model, seed, own))
                .orElseGet(() -> Gpt.initialWeights(model, seed));
    }

    private float[] initialWeights(String path, GptConfig model, long seed, Dataset own) {
        Checkpoint from = Models.load(hadoop, path, false, warnings);
        return InitialWeights.of(from, model, seed, own.tokenizerJson());
    }
}
