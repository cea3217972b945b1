package io.microgpt.cli;

import io.microgpt.checkpoint.Models;
import io.microgpt.data.Dataset;
import io.microgpt.data.DatasetException;
import io.microgpt.data.Manifest;
import io.microgpt.data.TrainingData;
import io.microgpt.spark.prepare.Preparation;
import io.microgpt.spark.prepare.PreparedStatistics;
import io.microgpt.text.Tokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** What a training starts from: its run directory, its settings and its dataset, prepared if need be. */
final class TrainingSetup {
    private static final String RUNS = "runs";

    private final Configuration hadoop;
    private final ConfigOptions options;
    private final String data;
    private final String out;
    private final boolean resume;
    private final Terminal terminal;

    private boolean preparedOnly;
    private RunDirectory run;
    private Settings settings;
    private Dataset dataset;
    private Optional<Dataset> replayed;

    TrainingSetup(
            Configuration hadoop, ConfigOptions options, String data, String out, boolean resume, Terminal terminal) {
        this.hadoop = hadoop;
        this.options = options;
        this.data = data;
        this.out = out;
        this.resume = resume;
        this.terminal = terminal;
    }

    /** Refuses text: what is to be prepared first. */
    void preparedOnly() {
        preparedOnly = true;
    }

    TrainingSetup resolve(Sessions sessions, boolean noSpark) throws Exception {
        if (resume && out == null) {
            throw new IllegalArgumentException("--resume needs --out RUN, the run that is to go on");
        }
        run = out == null ? null : new RunDirectory(hadoop, out);
        if (run != null && run.exists() && !resume && !preparedOnly) {
            throw new IllegalArgumentException(
                    run + ": exists already; go on with it by --resume, or give another --out");
        }
        settings = read();
        Resolved.model(settings, 1); // says what is wrong with the model before anything is started
        String path = settings.text(ConfigKey.DATA_PATH);
        if (run == null) {
            run = RunDirectory.fresh(hadoop, RUNS, name(path));
        }
        dataset = dataset(path, sessions);
        replayed = earlier().replayed(dataset);
        settings = withSettingsOf(dataset.manifest());
        if (noSpark) {
            sessions.close();
        }
        return this;
    }

    RunDirectory run() {
        return run;
    }

    Settings settings() {
        return settings;
    }

    private Settings read() {
        return builder().build();
    }

    /** {@return a builder with all that was given, the path of the data in full} */
    private Settings.Builder builder() {
        Settings.Builder builder = Settings.builder();
        try {
            if (resume && run.hasConfig() && options.config == null) {
                builder.config(
                        ConfigOptions.text(hadoop, run.config().toString()),
                        run.config().toString());
            }
        } catch (IOException e) {
            throw new DatasetException(run.config() + ": cannot be read: " + e.getMessage(), e);
        }
        options.addTo(builder, hadoop);
        if (data != null) {
            builder.override(ConfigKey.DATA_PATH, data, "--data");
        }
        Settings given = builder.build();
        // With the full path, the run can be repeated from anywhere by its own configuration.
        for (ConfigKey key : List.of(ConfigKey.DATA_PATH, ConfigKey.DATA_REPLAY, ConfigKey.DATA_VOCABULARY)) {
            given.optionalText(key).ifPresent(path -> builder.override(key, qualified(path), key.path()));
        }
        initFrom(given.optionalText(ConfigKey.TRAIN_INIT_FROM))
                .ifPresent(from -> builder.override(ConfigKey.TRAIN_INIT_FROM, from, ConfigKey.TRAIN_INIT_FROM.path()));
        return builder;
    }

