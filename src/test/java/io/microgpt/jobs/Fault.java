package io.microgpt.jobs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** What befalls a training on a cluster. */
enum Fault {
    EXECUTOR("executor killed") {
        @Override
        Optional<Struck> strike(Cluster cluster, Training training, RandomGenerator random) throws Exception {
            List<ProcessHandle> executors = cluster.executors();
            if (executors.isEmpty()) {
                return Optional.empty();
            }
            ProcessHandle executor = one(executors, random);
            Cluster.kill(executor);
            return Optional.of(new Struck("executor " + executor.pid() + " killed, one of " + executors.size()));
        }
    },
    STRAGGLER("executor stopped for a while") {
        @Override
        Optional<Struck> strike(Cluster cluster, Training training, RandomGenerator random) throws Exception {
            List<ProcessHandle> executors = cluster.executors();
            if (executors.isEmpty()) {
                return Optional.empty();
            }
            ProcessHandle executor = one(executors, random);
            int seconds = random.nextInt(2, 6);
            Cluster.signal("STOP", executor);
            CompletableFuture<Void> goesOn = CompletableFuture.runAsync(
                    () -> goOn(executor), CompletableFuture.delayedExecutor(seconds, TimeUnit.SECONDS));
            return Optional.of(new Struck(
                    "executor " + executor.pid() + ", one of " + executors.size() + ", stopped for " + seconds + " s",
                    goesOn::get));
        }
    },
    WORKER("worker killed") {
        @Override
        Optional<Struck> strike(Cluster cluster, Training training, RandomGenerator random) throws Exception {
            List<String> busy = new ArrayList<>();
            for (String worker : cluster.names("worker-")) {
                if (!cluster.executors(worker).isEmpty()) {
                    busy.add(worker);
                }
            }
            return busy.isEmpty() ? Optional.empty() : Optional.of(kill(cluster, one(busy, random)));
        }
    },
    DATANODE("DataNode killed") {
        @Override
        Optional<Struck> strike(Cluster cluster, Training training, RandomGenerator random) throws Exception {
            return Optional.of(kill(cluster, one(cluster.names("datanode-"), random)));
        }
    },
    DRIVER("driver killed") {
        @Override
        Optional<Struck> strike(Cluster cluster, Training training, RandomGenerator random) throws Exception {
            Cluster.kill(training.driver());
            return Optional.of(new Struck("driver killed"));
        }
    },
    CHECKPOINT("driver killed in a checkpoint") {
        @Override
        Optional<Struck> strike(Cluster cluster, Training training, RandomGenerator random) throws Exception {
            return training.killDuringCheckpoint()
                    ? Optional.of(new Struck("driver killed in the middle of a checkpoint"))
                    : Optional.empty();
        }
    },
    TERM("driver told to end (TERM)") {
        @Override
        Optional<Struck> strike(Cluster cluster, Training training, RandomGenerator random) throws Exception {
            training.driver().destroy();
            training.awaitEnd();
            return Optional.of(new Struck("driver told to end, and ended"));
        }
    };

    private final String title;

    Fault(String title) {
        this.title = title;
    }

    /**
     * A fault that has happened.
     *
     * @param what in words
     * @param repair brings back what is gone, when the training has shown that it can do without
     */
    record Struck(String what, Repair repair) {
        Struck(String what) {
            this(what, () -> {});
        }
    }

    /** Brings back what a fault took away. */
    interface Repair {
        void run() throws Exception;
    }

    /** Makes it happen, now. {@return what happened; nothing if there was nothing to strike} */
    abstract Optional<Struck> strike(Cluster cluster, Training training, RandomGenerator random) throws Exception;

    private static Struck kill(Cluster cluster, String name) throws IOException {
        cluster.kill(name);
        return new Struck(name + " killed", () -> cluster.restart(name));
    }

    private static void goOn(ProcessHandle process) {
        try {
            Cluster.signal("CONT", process);
        } catch (Exception e) {
            throw new IllegalStateException("process " + process.pid() + " stays stopped", e);
        }
    }

    private static <T> T one(List<T> of, RandomGenerator random) {
        return of.get(random.nextInt(of.size()));
    }

    /** {@return whether the driver is gone, and a new one has to go on} */
    boolean endsDriver() {
        return this == DRIVER || this == CHECKPOINT || this == TERM;
    }

    /** {@return whether it takes away a process of the cluster that does not come back by itself} */
    boolean needsRepair() {
        return this == WORKER || this == DATANODE;
    }

    /** {@return what it is, in words} */
    String title() {
        return title;
    }
}
