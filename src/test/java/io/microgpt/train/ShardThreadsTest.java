package io.microgpt.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.microgpt.data.StepPlan;
import io.microgpt.data.TokenShard;
import io.microgpt.kernel.KernelProvider.Choice;
import io.microgpt.model.GptConfig;
import io.microgpt.model.TinyModels;
import io.microgpt.model.Weights;
import io.microgpt.optim.GradientSum;
import io.microgpt.optim.SumTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However many threads there are, the sums are those of one; who fails or is told to stop leaves nothing behind. */
class ShardThreadsTest {
    private static final GptConfig CONFIG = new GptConfig(29, 12, 3, 1, 40, 20);
    private static final int SHARDS = 6;
    /** So few that most steps have shards without documents. */
    private static final int BATCH = 8;

    private final List<TokenShard> shards = new ArrayList<>();
    private final TrainingTask task;
    private final ShardThreads threads;

    ShardThreadsTest() {
        for (int s = 0; s < SHARDS; s++) {
            int first = s;
            int[] positions =
                    IntStream.range(0, 10).map(i -> 1 + (first + i * 7) % 40).toArray();
            TokenShard shard = new TokenShard(CONFIG.vocabularySize());
            TinyModels.documents(CONFIG, s, positions).forEach(shard::add);
            shards.add(shard);
        }
        int[] sizes = shards.stream().mapToInt(TokenShard::documents).toArray();
        task = new TrainingTask(CONFIG, new StepPlan(7, sizes, BATCH), 0.1, Choice.AUTO);
        threads = new ShardThreads(task);
    }

    private ShardThreads.Arithmetic step(long step) {
        Weights weights = new Weights(CONFIG, TinyModels.weights(CONFIG, step), threads.kernels());
        return (worker, tree, from, end) -> worker.gradients(tree, shards.subList(from, end), from, step, weights);
    }

    private static void same(GradientSum actual, GradientSum expected) {
        assertThat(actual.gradient()).isEqualTo(expected.gradient());
        assertThat(actual.lossSum()).isEqualTo(expected.lossSum());
        assertThat(actual.positions()).isEqualTo(expected.positions());
        assertThat(actual.documents()).isEqualTo(expected.documents()).isEqualTo(BATCH);
    }

    /** {@return the sum of a step by one thread that has never computed another} */
    private GradientSum expected(long step) {
        return new ShardThreads(task).compute(1, SHARDS, step(step)).total();
    }

    /** Shards without documents are among those of several threads, and are all of one thread's. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 6, 20})
    void theBitsAreThoseOfOne(int count) {
        boolean idle = false;
        for (long step = 0; step < 12; step++) {
            idle |= Arrays.stream(task.plan().documents(step, 0, SHARDS)).anyMatch(chosen -> chosen.length == 0);
            SumTree sums = threads.compute(count, SHARDS, step(step));
            same(sums.total(), expected(step));
            Arrays.fill(sums.total().gradient(), Float.NaN); // what is given back may hold anything
            threads.release(sums.nodes());
        }
        assertThat(idle).isTrue();
    }

    /** Every array of a step is one of the steps before, wherever sums met: there are no more of them than leaves. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 6})
    void arraysAreThoseOfFormerSteps(int count) {
        Set<float[]> arrays = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
        for (long step = 0; step < 40; step++) {
            ShardThreads.Arithmetic arithmetic = step(step);
            SumTree sums = threads.compute(count, SHARDS, (worker, tree, from, end) -> {
                arithmetic.run(worker, tree, from, end);
                tree.nodes().stream()
                        .filter(node -> node.sum() != null)
                        .forEach(node -> arrays.add(node.sum().gradient()));
            });
            assertThat(arrays).anyMatch(array -> array == sums.total().gradient());
            threads.release(sums.nodes());
        }
        assertThat(arrays).hasSizeBetween(1, SHARDS);
    }

    /** One thread is the caller's; several are others, each with its own run of the shards and its own worker. */
    @Test
    void whoComputes() {
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        threads.compute(1, SHARDS, (worker, tree, from, end) -> seen.add(Thread.currentThread()));
        assertThat(seen).containsExactly(Thread.currentThread());
        seen.clear();

        Set<ShardWorker> workers = ConcurrentHashMap.newKeySet();
        Set<List<Integer>> runs = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(4);
        threads.compute(4, SHARDS, (worker, tree, from, end) -> {
            seen.add(Thread.currentThread());
            workers.add(worker);
            runs.add(List.of(from, end));
            all.countDown();
            await(all); // they are there at the same time
        });
        assertThat(seen).hasSize(4).allMatch(Thread::isDaemon).doesNotContain(Thread.currentThread());
        assertThat(workers).hasSize(4);
        assertThat(runs).containsExactlyInAnyOrder(List.of(0, 1), List.of(1, 3), List.of(3, 4), List.of(4, 6));
    }

