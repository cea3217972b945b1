package io.microgpt.spark;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.rdd.RDD;
import scala.Function1;
import scala.collection.Iterator;
import scala.collection.immutable.Range$;
import scala.concurrent.ExecutionContext;
import scala.runtime.BoxedUnit;
import scala.util.Try;

/**
 * One Spark job whose results are taken as they come, by the calling thread: it adds them up while other tasks still compute, and
 * it holds those alone that it has not taken yet. A speculative copy or a repeated task counts once.
 */
final class PartitionJob {
    private PartitionJob() {}

    /**
     * Runs {@code work} on every partition.
     *
     * @param taken gets one result a partition, in any order
     * @throws Exception what made the job fail
     */
    static <T, R> void run(RDD<T> rdd, Function1<Iterator<T>, R> work, Consumer<R> taken) throws Exception {
        BlockingQueue<Object> events = new LinkedBlockingQueue<>();
        int missing = rdd.getNumPartitions();
        SimpleFutureAction<BoxedUnit> action = rdd.context()
                .submitJob(
                        rdd,
                        work,
                        Range$.MODULE$.apply(0, missing),
                        (partition, result) -> {
                            events.add(result);
                            return BoxedUnit.UNIT;
                        },
                        () -> BoxedUnit.UNIT);
        action.onComplete(events::add, ExecutionContext.parasitic$.MODULE$);
        try {
            while (missing > 0) {
                Object event = events.take(); // a ClusterWatch bounds the wait: it cancels the job
                if (event instanceof Try<?> end) {
                    end.get(); // throws: the end of a job that went well comes after its results
                } else {
                    @SuppressWarnings("unchecked")
                    R result = (R) event;
                    taken.accept(result);
                    missing--;
                }
            }
        } finally {
            if (missing > 0) {
                action.cancel();
            }
        }
    }
}
