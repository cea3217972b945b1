package io.microgpt.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code scripts/chaos.sh}: trainings on a cluster of its own, with faults at random, all of which must end with the same bits. */
@Command(
        name = "scripts/chaos.sh",
        sortOptions = false,
        usageHelpAutoWidth = true,
        description =
                "Trains on a cluster of its own, injects faults at random, and compares the weights with those of --no-spark.")
final class Chaos implements Callable<Integer> {
    private static final int WORKERS = 3;
    private static final int CORES = 2;
    private static final int DATANODES = 3;
    private static final long EVAL_EVERY = 40;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            description = "rounds begin as long as this (default: ${DEFAULT-VALUE})")
    private double minutes = 15;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "at most so many rounds (default: as many as there is time for)")
    private int rounds = Integer.MAX_VALUE;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "of the first round, the next one has S + 1 (default: the time)")
    private long seed = System.currentTimeMillis() / 1000;

    @Option(
            names = "--faults",
            paramLabel = "LIST",
            split = ",",
            description = "of executor, straggler, worker, datanode, driver, checkpoint, term (default: all)")
    private List<Fault> faults = List.of(Fault.values());

    @Option(
            names = "--models",
            paramLabel = "LIST",
            split = ",",
            description =
                    "of small, wide, pieces: weights that go with the tasks, as one block, as several (default: all)")
    private List<Model> models = List.of(Model.values());

    @Option(names = "--steps", paramLabel = "N", description = "of each training (default: ${DEFAULT-VALUE})")
    private long steps = 100;

    @Option(names = "--checkpoint-every", paramLabel = "N", description = "(default: ${DEFAULT-VALUE})")
    private long checkpointEvery = 10;

    @Option(names = "--dir", paramLabel = "DIR", description = "logs and data (default: ${DEFAULT-VALUE})")
    private Path directory = Path.of("target/chaos");

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "shows this")
    private boolean help;

    private final Tally tally = new Tally();
    private volatile Training current;
    private volatile boolean stopping;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Chaos())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        directory = directory.toAbsolutePath();
        Path logs = Files.createDirectories(directory.resolve("jobs"));
        Cluster cluster = new Cluster(logs, directory.resolve("cluster"));
        say("starting a cluster of " + WORKERS + " workers of " + CORES + " cores and " + DATANODES + " DataNodes");
        Job start = cluster.run(
                "start",
                "--workers",
                "" + WORKERS,
                "--cores",
                "" + CORES,
                "--memory",
                "2g",
                "--hdfs",
                "--datanodes",
                "" + DATANODES);
        if (start.exit() != 0) {
            System.err.print(start.err());
            return CommandLine.ExitCode.SOFTWARE; // whoever's cluster runs there, it is left alone
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cluster)));
        play(cluster, logs);
        tally.lines().forEach(System.out::println);
        return tally.allTheSame() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private void play(Cluster cluster, Path logs) throws Exception {
        Trainings trainings = new Trainings(cluster, logs, steps, checkpointEvery, EVAL_EVERY);
        for (Model model : models) {
            Round.Expected alone = trainings.expected(model);
            say("without Spark, " + model + ": " + steps + " steps, "
                    + alone.state().documents() + " documents, "
                    + alone.state().positions() + " positions, weights sha256 " + alone.sha256());
        }
        long end = System.nanoTime() + (long) (minutes * TimeUnit.MINUTES.toNanos(1));
        for (int r = 0; r < rounds && System.nanoTime() < end && !stopping; r++) {
            String name = "round-" + (r + 1);
            SplittableRandom random = new SplittableRandom(seed + r);
            Model model = models.get(random.nextInt(models.size()));
            Path roundLogs = Files.createDirectories(logs.resolve(name));
            try (Training training = trainings.training(roundLogs, model, name)) {
                current = training;
                Round round = Round.drawn(cluster, training, faults, steps, random, this::say);
                say(name + ", --seed " + (seed + r) + ", " + model + ": " + round.description());
                play(round, trainings.expected(model), name, seed + r);
                if (training.copies() > 0) {
                    say(training.copies() + " tasks were copied");
                }
            }
        }
    }

    private void play(Round round, Round.Expected expected, String name, long seed) {
        List<String> differences;
        try {
            differences = round.play(expected);
        } catch (Exception | AssertionError e) {
            differences = List.of(String.valueOf(e.getMessage()));
        }
        say(name + (differences.isEmpty() ? ": the same" : ": DIFFERS: " + String.join("; ", differences)));
        tally.add(name + ", --seed " + seed, round.incidents(), differences);
    }

    private synchronized void say(String what) {
        System.out.println(
                LocalTime.now().truncatedTo(ChronoUnit.SECONDS).format(DateTimeFormatter.ISO_TIME) + " " + what);
    }

    /** Ctrl-C included. */
    private void stop(Cluster cluster) {
        stopping = true;
        try {
            if (current != null) {
                current.close();
            }
            cluster.stop();
        } catch (Exception e) {
            System.err.println("the cluster was not stopped: " + e.getMessage());
        }
    }
}
