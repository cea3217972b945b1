package io.microgpt.cli;

import io.microgpt.spark.prepare.Preparation;
import io.microgpt.spark.prepare.PreparedStatistics;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Text to a dataset of token shards. */
@Command(
        name = "prepare",
        description = "Makes a dataset of token shards from text, JSON lines, CSV or Parquet.",
        mixinStandardHelpOptions = true)
final class PrepareCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options;

    @Option(names = "--input", paramLabel = "PATH", description = "file, directory or glob; wins over data.path")
    private String input;

    @Option(
            names = "--out",
            paramLabel = "DATASET",
            required = true,
            description = "directory of the dataset, a new one")
    private String out;

    @Override
    public Integer call() throws Exception {
        Configuration hadoop = SparkSessions.hadoop();
        Settings.Builder builder = options.builder(hadoop);
        if (input != null) {
            builder.override(ConfigKey.DATA_PATH, input, "--input");
        }
        Settings settings = builder.build();
        String path = settings.text(ConfigKey.DATA_PATH);
        Terminal terminal = Terminal.standard();
        EarlierRuns earlier = new EarlierRuns(hadoop, settings, message -> terminal.print("warning: " + message));
        try (Sessions sessions = new Sessions("prepare", terminal)) {
            Preparation preparation = new Preparation(
                            sessions.spark(settings), Resolved.prepare(settings, path), Optional.empty())
                    .extending(earlier.vocabulary());
            PreparedStatistics statistics = sessions.watched("preparing " + path, settings, () -> preparation.run(out));
            Summaries.prepared(statistics, out).forEach(System.out::println);
        }
        return 0;
    }
}
