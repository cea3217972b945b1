package io.microgpt.cli;

import io.microgpt.data.DatasetException;
import io.microgpt.report.ComparePage;
import io.microgpt.report.Curves;
import io.microgpt.report.LiveReport;
import io.microgpt.report.Run;
import io.microgpt.report.SampleHistory;
import io.microgpt.report.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Several runs in one picture, made of what they left in their directories. */
@Command(
        name = "compare",
        description = "Draws several runs into one page of HTML: their curves, results and configurations.",
        mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", arity = "1..*", description = "directories of runs, on any Hadoop file system")
    private List<String> runs;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "the page; replaced where it exists")
    private String out;

    private final Terminal terminal = Terminal.standard();

    @Override
    public Integer call() throws Exception {
        Configuration hadoop = SparkSessions.hadoop();
        List<String> names = names();
        List<Run> read = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            read.add(read(hadoop, new RunDirectory(hadoop, runs.get(i)), names.get(i)));
        }
        try {
            Path page = new Path(out);
            Storage.replace(hadoop, page.getFileSystem(hadoop).makeQualified(page), ComparePage.of(read));
        } catch (IOException e) {
            throw new DatasetException(out + ": cannot be written: " + e.getMessage(), e);
        }
        System.out.println(Summaries.format("%,d runs in %s", read.size(), out));
        return 0;
    }

    /** {@return the last parts of the paths, where these tell the runs apart} */
    private List<String> names() {
        List<String> last = runs.stream().map(run -> new Path(run).getName()).toList();
        return last.stream().distinct().count() == last.size() ? last : runs;
    }

    private Run read(Configuration hadoop, RunDirectory run, String name) throws IOException {
        FileSystem fs = run.metrics().getFileSystem(hadoop);
        if (!fs.exists(run.metrics())) {
            throw new DatasetException(run + ": is no run: there is no "
                    + run.metrics().getName() + " in it; give the --out of trainings");
        }
        Path samples = run.file(LiveReport.SAMPLES);
        return new Run(
                name,
                0,
                Curves.read(hadoop, run.metrics()),
                fs.exists(samples) ? SampleHistory.read(hadoop, samples).samples() : List.of(),
                settings(hadoop, run));
    }

    private List<Run.Setting> settings(Configuration hadoop, RunDirectory run) throws IOException {
        if (!run.hasConfig()) {
            return List.of();
        }
        String file = run.config().toString();
        try {
            return Pictures.settings(Settings.builder()
                    .config(ConfigOptions.text(hadoop, file), file)
                    .build());
        } catch (ConfigException e) {
            terminal.warn("the configuration of " + run + " is not of this version and is left out: " + e.getMessage());
            return List.of();
        }
    }
}
