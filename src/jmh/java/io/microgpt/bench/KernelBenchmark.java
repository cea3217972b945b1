package io.microgpt.bench;

import io.microgpt.kernel.CachePage;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.LeafTree;
import io.microgpt.kernel.PackedMatrix;
import java.util.SplittableRandom;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * Every kernel at the sizes of a step of the workloads {@code names} and {@code shakespeare}, the rows of a batch together: calls a
 * millisecond, and of the matrix products also {@code gflops}. What works in place gets its input anew in every call; that copy is in
 * its time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsPrepend = "--add-modules=jdk.incubator.vector")
public class KernelBenchmark {
    @Param({"vector", "scalar"})
    public String kernels;

    @Param({"names", "shakespeare"})
    public String shape;

    private Kernels k;
    private int rows; // R, of a step
    private int e;
    private int hidden; // M
    private int v;
    private int t; // positions of a document
    private int head; // width of a head
    private float minusOne = -1.0f;
    private int padded; // V, as the width of a row of logits

    private float[] x; // (R, M), also (R, 3E) and (R, E)
    private float[] y; // the same
    private float[] z; // the same; takes results
    private float[] positive; // (R) factors
    private float[] weights; // (M, E)
    private float[] gradient; // (M, E)
    private float[] logits; // (R, V padded)
    private float[] changed; // as long as any other
    private float[] sums; // (R, 2)
    private float[] moment1; // (M, E)
    private float[] moment2; // (M, E)
    private float[] scores; // (H, T padded)
    private float[][] pages; // of T positions
    private final LeafTree leaves = new LeafTree(new int[] {0, 1, -1, 2, 3, -1, -1, 4, 5, -1, 6, 7, -1, -1, -1});
    private final PackedMatrix up = new PackedMatrix(); // (E, M)
    private final PackedMatrix lmHead = new PackedMatrix(); // (E, V)
    private final PackedMatrix keys = new PackedMatrix(); // (E / H, T)
    private final PackedMatrix scratch = new PackedMatrix();

    /** What the matrix products do: millions of operations a millisecond are 1e9 a second. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Counts {
        public double gflops;

        void product(double m, double n, double k) {
            gflops += 2 * m * n * k * 1e-6;
        }
    }

    @Setup
    public void fill() {
        k = kernels.equals("scalar")
                ? KernelProvider.scalar()
                : KernelProvider.choose(KernelProvider.Choice.VECTOR).kernels();
        boolean names = shape.equals("names");
        rows = names ? 224 : 768;
        e = names ? 16 : 128;
        v = names ? 27 : 65;
        t = names ? 7 : 64;
        hidden = 4 * e;
        head = e / 4;
        padded = Kernels.padded(v);
        SplittableRandom random = new SplittableRandom(1);
        x = random(random, rows * hidden);
        y = random(random, rows * hidden);
        z = random(random, rows * hidden);
        positive = new float[rows];
        weights = random(random, Math.max(hidden, padded) * e);
        gradient = random(random, hidden * e);
        logits = random(random, rows * padded);
        changed = new float[Math.max(x.length, logits.length)];
        sums = new float[2 * rows];
        moment1 = new float[hidden * e];
        moment2 = new float[hidden * e];
        java.util.Arrays.fill(positive, 1.0f);
        scores = new float[Math.max(4, Kernels.LANES) * Kernels.padded(t)];
        pages = new float[(t + CachePage.POSITIONS - 1) / CachePage.POSITIONS][];
        for (int page = 0; page < pages.length; page++) {
            pages[page] = random(random, CachePage.floats(1, e));
        }
        for (int leaf = 0; leaf < leaves.size(); leaf++) {
            leaves.leaf(leaf * rows / leaves.size());
            leaves.end((leaf + 1) * rows / leaves.size());
        }
        k.pack(e, hidden, weights, 0, 1, e, up);
        k.pack(e, v, weights, 0, 1, e, lmHead);
        k.pack(head, t, x, e, 1, 3 * e, keys);
    }

    private static float[] random(SplittableRandom random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** {@return a copy of the first elements, in the array that every call uses} */
    private float[] anew(float[] values, int n) {
        System.arraycopy(values, 0, changed, 0, n);
        return changed;
    }

    /** Forward through fc1: (R, E) by the packed (E, M). */
    @Benchmark
    public void matmulForward(Counts counts) {
        k.matmul(rows, hidden, e, x, 0, e, 1, up, z, 0, hidden, false);
        counts.product(rows, hidden, e);
    }

    /** The logits: (R, E) by the packed (E, V), of which no width of a register divides V. */
    @Benchmark
    public void matmulLogits(Counts counts) {
        k.matmul(rows, v, e, x, 0, e, 1, lmHead, logits, 0, padded, false);
        counts.product(rows, v, e);
    }

    /** One row by the packed (E, M), as in generating one sequence. */
    @Benchmark
    public void matmulOneRow(Counts counts) {
        k.matmul(1, hidden, e, x, 0, e, 1, up, z, 0, hidden, false);
        counts.product(1, hidden, e);
    }

