package io.microgpt.spark.training;

import java.io.Serializable;

/** What a step's task computes on its run of shards. */
@FunctionalInterface
interface StepWork extends Serializable {
    PartialSums on(ShardRun run);
}
