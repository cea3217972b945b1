package io.microgpt.bench;

import io.microgpt.kernel.CachePage;
import io.microgpt.kernel.KernelProvider;
import io.microgpt.kernel.Kernels;
import io.microgpt.kernel.LeafTree;
import io.microgpt.kernel.Nonzeros;
import io.microgpt.kernel.PackedMatrix;
import io.microgpt.kernel.PanelKernels;
import io.microgpt.kernel.Panels;
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
    private static final int HEADS = 4;

    @Param({"vector", "scalar"})
    public String kernels;

    @Param({"names", "shakespeare"})
    public String shape;

    private Kernels k;
    private PanelKernels panels;
    private int rows; // R, of a step
    private int e;
    private int hidden; // M
    private int v;
    private int t; // positions of a document
    private int head; // width of a head

    private float[] x; // panels of (R, M), also of (R, 3E) and of (R, E)
    private float[] y; // the same
    private float[] z; // the same; takes results
    private float[] positive; // (R) factors
    private float[] perRow; // (R) takes results
    private float[] sums; // (R) takes results
    private long[] keys; // (R), or (HEADS, T)
    private float[] weights; // (M, E), also (V, E)
    private float[] gradient; // (M, E)
    private float[] gradients; // (M, E) and (E, M)
    private float[] units; // panels of (R, M), a quarter over zero
    private final Nonzeros active = new Nonzeros();
    private float[] logits; // panels of (R, V)
    private float[] changed; // as long as any other
    private float[] moment1; // (M, E)
    private float[] moment2; // (M, E)
    private float[] kept; // attention weights of a document
    private float[] scores; // (H, T padded)
    private float[][] pages; // of T positions
    private final LeafTree leaves = new LeafTree(new int[] {0, 1, -1, 2, 3, -1, -1, 4, 5, -1, 6, 7, -1, -1, -1});
    private final PackedMatrix up = new PackedMatrix(); // (M, E)
    private final PackedMatrix lmHead = new PackedMatrix(); // (V, E)
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
        head = e / HEADS;
        panels = k.panels();
        SplittableRandom random = new SplittableRandom(1);
        x = random(random, Panels.size(rows, hidden));
        y = random(random, x.length);
        z = random(random, x.length);
        positive = new float[rows];
        java.util.Arrays.fill(positive, 1.0f);
        perRow = new float[rows];
        sums = new float[rows];
        keys = random.longs(Math.max(rows, HEADS * t)).toArray();
        weights = random(random, Math.max(hidden, v) * e);
        gradient = random(random, hidden * e);
        gradients = new float[2 * hidden * e];
        units = new float[x.length];
        for (int i = 0; i < units.length; i++) {
            units[i] = (float) (random.nextDouble() - 0.75);
        }
        k.sparse().find(units, rows, hidden, active);
        logits = random(random, Panels.size(rows, v));
        kept = new float[HEADS * PanelKernels.attentionWeights(t) + Kernels.LANES * Kernels.LANES];
        changed = new float[Math.max(x.length, logits.length)];
        moment1 = new float[hidden * e];
        moment2 = new float[hidden * e];
        scores = new float[4 * Kernels.padded(t)];
        pages = new float[(t + CachePage.POSITIONS - 1) / CachePage.POSITIONS][];
        for (int page = 0; page < pages.length; page++) {
            pages[page] = random(random, CachePage.floats(1, e));
        }
        for (int leaf = 0; leaf < leaves.size(); leaf++) {
            leaves.leaf(leaf * rows / leaves.size());
            leaves.end((leaf + 1) * rows / leaves.size());
        }
        k.pack(hidden, e, weights, 0, up);
        k.pack(v, e, weights, 0, lmHead);
        panels.attention(x, e, HEADS, t, t, 0.2f, null, 0.0f, kept, 0, z);
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

    /** Forward through fc1: (M, E) by (R, E). */
    @Benchmark
    public void multiply(Counts counts) {
        panels.multiply(hidden, e, weights, 0, e, 1, x, 0, z, 0, rows, false);
        counts.product(rows, hidden, e);
    }

    /** The logits: (V, E) by (R, E), of which no height of a tile divides V. */
    @Benchmark
    public void multiplyLogits(Counts counts) {
        panels.multiply(v, e, weights, 0, e, 1, x, 0, logits, 0, rows, false);
        counts.product(rows, v, e);
    }

    /** Backward through fc1 to its input: (M, E) transposed by (R, M). */
    @Benchmark
    public void multiplyTransposed(Counts counts) {
        panels.multiply(e, hidden, weights, 0, 1, e, y, 0, z, 0, rows, false);
        counts.product(rows, e, hidden);
    }

    /** Backward through fc1 to its weights: (R, M) transposed by (R, E). */
    @Benchmark
    public void weightGradient(Counts counts) {
        panels.weightGradient(hidden, e, y, 0, x, 0, 0, rows, gradient, 0, false);
        counts.product(hidden, e, rows);
    }

    /** The same in eight leaves, added in a tree. */
    @Benchmark
    public void weightGradientByLeaves(Counts counts) {
        panels.weightGradient(hidden, e, y, x, leaves, gradient, 0);
        counts.product(hidden, e, rows);
    }

    /** A step's second document, all heads. */
    @Benchmark
    public void attention() {
        panels.attention(x, e, HEADS, t, t, 0.2f, null, 0.0f, kept, 0, z);
    }

    /** The same with dropout. */
    @Benchmark
    public void attentionDropout() {
        panels.attention(x, e, HEADS, t, t, 0.2f, keys, 0.1f, kept, 0, z);
    }

    /** The same backward, the weights kept. */
    @Benchmark
    public void attentionBackward() {
        panels.attentionBackward(x, e, HEADS, t, t, 0.2f, null, 0.0f, kept, 0, y, z);
    }

    /** The same where the weights are computed again. */
    @Benchmark
    public void attentionBackwardAnew() {
        panels.attentionBackward(x, e, HEADS, t, t, 0.2f, null, 0.0f, null, 0, y, z);
    }

    /** (R, E). */
    @Benchmark
    public void normalise() {
        panels.normalise(x, z, perRow, rows, e);
    }

    /** (R, E). */
    @Benchmark
    public void normaliseBackward() {
        panels.normaliseBackward(y, positive, x, anew(z, Panels.size(rows, e)), rows, e);
    }

    /** All logits of a step. */
    @Benchmark
    public void softmax() {
        panels.softmax(anew(logits, logits.length), rows, v, perRow, sums);
    }

    /** All logits of a step. */
    @Benchmark
    public void sums() {
        panels.sum(logits, rows, v, sums);
    }

    /** (R, E). */
    @Benchmark
    public void dropout() {
        panels.dropout(x, z, rows, e, keys, 0.1f);
    }

    /** (R, E). */
    @Benchmark
    public void toRows() {
        panels.toRows(x, rows, e, z);
    }

    /** Forward through fc1 in decoding 64 sequences: rows by the packed (M, E). */
    @Benchmark
    public void matmulManyRows(Counts counts) {
        k.matmul(64, hidden, e, x, 0, e, up, z, 0, hidden, false);
        counts.product(64, hidden, e);
    }

    /** One row by the packed (M, E), as in generating one sequence. */
    @Benchmark
    public void matmulOneRow(Counts counts) {
        k.matmul(1, hidden, e, x, 0, e, up, z, 0, hidden, false);
        counts.product(1, hidden, e);
    }

    /** The logits of 64 sequences: rows by the packed (V, E), of which no width of a register divides V. */
    @Benchmark
    public void matmulLogits(Counts counts) {
        k.matmul(64, v, e, x, 0, e, lmHead, logits, 0, v, false);
        counts.product(64, v, e);
    }

    /** (M, E). */
    @Benchmark
    public void pack() {
        k.pack(hidden, e, weights, 0, scratch);
    }

    /** The last position of a document over all of it, all heads. */
    @Benchmark
    public void attend() {
        k.attend(x, 0, HEADS, head, 0.2f, pages, 0, t, scores, z, 0);
    }

    /** 64 rows of E, one after another, as decoding has them. */
    @Benchmark
    public void normaliseRows() {
        k.normalise(x, z, perRow, 64, e);
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

    /** (R, M): which are over zero. */
    @Benchmark
    public void find() {
        k.sparse().find(units, rows, hidden, active);
    }

    /** (R, M) of which a quarter counts, with (M, E); gflops as if all did. */
    @Benchmark
    public void sparseMultiply(Counts counts) {
        k.sparse().multiply(active, units, weights, 0, e, 1, e, z, false);
        counts.product(rows, e, hidden);
    }

    /** Both gradients of an MLP, likewise. */
    @Benchmark
    public void sparseGradients(Counts counts) {
        k.sparse().gradients(active, leaves, units, units, x, y, e, gradients, 0, hidden * e, false);
        counts.product(rows, 2 * e, hidden);
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