    /** Backward through fc1 to its input: (R, M) by (M, E) as it stands in the weights. */
    @Benchmark
    public void matmulInputGradient(Counts counts) {
        k.matmul(rows, e, hidden, y, 0, hidden, 1, weights, 0, e, 1, z, 0, e, false);
        counts.product(rows, e, hidden);
    }

    /** Backward through fc1 to its weights: (M, R) transposed by (R, E). */
    @Benchmark
    public void matmulWeightGradient(Counts counts) {
        k.matmul(hidden, e, rows, y, 0, 1, hidden, x, 0, e, 1, gradient, 0, e, false);
        counts.product(hidden, e, rows);
    }

    /** The same in eight leaves, added in a tree. */
    @Benchmark
    public void matmulByLeaves(Counts counts) {
        k.matmulByLeaves(hidden, e, leaves, y, hidden, x, e, gradient, 0, e);
        counts.product(hidden, e, rows);
    }

    /** Scores of one document and one head: (T, E / H) by packed keys. */
    @Benchmark
    public void matmulScores(Counts counts) {
        k.matmul(t, t, head, x, 0, 3 * e, 1, keys, z, 0, t, false);
        counts.product(t, t, head);
    }

    /** Gradient of the keys of one document and one head: (T, T) transposed by (T, E / H), added. */
    @Benchmark
    public void matmulKeysGradient(Counts counts) {
        k.matmul(t, head, t, y, 0, 1, t, x, 0, 3 * e, 1, anew(z, t * 3 * e), 0, 3 * e, true);
        counts.product(t, head, t);
    }

    /** The transpose of (M, E). */
    @Benchmark
    public void pack() {
        k.pack(e, hidden, weights, 0, 1, e, scratch);
    }

    /** The keys of one document and one head. */
    @Benchmark
    public void packKeys() {
        k.pack(head, t, x, e, 1, 3 * e, scratch);
    }

    /** All of one head of a document of the names, and of one of 16 positions for the other shape. */
    @Benchmark
    public void attention() {
        k.attention(x, 0, e, 2 * e, 3 * e, head, Math.min(t, Kernels.LANES), 0.2f, scores, 0, z, 0, e);
    }

    /** The same backward. */
    @Benchmark
    public void attentionBackward() {
        int length = Math.min(t, Kernels.LANES);
        k.attentionBackward(x, 0, e, 2 * e, 3 * e, head, length, 0.2f, y, 0, x, 0, e, z);
    }

    /** The last position of a document over all of it, all heads. */
    @Benchmark
    public void attend() {
        k.attend(x, 0, 4, head, 0.2f, pages, 0, t, scores, z, 0);
    }

    /** One row of logits. */
    @Benchmark
    public float sum() {
        return k.sum(logits, 0, v);
    }

    /** One row of logits. */
    @Benchmark
    public float max() {
        return k.max(logits, 0, v);
    }

    /** One row of logits. */
    @Benchmark
    public float expSum() {
        return k.expSum(anew(logits, v), 0, v, 3.0f);
    }

    /** (R, E); by a factor that keeps the values finite and that the compiler does not know. */
    @Benchmark
    public void scale() {
        k.scale(x, 0, rows * e, minusOne);
    }

    /** (R, E). */
    @Benchmark
    public void add() {
        k.add(anew(z, rows * e), 0, x, 0, rows * e);
    }

    /** (R, M). */
    @Benchmark
    public void relu() {
        k.relu(anew(x, rows * hidden), 0, rows * hidden);
    }

    /** (R, M). */
    @Benchmark
    public void reluBackward() {
        k.reluBackward(y, 0, anew(x, rows * hidden), 0, rows * hidden);
    }

    /** (R, E), row by row. */
    @Benchmark
    public void dropout() {
        for (int row = 0; row < rows; row++) {
            k.dropout(x, row * e, z, row * e, e, row * 0x9E3779B97F4A7C15L, 0.1f);
        }
    }

    /** (R, E). */
    @Benchmark
    public void normalise() {
        k.normalise(x, z, positive, rows, e);
    }

    /** (R, E). */
    @Benchmark
    public void normaliseBackward() {
        k.normaliseBackward(y, positive, x, anew(z, rows * e), rows, e);
    }

    /** All logits of a step. */
    @Benchmark
    public void softmax() {
        k.softmax(anew(logits, rows * padded), 0, padded, rows, v, 0, padded, 1.0f, sums);
    }

    /** Scores of one document and one head, each row one longer. */
    @Benchmark
    public void softmaxCausal() {
        k.softmax(anew(logits, t * t), 0, t, t, 1, 1, t, 0.2f, null);
    }

    /** The same backward. */
    @Benchmark
    public void softmaxBackward() {
        k.softmaxBackward(y, 0, anew(x, t * t), 0, t, t, 1, 1, t, 0.2f);
    }

    /** (M, E). */
    @Benchmark
    public double sumOfSquares() {
        return k.sumOfSquares(weights, 0, hidden * e);
    }

    /** (M, E). */
    @Benchmark
    public void adam() {
        Kernels.AdamStep step = new Kernels.AdamStep(1e-3f, .85f, .15f, .99f, .01f, 1e-6f, 1f, 1e-8f, 0f);
        k.adam(weights, moment1, moment2, gradient, 0, hidden * e, step);
    }
}
