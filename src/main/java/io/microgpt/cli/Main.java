package io.microgpt.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.IntConsumer;
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

    /** What the program that listens is told when memory is short, made while it is not; null where none listens. */
    private static volatile String lastEvent;

    public static void main(String[] args) {
        // Text is UTF-8 whatever the locale of the machine: a driver on a cluster often has none.
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> endWhenOutOfMemory(e, Runtime.getRuntime()::halt));
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
        try {
            return line.execute(args);
        } catch (OutOfMemoryError e) {
            System.err.println("error: " + Explanation.of(e));
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    private static void fail(Exception e) {
        boolean told = Explanation.explained(e).isPresent() || e instanceof IOException; // of storage: its own words do
        if (!told || System.getenv(DEBUG) != null) {
            e.printStackTrace();
        }
        System.err.println("error: " + Explanation.of(e));
    }

    /**
     * Spark's threads die of an error without a word, and whoever waits for what they were to do waits for ever: the driver ends
     * instead, at once, because nothing that takes memory can be relied on any more.
     */
    static void endWhenOutOfMemory(Throwable e, IntConsumer end) {
        if (e instanceof OutOfMemoryError) {
            try {
                tellOutOfMemory(e);
            } finally {
                end.accept(CommandLine.ExitCode.SOFTWARE);
            }
        }
        e.printStackTrace();
    }

    private static void tellOutOfMemory(Throwable e) {
        try {
            System.err.println("error: " + Explanation.of(e));
        } finally {
            String event = lastEvent;
            if (event != null) {
                JsonOutput.saysLast(System.out, event);
            }
        }
    }

    /** Whoever listens to the JSON lines of a command is told too when {@link #endWhenOutOfMemory} ends it. */
    static void listens(boolean json) {
        lastEvent = json ? JsonOutput.error(Explanation.of(new OutOfMemoryError("Java heap space"))) : null;
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
