package io.microgpt.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Whole training steps (forward, backward, clip, Adam) a second, or whole completions of a block; {@code tokens} are the tokens a
 * second, padding not counted. {@code -prof gc} shows what a step allocates; {@code -p workload=gpt124m -jvmArgsAppend -Xmx10g}
 * takes the large shape.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsPrepend = "--add-modules=jdk.incubator.vector")
public class StepBenchmark {
    @Param({"shakespeare", "names", "context256", "context1024", "decode1", "decode64"})
    public String workload;

    private Work work;

    /** Counts beside the steps. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Counts {
        public long tokens;
    }

    @Setup
    public void open() {
        work = Workload.of(workload).open();
    }

    @TearDown
    public void close() {
        work.close();
    }

    @Benchmark
    public void step(Counts counts) {
        counts.tokens += work.run();
    }
}
