package io.microgpt.jobs;

import java.util.List;
import java.util.stream.Stream;

/** What is trained: models on both sides of the 65,536 parameters over which weights and sums go as blocks of their own. */
enum Model {
    /** 4,192 parameters: they go with the tasks, and the sums with the tasks' results. */
    SMALL(32, "model.n-embd=16"),
    /** 82,400 parameters: just enough for blocks. */
    WIDE(32, Training.WIDE),
    /** 2,132,864 parameters, two blocks of 4 MB and a small one; so few documents a step that it does not take long, and some shards have none. */
    PIECES(6, "model.n-embd=64", "model.mlp-dim=16500", "schedule.base-lr=0.002");

    private final int batch;
    private final List<String> settings;

    Model(int batch, String... settings) {
        this.batch = batch;
        this.settings = List.of(settings);
    }

    /** {@return the documents of a step} */
    int batch() {
        return batch;
    }

    /** {@return the arguments of a training of it} */
    Stream<String> arguments() {
        return Stream.concat(settings.stream(), Stream.of("train.batch-size=" + batch))
                .flatMap(setting -> Stream.of("--set", setting));
    }
}
