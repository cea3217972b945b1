package io.microgpt.spark.training;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import io.microgpt.train.TrainingTask;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Function1;
import scala.Tuple2;

/**
 * Gradients through a shuffle: every task cuts its sums into slices of parameters, each slice is added up in the fixed tree by one task, and the
 * driver puts the slices side by side. It takes in each parameter once, instead of once a task.
 */
final class Slices {
    private final int[] bounds; // (slices + 1)
    private final int parameters;
    private float[] gradient;

    /** @param count of slices: so many tasks add */
    Slices(int count, int parameters) {
        this.bounds = IntStream.rangeClosed(0, count)
                .map(slice -> (int) ((long) parameters * slice / count))
                .toArray();
        this.parameters = parameters;
    }

    /** {@return the sum over all shards, its gradient valid until the next call} */
    Gathered gather(JavaRDD<ShardRun> runs, TrainingTask task, StepWork work) throws Exception {
        int[] cuts = bounds;
        gradient = gradient == null ? new float[parameters] : gradient;
        JavaPairRDD<Integer, PartialSums> slices =
                runs.flatMapToPair(run -> cut(work.on(run), cuts)).partitionBy(new HashPartitioner(cuts.length - 1));
        Gathered[] last = new Gathered[1];
        try {
            PartitionJob.run(slices.rdd(), adding(task), slice -> {
                GradientSum sum = slice._2().nodes().get(0).sum();
                System.arraycopy(sum.gradient(), 0, gradient, cuts[slice._1()], sum.gradient().length);
                last[0] = new Gathered(sum, slice._2().computeNanos());
            });
        } finally {
            slices.rdd().cleanShuffleDependencies(false); // or the disks fill up, step by step
        }
        GradientSum any = last[0].sum(); // all slices say the same of losses and counts
        return new Gathered(
                new GradientSum(gradient, any.lossSum(), any.positions(), any.documents()), last[0].computeNanos());
    }

    private static Iterator<Tuple2<Integer, PartialSums>> cut(PartialSums sums, int[] bounds) {
        List<PartialSums> slices = sums.slices(bounds);
        return IntStream.range(0, slices.size())
                .mapToObj(slice -> new Tuple2<>(slice, slices.get(slice)))
                .iterator();
    }

    /** {@return what the task of one slice does} */
    private static Function1<scala.collection.Iterator<Tuple2<Integer, PartialSums>>, Tuple2<Integer, PartialSums>>
            adding(TrainingTask task) {
        return (Function1<scala.collection.Iterator<Tuple2<Integer, PartialSums>>, Tuple2<Integer, PartialSums>>
                        & Serializable)
                parts -> {
                    Kernels kernels = KernelProvider.choose(task.kernels()).kernels();
                    SumTree tree = new SumTree(task.plan().shards(), kernels);
                    int slice = 0;
                    long nanos = 0;
                    while (parts.hasNext()) {
                        Tuple2<Integer, PartialSums> part = parts.next();
                        slice = part._1();
                        nanos = Math.max(nanos, part._2().computeNanos());
                        part._2().nodes().forEach(tree::add);
                    }
                    SumTree.Node root = new SumTree.Node(tree.rootLevel(), 0, tree.total());
                    return new Tuple2<>(slice, new PartialSums(List.of(root), nanos));
                };
    }
}