    /** Of a large model, whatever the number of threads, one in their pool has all shards. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 20})
    void threadsOfALargeModel(int count) {
        ShardThreads large = new ShardThreads(task, true);
        for (long step = 0; step < 4; step++) {
            ShardThreads.Arithmetic arithmetic = step(step);
            List<String> runs = new ArrayList<>();
            SumTree sums = large.compute(count, SHARDS, (worker, tree, from, end) -> {
                assertThat(ForkJoinTask.getPool().getParallelism()).isEqualTo(count);
                runs.add(from + "-" + end);
                arithmetic.run(worker, tree, from, end);
            });
            assertThat(runs).containsExactly("0-" + SHARDS);
            same(sums.total(), expected(step));
            large.release(sums.nodes());
        }
        OutOfMemoryError thrown = new OutOfMemoryError("short");
        assertThatThrownBy(() -> large.compute(count, SHARDS, (worker, tree, from, end) -> {
                    throw thrown;
                }))
                .isSameAs(thrown);
    }

    /** Whoever is told to stop goes on to its end, but is not asked again; then its threads are gone. */
    @Test
    void aCallerWithALargeModelThatIsInterrupted() throws InterruptedException {
        ShardThreads large = new ShardThreads(task, true);
        Thread caller = Thread.currentThread();
        CountDownLatch interrupted = new CountDownLatch(1);
        AtomicReference<ForkJoinPool> pool = new AtomicReference<>();
        AtomicReference<ShardWorker> stopped = new AtomicReference<>();
        assertThatThrownBy(() -> large.compute(2, SHARDS, (worker, tree, from, end) -> {
                    pool.set(ForkJoinTask.getPool());
                    stopped.set(worker);
                    caller.interrupt();
                    await(interrupted);
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the computation was interrupted");
        assertThat(Thread.interrupted()).isTrue();
        interrupted.countDown();
        assertThat(pool.get().awaitTermination(1, TimeUnit.MINUTES)).isTrue();

        ShardThreads.Arithmetic arithmetic = step(5);
        SumTree sums = large.compute(2, SHARDS, (worker, tree, from, end) -> {
            assertThat(worker).isNotSameAs(stopped.get());
            arithmetic.run(worker, tree, from, end);
        });
        same(sums.total(), expected(5));
    }

    /** A gradient for each thread is dear where it has half a gigabyte, as of the smallest GPT-2; not where it has 40 megabytes. */
    @Test
    void whatThreadsDivide() {
        GptConfig gpt2 = new GptConfig(50_257, 768, 12, 12, 1024, 4 * 768);
        GptConfig smaller = new GptConfig(1000, 384, 6, 6, 256, 4 * 384);
        assertThat(ShardThreads.divideShards(new TrainingTask(gpt2, task.plan(), 0.0, Choice.VECTOR)))
                .isFalse();
        assertThat(ShardThreads.divideShards(new TrainingTask(gpt2, task.plan(), 0.0, Choice.SCALAR)))
                .as("kernels that can only be called as a whole")
                .isTrue();
        assertThat(ShardThreads.divideShards(new TrainingTask(smaller, task.plan(), 0.0, Choice.VECTOR)))
                .isTrue();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** What one of them throws comes to the caller as it is, when the others are done, and the next step is as if nothing had been. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 6})
    void whatAThreadThrows(int count) {
        for (Throwable thrown : List.of(new IllegalArgumentException("odd"), new OutOfMemoryError("short"))) {
            for (int failing = 0; failing < count; failing++) {
                int first = SHARDS * failing / count;
                ShardThreads.Arithmetic arithmetic = step(1);
                CountDownLatch failed = new CountDownLatch(1);
                AtomicInteger done = new AtomicInteger();
                assertThatThrownBy(() -> threads.compute(count, SHARDS, (worker, tree, from, end) -> {
                            if (from == first) {
                                failed.countDown();
                                ShardThreadsTest.<RuntimeException>raise(thrown);
                            }
                            await(failed);
                            arithmetic.run(worker, tree, from, end);
                            done.incrementAndGet();
                        }))
                        .isSameAs(thrown);
                assertThat(done).hasValue(count - 1);
                SumTree sums = threads.compute(count, SHARDS, step(2));
                same(sums.total(), expected(2));
                threads.release(sums.nodes());
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void raise(Throwable thrown) throws T {
        throw (T) thrown;
    }

    /** As a task is that Spark kills: its threads are told to stop. */
    @Test
    void aCallerThatIsInterrupted() {
        Thread caller = Thread.currentThread();
        CountDownLatch began = new CountDownLatch(2);
        CountDownLatch stopped = new CountDownLatch(2);
        CountDownLatch never = new CountDownLatch(1);
        assertThatThrownBy(() -> threads.compute(2, SHARDS, (worker, tree, from, end) -> {
                    began.countDown();
                    try {
                        began.await();
                        if (from == 0) {
                            caller.interrupt();
                        }
                        never.await();
                    } catch (InterruptedException e) {
                        stopped.countDown();
                    }
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the computation was interrupted");
        assertThat(Thread.interrupted()).isTrue();
        assertThatCode(stopped::await).doesNotThrowAnyException();
        same(threads.compute(2, SHARDS, step(3)).total(), expected(3));
    }
}
