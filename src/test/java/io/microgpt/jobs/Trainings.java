package io.microgpt.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Trainings of one dataset on one cluster, of so many steps each; and how each model ends without Spark. */
final class Trainings {
    /** So that a test loss takes no longer than a few steps, and a training sees its documents more than once. */
    private static final int EVERY_NAME = 18;

    private final Cluster cluster;
    private final Path logs;
    private final String data;
    private final String runs;
    private final long steps;
    private final List<String> arguments;
    private final Map<Model, Round.Expected> expected = new EnumMap<>(Model.class);

    /**
     * Prepares the dataset.
     *
     * @param logs takes what jobs print
     * @param steps of each training
     */
    Trainings(Cluster cluster, Path logs, long steps, long checkpointEvery, long evalEvery) throws Exception {
        this.cluster = cluster;
        this.logs = logs;
        this.data = cluster.hdfs() + "/names";
        this.runs = cluster.hdfs() + "/runs";
        this.steps = steps;
        this.arguments = Stream.of(
                        "train.steps=" + steps,
                        "train.checkpoint-every=" + checkpointEvery,
                        "train.eval-every=" + evalEvery)
                .flatMap(setting -> Stream.of("--set", setting))
                .toList();
        for (String before : List.of(data, runs)) {
            cluster.fileSystem().delete(new org.apache.hadoop.fs.Path(before), true);
        }
        List<String> names = Files.readAllLines(Path.of("data-samples/names.txt"));
        List<String> some = Stream.iterate(0, at -> at < names.size(), at -> at + EVERY_NAME)
                .map(names::get)
                .toList();
        String input = Files.write(logs.resolve("names.txt"), some).toString();
        Job prepared =
                Job.run(logs, "jobs/prepare.sh", "--master", "local[1]", "--input", "file://" + input, "--out", data);
        if (prepared.exit() != 0) {
            throw new IllegalStateException("the data could not be prepared: " + prepared.err());
        }
    }

    /** {@return a training that is not started yet; its name is of its run directory} */
    Training training(Path logs, Model model, String name) throws IOException {
        Stream<String> all = Stream.of(Stream.of("--data", data), arguments.stream(), model.arguments())
                .flatMap(some -> some);
        return new Training(logs, cluster.fileSystem(), runs + "/" + name, model, all.toArray(String[]::new));
    }

    /** {@return how a model ends without Spark, where nothing befalls it; trained when first asked for} */
    Round.Expected expected(Model model) throws Exception {
        if (!expected.containsKey(model)) {
            try (Training alone = training(logs, model, "alone-" + model)) {
                alone.runAlone();
                Round.Expected end =
                        new Round.Expected(alone.sha256(), alone.checkpoint().state());
                if (end.state().documents() != steps * model.batch()) {
                    throw new IllegalStateException("without Spark, "
                            + end.state().documents() + " documents were counted, the plan has "
                            + steps * model.batch());
                }
                expected.put(model, end);
            }
        }
        return expected.get(model);
    }
}