    /**
     * {@return the one checkpoint that a run begins with, or began with: a rollback may go back to it, and the run that is named may go on
     * meanwhile}
     */
    private Optional<String> initFrom(Optional<String> given) {
        try {
            if (!resume || !run.hasCheckpoints() || !run.hasConfig()) {
                return given.map(from -> Models.identify(hadoop, from).directory());
            }
            String config = run.config().toString();
            Optional<String> begun = Settings.builder()
                    .config(ConfigOptions.text(hadoop, config), config)
                    .build()
                    .optionalText(ConfigKey.TRAIN_INIT_FROM);
            given.filter(from -> !begun.orElse("").concat("/").startsWith(qualified(from) + "/"))
                    .ifPresent(from -> {
                        throw new IllegalArgumentException(
                                "train.init-from is " + from + ", but " + run + " began with "
                                        + begun.orElse("random weights")
                                        + "; leave the key away to go on with it, or start a new run with another --out");
                    });
            return begun;
        } catch (IOException e) {
            throw new DatasetException(run.config() + ": cannot be read: " + e.getMessage(), e);
        }
    }

    Dataset dataset() {
        return dataset;
    }

    TrainingData data() {
        return new TrainingData(dataset, replayed);
    }

    EarlierRuns earlier() {
        return new EarlierRuns(hadoop, settings, terminal::warn);
    }

    /** A prepared dataset is as it was prepared: what the configuration says otherwise has no effect, and must not be kept. */
    private Settings withSettingsOf(Manifest manifest) {
        Settings.Builder builder = builder();
        manifest.settings()
                .forEach((name, value) -> ConfigKey.of(name)
                        .filter(key -> key.group().equals("data") && key != ConfigKey.DATA_PATH)
                        .ifPresent(key -> {
                            builder.override(key, value, "the prepared dataset");
                            String given = settings.shown(key);
                            boolean ignored = !given.equals(Settings.defaults().shown(key))
                                    && !given.replace("\"", "").equals(value);
                            if (ignored) {
                                terminal.warn(name + " = " + given + " has no effect: the dataset was prepared with "
                                        + value);
                            }
                        }));
        return builder.build();
    }

    private String qualified(String path) {
        try {
            Path given = new Path(path);
            return given.getFileSystem(hadoop).makeQualified(given).toString();
        } catch (IOException e) {
            throw new DatasetException(path + ": cannot be found: " + e.getMessage(), e);
        }
    }

    /** {@return the last name of the path, without what follows its first dot} */
    private static String name(String path) {
        String last = new Path(path).getName();
        int dot = last.indexOf('.');
        return (dot > 0 ? last.substring(0, dot) : last).replaceAll("[^A-Za-z0-9_-]", "-");
    }

    private Dataset dataset(String path, Sessions sessions) throws Exception {
        if (Dataset.exists(hadoop, path)) {
            return Dataset.open(hadoop, path);
        }
        if (resume && Dataset.exists(hadoop, run.dataset())) {
            Dataset own = Dataset.open(hadoop, run.dataset());
            String from = own.manifest().settings().get("data.path");
            if (!path.equals(from)) {
                throw new DatasetException("the dataset of " + run + " was prepared from " + from + ", not from " + path
                        + "; leave --data away to go on with it, or start a new run with another --out");
            }
            return own;
        }
        if (preparedOnly) {
            throw new DatasetException(
                    path + ": is no prepared dataset, whose size a plan needs; make one with jobs/prepare.sh --input "
                            + path + " --out DATASET, then give it as --data DATASET");
        }
        if (resume && run.hasCheckpoints()) {
            throw new DatasetException(
                    path + ": is text, but " + run + " goes on with the prepared dataset that it began with;"
                            + " leave --data away, or start a new run with another --out");
        }
        if (!run.hasConfig()) {
            run.writeConfig(settings); // so that --resume can start what dies while preparing
        }
        terminal.print("preparing " + path);
        PreparedStatistics statistics;
        try {
            Optional<Tokenizer> vocabulary = earlier().vocabulary();
            Preparation preparation = new Preparation(
                            sessions.spark(settings), Resolved.prepare(settings, path), Optional.empty())
                    .extending(vocabulary);
            statistics = sessions.watched("preparing " + path, settings, () -> preparation.run(run.dataset()));
        } catch (DatasetException e) {
            run.discardIfEmpty();
            throw e;
        }
        Summaries.prepared(statistics, run.dataset()).forEach(terminal::print);
        return Dataset.open(hadoop, run.dataset());
    }
}
