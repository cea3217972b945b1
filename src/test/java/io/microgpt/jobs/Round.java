package io.microgpt.jobs;

import io.microgpt.checkpoint.TrainerState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** One training with a few faults; what is left to chance is the moment within a step. */
final class Round {
    private static final int MOST_FAULTS = 4;
    /** The last steps are left alone, so that the driver does not end before its fault. */
    private static final double FAULTY_SHARE = 0.85;
    /** Drivers that ended with an error in one round, before it is given up. */
    private static final int MOST_ENDS = 5;

    /** How the training ends that nothing befell. */
    record Expected(String sha256, TrainerState state) {}

    /** A fault that is to come as soon as a step is done; 0 is before the first. */
    record Planned(Fault fault, long step) {}

    private final Cluster cluster;
    private final Training training;
    private final List<Planned> plan;
    private final Iterator<Setting> settings;
    private final RandomGenerator random;
    private final Consumer<String> says;
    private final List<Incident> incidents = new ArrayList<>();
    /** They take seconds, in which the training goes on. */
    private CompletableFuture<Void> repairs = CompletableFuture.completedFuture(null);

    private int ends;

    /**
     * A round as it is said.
     *
     * @param plan what is to come, in the order of the steps
     * @param settings of one driver after the other
     * @param random chooses among executors and other processes
     * @param says is told of everything, as it happens
     */
    Round(
            Cluster cluster,
            Training training,
            List<Planned> plan,
            Iterator<Setting> settings,
            RandomGenerator random,
            Consumer<String> says) {
        this.cluster = cluster;
        this.training = training;
        this.plan = plan;
        this.settings = settings;
        this.random = random;
        this.says = says;
    }

    /** {@return a round that is drawn} */
    static Round drawn(
            Cluster cluster,
            Training training,
            List<Fault> faults,
            long steps,
            SplittableRandom random,
            Consumer<String> says) {
        int count = random.nextInt(1, MOST_FAULTS + 1);
        long share = Math.max(1, (long) (steps * FAULTY_SHARE / count));
        List<Planned> plan = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Fault fault = faults.get(random.nextInt(faults.size()));
            plan.add(new Planned(fault, i * share + random.nextLong(share)));
        }
        RandomGenerator drawn = random.split();
        Iterator<Setting> settings =
                Stream.generate(() -> Setting.random(drawn)).iterator();
        return new Round(cluster, training, plan, settings, random, says);
    }

    /** Trains to the end, whatever befalls. {@return what is not as expected; nothing if all is} */
    List<String> play(Expected expected) throws Exception {
        start();
        try {
            for (Planned next : plan) {
                if (reaches(next.step())) {
                    befall(next.fault());
                } else {
                    says.accept("the training ended before: " + next.fault().title());
                }
            }
            reaches(Long.MAX_VALUE);
        } finally {
            repairs.join();
        }
        return differences(expected);
    }

    List<Incident> incidents() {
        return incidents;
    }

    /** {@return what is to happen, in words} */
    String description() {
        return plan.stream()
                .map(next -> next.fault().title() + " at step " + next.step())
                .collect(Collectors.joining(", "));
    }

    private void start() throws IOException {
        Setting setting = settings.next();
        says.accept("a driver with " + setting);
        training.start(cluster, setting);
    }

    /** {@return whether the training runs and has reached a step; where its driver ended with an error, another goes on} */
    private boolean reaches(long step) throws Exception {
        while (true) {
            if (step == Long.MAX_VALUE) {
                training.awaitEnd();
            }
            if (training.awaitStep(step) && !training.ended()) {
                return true;
            }
            if (training.job().exit() == 0) {
                return false;
            }
            goOn();
        }
    }

    /** The driver ended with an error. */
    private void goOn() throws Exception {
        List<String> errors = training.job()
                .err()
                .lines()
                .filter(line -> line.startsWith("error: "))
                .toList();
        String error = errors.isEmpty()
                ? "exit code " + training.job().exit() + ", see " + training.job()
                : errors.get(errors.size() - 1);
        says.accept("the driver ended: " + error);
        if (++ends > MOST_ENDS) {
            throw new IllegalStateException("the driver ended " + ends + " times; see " + training.job());
        }
        start();
    }

    private void befall(Fault fault) throws Exception {
        if (fault.needsRepair()) {
            repairs.join(); // of two that are gone, HDFS may have kept the only copies
        }
        if (training.ended()) {
            says.accept("the training ended before: " + fault.title());
            return;
        }
        Way way = training.way();
        long before = System.nanoTime();
        Optional<Fault.Struck> struck = fault.strike(cluster, training, random);
        long start = fault == Fault.CHECKPOINT || fault == Fault.TERM ? System.nanoTime() : before;
        if (struck.isEmpty()) {
            says.accept("nothing to strike for: " + fault.title());
            return;
        }
        long step = training.step();
        says.accept(struck.get().what() + " at step " + step);
        int endsBefore = ends;
        if (fault.endsDriver()) {
            start();
            reaches(1);
        } else if (!training.awaitAnotherStep()) {
            reaches(1);
        }
        double seconds = (System.nanoTime() - start) * 1e-9;
        long lost = fault.endsDriver() || ends > endsBefore ? Math.max(0, step - training.from()) : 0;
        incidents.add(new Incident(fault, way, step, seconds, lost, ends > endsBefore));
        says.accept(String.format(Locale.ROOT, "recovered in %.1f s, %d steps lost", seconds, lost));
        repairs = repairs.thenRunAsync(() -> repair(struck.get()));
    }

    private void repair(Fault.Struck struck) {
        try {
            struck.repair().run();
        } catch (Exception e) {
            throw new IllegalStateException("no repair of: " + struck.what(), e);
        }
    }

    private List<String> differences(Expected expected) throws Exception {
        List<String> differences = new ArrayList<>();
        compare(differences, "weights sha256", training.sha256(), expected.sha256());
        TrainerState state = training.checkpoint().state();
        compare(differences, "steps", state.step(), expected.state().step());
        compare(differences, "documents", state.documents(), expected.state().documents());
        compare(differences, "positions", state.positions(), expected.state().positions());
        List<Long> all =
                LongStream.rangeClosed(1, expected.state().step()).boxed().toList();
        List<Long> logged = training.metricSteps();
        if (!logged.equals(all)) {
            List<Long> absent =
                    all.stream().filter(step -> !logged.contains(step)).toList();
            differences.add(
                    "metrics.jsonl has " + logged.size() + " steps of " + all.size() + ", not among them " + absent);
        }
        return differences;
    }

    private static <T> void compare(List<String> differences, String what, T actual, T expected) {
        if (!actual.equals(expected)) {
            differences.add(what + " " + actual + ", expected " + expected);
        }
    }
}
