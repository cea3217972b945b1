package io.microgpt.spark.training;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.rdd.RDD;
import scala.Function1;
import scala.collection.Iterator;
import scala.concurrent.ExecutionContext;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.BoxedUnit;
import scala.util.Try;

/**
 * One Spark job whose results are taken as they come, by the calling thread: it adds them up while other tasks still compute, and
 * it holds those alone that it has not taken yet. A speculative copy or a repeated task counts once.
 */
final class PartitionJob {
    private PartitionJob() {}

    private record Result<R>(int partition, R value) {}

    /** Runs {@code work} on all partitions; {@code taken} gets their results in any order. */
    static <T, R> void run(RDD<T> rdd, Function1<Iterator<T>, R> work, Consumer<R> taken) throws Exception {
        List<Integer> all = IntStream.range(0, rdd.getNumPartitions()).boxed().toList();
        run(rdd, all, work, (partition, result) -> taken.accept(result));
    }

    /**
     * Runs {@code work} on partitions.
     *
     * @param partitions which
     * @param taken gets each partition and its result, in any order
     * @throws Exception what made the job fail
     */
    static <T, R> void run(
            RDD<T> rdd, List<Integer> partitions, Function1<Iterator<T>, R> work, BiConsumer<Integer, R> taken)
            throws Exception {
        BlockingQueue<Object> events = new LinkedBlockingQueue<>();
        int missing = partitions.size();
        SimpleFutureAction<BoxedUnit> action = rdd.context()
                .submitJob(
                        rdd,
                        work,
                        CollectionConverters.<Object>asScala(List.copyOf(partitions))
                                .toSeq(),
                        (index, result) -> {
                            events.add(new Result<>(partitions.get((Integer) index), result));
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
                    Result<R> result = (Result<R>) event;
                    taken.accept(result.partition(), result.value());
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
