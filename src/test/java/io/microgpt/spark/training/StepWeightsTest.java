package io.microgpt.spark.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.kernel.Kernels;
import io.microgpt.model.GptConfig;
import io.microgpt.model.Weights;
import io.microgpt.spark.LocalSpark;
import io.microgpt.spark.tasks.FloatBlocks;
import io.microgpt.spark.tasks.WeightBlock;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However many executors there are: tasks see the weights of their step, and nothing is left of them. */
class StepWeightsTest {
    private static final GptConfig MODEL = new GptConfig(27, 128, 4, 1, 16, 512);

    @ParameterizedTest
    @ValueSource(ints = {1, StepWeights.MOST_FETCHING, StepWeights.MOST_FETCHING + 1, 1000})
    void reachTheTasksAndAreForgottenWithTheStep(int executors) throws Exception {
        JavaSparkContext spark = LocalSpark.context();
        try (BroadcastWatch broadcasts = new BroadcastWatch(spark.sc(), Float.BYTES * MODEL.parameters() / 2)) {
            Random random = new Random(executors);
            long owner = FloatBlocks.owner();
            for (int step = 1; step <= 3; step++) {
                float[] values = new float[MODEL.parameters()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = random.nextFloat(); // Spark compresses what is not random
                }
                try (StepWeights weights = StepWeights.send(spark, values, executors, owner + step)) {
                    List<Float> seen = spark.parallelize(List.of(0, 1, 2), 3)
                            .map(task -> {
                                float[] first = new float[1];
                                weights.run(block -> {
                                    first[0] = someWeight(block);
                                    return null;
                                });
                                return first[0];
                            })
                            .collect();
                    assertThat(Set.copyOf(seen)).containsExactly(someWeight(new WeightBlock(values)));
                }
                assertThat(FloatBlocks.handedOver()).isZero();
            }
            int expected = executors > StepWeights.MOST_FETCHING ? 3 : 0;
            assertThat(broadcasts.awaitSeen(expected)).isEqualTo(expected);
            assertThat(broadcasts.awaitNone()).isTrue();
        }
    }

    @Test
    void arraysThatComeAfterTheirStepAreForgottenWithTheNextButOne() {
        LocalSpark.context();
        long training = FloatBlocks.owner();
        long another = FloatBlocks.owner();
        float[] values = {1.0f, 2.0f};
        FloatBlocks.put(another, "sums", values);
        FloatBlocks.put(training, "sums", values);
        FloatBlocks.remove(training);
        FloatBlocks.Place late = FloatBlocks.put(training, "late", values);
        FloatBlocks.Place next = FloatBlocks.put(training + 2, "sums", values);
        assertThat(FloatBlocks.fetch(late, new ArrayDeque<>())).isCompletedExceptionally();
        assertThat(FloatBlocks.fetch(next, new ArrayDeque<>())).isCompletedWithValue(values);
        assertThat(FloatBlocks.handedOver()).isEqualTo(2);
        FloatBlocks.remove(training + 2);
        FloatBlocks.remove(another);
        assertThat(FloatBlocks.handedOver()).isZero();
    }

    /** Through the packed matrices, which are made anew for every step. */
    private static float someWeight(WeightBlock block) {
        Kernels kernels = KernelProvider.choose(Choice.SCALAR).kernels();
        Weights weights = block.weights(MODEL, kernels);
        int e = MODEL.nEmbd();
        float[] first = new float[e];
        first[0] = 1.0f;
        float[] product = new float[e];
        kernels.matmul(1, e, e, first, 0, e, weights.packed().wo(0), product, 0, e, false);
        return product[0];
    }
}
