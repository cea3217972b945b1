package io.microgpt.cli;

import io.microgpt.checkpoint.CheckpointException;
import io.microgpt.data.DatasetException;
import io.microgpt.train.DivergenceException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The entry point of every job: {@code prepare}, {@code train}, {@code evaluate}, {@code generate}, {@code compare}. */
@Command(
        name = "microgpt",
        description = "Trains, evaluates and serves small GPTs on the CPUs of a Spark cluster.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            PrepareCommand.class,
            TrainCommand.class,
            EvaluateCommand.class,
            GenerateCommand.class,
            CompareCommand.class
        })
public final class Main {
    /** Set to see where an error comes from. */
    private static final String DEBUG = "MICROGPT_DEBUG";

    /** What explains itself by its message, the most telling first. */
    private static final List<Class<? extends RuntimeException>> EXPLAINED = List.of(
            ConfigException.class,
            DatasetException.class,
            CheckpointException.class,
            DivergenceException.class,
            UncheckedIOException.class,
            IllegalArgumentException.class,
            IllegalStateException.class);

    public static void main(String[] args) {
        // Text is UTF-8 whatever the locale of the machine: a driver on a cluster often has none.
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
        int code = run(args);
        // Spark's own threads may still be about; in cluster mode, a plain return is what says success.
        if (code != 0) {
            System.exit(code);
        }
    }

    /** {@return the exit code: 0, 1 for a failure, 2 for a wrong command line} */
    static int run(String... args) {
        CommandLine line = new CommandLine(new Main());
        line.setExpandAtFiles(false); // a prompt may begin with @
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((e, command, result) -> {
            fail(e);
            return CommandLine.ExitCode.SOFTWARE;
        });
        if (args.length == 0) {
            line.usage(System.err);
            return CommandLine.ExitCode.USAGE;
        }
        return line.execute(args);
    }

    private static void fail(Exception e) {
        Throwable explained = explained(e);
        if (explained == null || System.getenv(DEBUG) != null) {
            e.printStackTrace();
        }
        Throwable shown = explained == null ? e : explained;
        System.err.println(
                "error: " + (explained == null ? shown.getClass().getSimpleName() + ": " : "") + shown.getMessage());
    }

    /** Spark wraps what a task throws; the first cause that explains itself is what the user wants to read. */
    private static Throwable explained(Throwable e) {
        for (Class<?> type : EXPLAINED) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (type.isInstance(cause)) {
                    return cause;
                }
            }
        }
        return null;
    }

    /** The version of the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"microgpt-spark " + (version == null ? "(not from a jar)" : version)};
        }
    }
}
