package io.microgpt.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Times one workload and prints one line: {@code StepTiming WORKLOAD [SECONDS] [WORKS]}.
 *
 * <p>It warms up for {@value #SHORTEST_WARM_UP} seconds and then until two neighbouring windows of {@value #WINDOW} seconds differ by
 * less than three per cent, for {@value #LONGEST_WARM_UP} seconds at most; where a step is longer than a window, for two steps. Then
 * it works for SECONDS, and at least two steps. WORKS run side by side, each with weights of its own; their tokens are added up. Printed
 * are how many they are and on how many threads each of them computes ({@link Workload}); what is allocated is counted of the thread that
 * asks for the steps alone.
 */
final class StepTiming {
    private static final double WINDOW = 1.5;
    private static final double SHORTEST_WARM_UP = 5.0;
    private static final double LONGEST_WARM_UP = 10.0;
    private static final double AGREEMENT = 0.03;
    private static final int FEWEST_RUNS = 2;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What one work did. */
    private record Done(long runs, long tokens, double seconds, long bytes) {
        double tokensPerSecond() {
            return tokens / seconds;
        }
    }

    private StepTiming() {}

    public static void main(String[] args) throws Exception {
        if (args.length < 1 || args.length > 3) {
            throw new IllegalArgumentException("usage: StepTiming WORKLOAD [SECONDS] [WORKS]");
        }
        Workload workload = Workload.of(args[0]);
        double seconds = args.length > 1 ? Double.parseDouble(args[1]) : 5.0;
        int count = args.length > 2 ? Integer.parseInt(args[2]) : 1;
        List<Work> works = new ArrayList<>();
        for (int w = 0; w < count; w++) {
            works.add(workload.open());
        }
        try {
            print(workload, works.get(0), timed(works, seconds));
        } finally {
            works.forEach(Work::close);
        }
    }

    private static List<Done> timed(List<Work> works, double seconds) throws Exception {
        CyclicBarrier warm = new CyclicBarrier(works.size());
        ExecutorService executor = Executors.newFixedThreadPool(works.size());
        try {
            List<Future<Done>> running = new ArrayList<>();
            for (Work work : works) {
                running.add(executor.submit(() -> {
                    warmUp(work);
                    warm.await();
                    return run(work, seconds, FEWEST_RUNS);
                }));
            }
            List<Done> all = new ArrayList<>();
            for (Future<Done> done : running) {
                all.add(done.get());
            }
            return all;
        } finally {
            executor.shutdownNow();
        }
    }

    private static void warmUp(Work work) {
        double spent = 0.0;
        double before = 0.0;
        boolean steady = false;
        while (!steady && spent < LONGEST_WARM_UP) {
            Done window = run(work, WINDOW, 1);
            spent += window.seconds();
            boolean agreed = Math.abs(window.tokensPerSecond() / before - 1.0) < AGREEMENT;
            steady = agreed && spent >= SHORTEST_WARM_UP || before > 0.0 && window.runs() == 1;
            before = window.tokensPerSecond();
        }
    }

    private static Done run(Work work, double seconds, int fewest) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        long start = System.nanoTime();
        long runs = 0;
        long tokens = 0;
        double elapsed = 0.0;
        while (runs < fewest || elapsed < seconds) {
            tokens += work.run();
            runs++;
            elapsed = (System.nanoTime() - start) * 1e-9;
        }
        return new Done(runs, tokens, elapsed, THREADS.getCurrentThreadAllocatedBytes() - bytes);
    }

    private static void print(Workload workload, Work work, List<Done> all) {
        double tokensPerSecond = all.stream().mapToDouble(Done::tokensPerSecond).sum();
        double seconds = all.stream().mapToDouble(Done::seconds).sum();
        long steps = work.steps() * all.stream().mapToLong(Done::runs).sum();
        long bytes = all.stream().mapToLong(Done::bytes).sum();
        System.out.println(String.format(
                Locale.ROOT,
                "workload=%s tokens_per_second=%.1f gflops=%.2f ms_per_step=%.4f bytes_per_step=%d works=%d threads=%d jdk=%s",
                workload.key(),
                tokensPerSecond,
                tokensPerSecond * work.flopsPerToken() * 1e-9,
                seconds * 1e3 / steps,
                bytes / steps,
                all.size(),
                work.threads(),
                Runtime.version().feature()));
    }
}
